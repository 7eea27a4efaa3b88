public import NetworkModel

// In tests an address is written as text, and a typing mistake stops the run.

extension IPv4Address: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard let address = Self(text) else { preconditionFailure("not an IPv4 address: \(text)") }
        self = address
    }
}

extension IPv4Subnet: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let base = IPv4Address(parts[0]), let length = Int(parts[1]),
            let subnet = Self(containing: base, prefixLength: length)
        else { preconditionFailure("not an IPv4 subnet: \(text)") }
        self = subnet
    }
}

extension InterfaceName: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard let name = Self(text) else { preconditionFailure("not an interface name: \(text)") }
        self = name
    }
}

extension IPv6Address: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard let address = Self(text) else { preconditionFailure("not an IPv6 address: \(text)") }
        self = address
    }
}

extension IPv6Subnet: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard case .v6(let subnet) = IPSubnet(stringLiteral: text) else { preconditionFailure("not IPv6: \(text)") }
        self = subnet
    }
}

extension IPAddress: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard let address = Self(text) else { preconditionFailure("not an address: \(text)") }
        self = address
    }
}

extension IPSubnet: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let base = IPAddress(parts[0]), let length = Int(parts[1]),
            let subnet = Self(containing: base, prefixLength: length)
        else { preconditionFailure("not a subnet: \(text)") }
        self = subnet
    }
}

extension MACAddress: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard let address = Self(text) else { preconditionFailure("not a MAC address: \(text)") }
        self = address
    }
}

extension NetworkUUID: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard let uuid = Self(text) else { preconditionFailure("not a UUID: \(text)") }
        self = uuid
    }
}
