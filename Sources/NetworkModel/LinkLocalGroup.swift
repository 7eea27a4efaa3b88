/// A group address that a bridge does not forward by itself, as those who use it know it: 01-80-C2-00-00-00 to -0F (IEEE
/// 802.1Q-2022, section 8.6.3).
public enum LinkLocalGroup: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    /// Spanning tree.
    case stp
    /// Link aggregation and the other slow protocols.
    case lacp
    /// Authentication at a port, IEEE 802.1X.
    case eapol
    /// Spanning tree and registration between the bridges of a provider.
    case providerSTP = "provider-stp"
    case providerMVRP = "provider-mvrp"
    /// Neighbour discovery, IEEE 802.1AB.
    case lldp

    /// The last octet of the group's address, 0 to 15.
    public var lastOctet: Int {
        switch self {
        case .stp: 0x00
        case .lacp: 0x02
        case .eapol: 0x03
        case .providerSTP: 0x08
        case .providerMVRP: 0x0D
        case .lldp: 0x0E
        }
    }

    /// Whether the kernel lets only a port hand frames to it on, and not a bridge as a whole (net/bridge/br_private.h,
    /// `BR_GROUPFWD_RESTRICTED`).
    fileprivate var isPortsAlone: Bool { lastOctet <= 2 }

    public static func < (a: Self, b: Self) -> Bool { a.lastOctet < b.lastOctet }
}

extension Set<LinkLocalGroup> {
    /// The groups as a bit each, the lowest for 01-80-C2-00-00-00.
    public var portMask: UInt16 { reduce(0) { $0 | 1 << UInt16($1.lastOctet) } }
    /// As `portMask`, of those that a bridge as a whole may forward.
    public var bridgeMask: UInt16 { filter { !$0.isPortsAlone }.portMask }
}
