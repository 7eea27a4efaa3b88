/// An address of either family.
public enum IPAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    case v4(IPv4Address)
    case v6(IPv6Address)

    public init?(_ text: some StringProtocol) {
        if let address = IPv4Address(text) {
            self = .v4(address)
        } else if let address = IPv6Address(text) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    /// Takes four or sixteen octets in the order they are sent.
    public init?(octets: some Collection<UInt8>) {
        if let address = IPv4Address(octets: octets) {
            self = .v4(address)
        } else if let address = IPv6Address(octets: octets) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    public var family: AddressFamily {
        switch self {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }

    /// Whether it is of IPv6's fe80::/10, which every link has for itself.
    public var isLinkLocal: Bool {
        switch self {
        case .v4: false
        case .v6(let address): address.isLinkLocal
        }
    }

    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }

    /// The octets in the order they are sent: four or sixteen.
    public var octets: [UInt8] {
        switch self {
        case .v4(let address): address.octets
        case .v6(let address): address.octets
        }
    }

    /// The name that holds this address's PTR record, without a final dot.
    public var reverseName: String {
        switch self {
        case .v4(let address): address.reverseName
        case .v6(let address): address.reverseName
        }
    }
}

public enum AddressFamily: String, Hashable, Sendable, Codable {
    case ipv4, ipv6
}

/// A block of addresses of either family.
public enum IPSubnet: Hashable, Sendable, CustomStringConvertible {
    case v4(IPv4Subnet)
    case v6(IPv6Subnet)

    /// The block that holds `address`; nil where `prefixLength` is too long for its family.
    public init?(containing address: IPAddress, prefixLength: Int) {
        switch address {
        case .v4(let address):
            guard let subnet = IPv4Subnet(containing: address, prefixLength: prefixLength) else { return nil }
            self = .v4(subnet)
        case .v6(let address):
            guard let subnet = IPv6Subnet(containing: address, prefixLength: prefixLength) else { return nil }
            self = .v6(subnet)
        }
    }

    public func contains(_ address: IPAddress) -> Bool {
        switch (self, address) {
        case (.v4(let subnet), .v4(let address)): subnet.contains(address)
        case (.v6(let subnet), .v6(let address)): subnet.contains(address)
        default: false
        }
    }

    public func overlaps(_ other: Self) -> Bool {
        switch (self, other) {
        case (.v4(let a), .v4(let b)): a.overlaps(b)
        case (.v6(let a), .v6(let b)): a.overlaps(b)
        default: false
        }
    }

    /// The first address, all of whose host bits are zero.
    public var base: IPAddress {
        switch self {
        case .v4(let subnet): .v4(subnet.base)
        case .v6(let subnet): .v6(subnet.base)
        }
    }

    public var prefixLength: Int {
        switch self {
        case .v4(let subnet): subnet.prefixLength
        case .v6(let subnet): subnet.prefixLength
        }
    }

    public var description: String {
        switch self {
        case .v4(let subnet): subnet.description
        case .v6(let subnet): subnet.description
        }
    }
}
