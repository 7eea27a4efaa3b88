/// A lease of either family.
public enum AnyLease: Hashable, Sendable, Codable {
    case v4(Lease)
    case v6(IPv6Lease)

    /// What is leased: one address, or a prefix.
    public var subnet: IPSubnet {
        switch self {
        case .v4(let lease): .v4(IPv4Subnet(lease.address))
        case .v6(let lease): .v6(lease.prefix)
        }
    }

    public var mac: MACAddress? {
        switch self {
        case .v4(let lease): lease.mac
        case .v6(let lease): lease.mac
        }
    }

    public var hostName: String? {
        switch self {
        case .v4(let lease): lease.hostName
        case .v6(let lease): lease.hostName
        }
    }

    /// Whether nothing differs but how long it lasts.
    public func isExtension(of other: Self) -> Bool {
        subnet == other.subnet && mac == other.mac && hostName == other.hostName
    }
}
