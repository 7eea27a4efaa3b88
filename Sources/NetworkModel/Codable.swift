// Values cross process borders as their text, which a person can read in a file and on the control socket.

/// A value whose text form is exact: parsing what `description` prints gives the value again.
protocol TextCodable: Codable, CustomStringConvertible {
    init?(text: String)
}

extension TextCodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a \(Self.self): '\(text)'")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension IPv4Address: TextCodable { init?(text: String) { self.init(text) } }
extension IPv6Address: TextCodable { init?(text: String) { self.init(text) } }
extension IPAddress: TextCodable { init?(text: String) { self.init(text) } }
extension MACAddress: TextCodable { init?(text: String) { self.init(text) } }
extension NetworkUUID: TextCodable { init?(text: String) { self.init(text) } }
extension InterfaceName: TextCodable { init?(text: String) { self.init(text) } }

extension IPv4Subnet: TextCodable {
    init?(text: String) {
        guard case .v4(let subnet)? = IPSubnet(text: text) else { return nil }
        self = subnet
    }
}

extension IPv6Subnet: TextCodable {
    init?(text: String) {
        guard case .v6(let subnet)? = IPSubnet(text: text) else { return nil }
        self = subnet
    }
}

extension IPSubnet: TextCodable {
    init?(text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(parts[0]), let length = Int(parts[1]) else { return nil }
        self.init(containing: address, prefixLength: length)
    }
}
