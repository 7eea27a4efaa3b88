public import NetworkModel
public import Wire

/// The options of a DHCPv6 message, or of another option, in the order they stand there (RFC 8415, section 21.1).
///
/// Unlike in DHCPv4 there may be several of one code, each whole.
public struct DHCPv6Options: Hashable, Sendable {
    private var entries: [Entry] = []

    private struct Entry: Hashable, Sendable {
        var code: Code
        var value: [UInt8]
    }

    public init() {}

    /// Reads options to the end of `reader`.
    public init(reading reader: inout WireReader) throws(WireError) {
        while !reader.isAtEnd {
            let code = Code(rawValue: try reader.u16())
            let length = Int(try reader.u16())
            entries.append(Entry(code: code, value: try reader.bytes(length)))
        }
    }

    public func write(to writer: inout WireWriter) {
        for entry in entries {
            writer.u16(entry.code.rawValue)
            writer.lengthPrefixed { $0.raw(entry.value) }
        }
    }

    /// The first option of the code.
    public subscript(code: Code) -> [UInt8]? { entries.first { $0.code == code }?.value }

    public func all(_ code: Code) -> [[UInt8]] { entries.lazy.filter { $0.code == code }.map(\.value) }

    public func contains(_ code: Code) -> Bool { entries.contains { $0.code == code } }

    func without(_ code: Code) -> Self {
        var rest = self
        rest.entries.removeAll { $0.code == code }
        return rest
    }

    public mutating func append(_ code: Code, _ value: [UInt8] = []) {
        entries.append(Entry(code: code, value: value))
    }

    /// Appends an option whose content is what `write` writes, at most 65,535 octets.
    public mutating func append(_ code: Code, _ write: (inout WireWriter) -> Void) {
        var writer = WireWriter()
        write(&writer)
        append(code, writer.bytes)
    }

    public mutating func append(_ code: Code, _ addresses: [IPv6Address]) {
        append(code, addresses.flatMap(\.octets))
    }

    /// What the client asks for (RFC 8415, section 21.7); nil where it does not say.
    public var requested: Set<Code>? {
        guard let octets = self[.optionRequest], octets.count.isMultiple(of: 2) else { return nil }
        return Set(
            stride(from: 0, to: octets.count, by: 2).map {
                Code(rawValue: UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]))
            })
    }

    /// What the options say about the whole message or association; success where they say nothing.
    public var status: DHCPv6Status {
        guard let octets = self[.status], octets.count >= 2 else { return .success }
        return DHCPv6Status(rawValue: UInt16(octets[0]) << 8 | UInt16(octets[1]))
    }

    public mutating func append(_ status: DHCPv6Status) {
        append(.status) { writer in
            writer.u16(status.rawValue)
            writer.raw(status.words.utf8)
        }
    }
}

/// How a request went (RFC 8415, section 21.13).
public struct DHCPv6Status: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let success = Self(rawValue: 0)
    public static let noAddressesAvailable = Self(rawValue: 2)
    public static let noBinding = Self(rawValue: 3)
    public static let notOnLink = Self(rawValue: 4)
    public static let useMulticast = Self(rawValue: 5)
    public static let noPrefixAvailable = Self(rawValue: 6)

    /// For a person who reads the client's log.
    var words: String {
        switch self {
        case .noAddressesAvailable: "no address is free"
        case .noBinding: "client does not hold this"
        case .notOnLink: "address is of another subnet"
        case .useMulticast: "send to ff02::1:2"
        case .noPrefixAvailable: "no prefix is free"
        default: ""
        }
    }
}
