extension NetworkDefinition {
    /// What vnet's own elements say, which stand in `<metadata>` in the namespace `urn:vnet:1`.
    ///
    /// Read from ``NetworkDefinition/metadata``, which alone is written: whoever changes one changes the other.
    public struct Extensions: Hashable, Sendable {
        /// Ports of the host that lead to guests, in the order of the document; no two listen at the same place.
        public var portForwards: [PortForward] = []
        /// What guests may open in other networks, one peer a network.
        public var peers: [Peer] = []
        public var hostAccess = HostAccess.all
        /// Whether a port may send only from its MAC and its leased or reserved addresses.
        public var antiSpoof = false
        /// How many Ethernet addresses of one port may have leases; nil for three quarters of what there is.
        public var leasesPerPort: Int?
        /// Whether a guest's leases end when its port is taken away.
        public var releasesOnDetach = false
        /// Kinds of DHCP clients, by name.
        public var clientClasses: [String: ClientClass] = [:]
        /// What DHCP tells clients beside what the network itself says; no two have the same family, code and clients.
        public var dhcpOptions: [DHCPOption] = []
        /// What clients start from, the first that is for them.
        public var boots: [NetworkBoot] = []
        /// The port at which files to start from are given out by HTTP too (`<vnet:httpBoot>`); nil where TFTP alone does.
        public var httpBootPort: UInt16?
        /// Blocks that guests are given prefixes of, for networks behind them; no two overlap.
        public var delegations: [ServiceConfiguration.DHCPv6.Delegation] = []
        /// Frames to link-local groups, which a bridge keeps to itself, that guests send each other.
        public var linkLocalForward: Set<LinkLocalGroup> = []

        /// Whether what guests ask of the name service is written down.
        public var logsQueries = false
        /// Names that stand for other names; no two have the same name.
        public var aliases: [ServiceConfiguration.DNS.Alias] = []
        /// What is answered about whole domains; no two are of the same domain.
        public var fixedDomains: [ServiceConfiguration.DNS.FixedDomain] = []

        public init() {}

        /// Whether something of it depends on who has which lease.
        public var followsLeases: Bool {
            antiSpoof || !delegations.isEmpty
                || portForwards.contains { if case .name = $0.guest { true } else { false } }
        }
    }
}

/// What guests may open on the host (`<vnet:hostAccess>`); answers to what the host opened always pass.
public enum HostAccess: String, Hashable, Sendable, Codable, CaseIterable {
    /// Whatever the host's own firewall lets them.
    case all
    /// DHCP, DNS, files to start from by TFTP and HTTP, and ICMP echo.
    case services
    /// Nothing but what IPv6 itself needs on a link.
    case none
}
