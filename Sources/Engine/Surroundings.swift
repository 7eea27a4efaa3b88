public import NetworkModel

/// What the rules of a network that runs depend on beside its definition.
public struct Surroundings: Hashable, Sendable {
    /// The other networks that run.
    public var networks: [NetworkDefinition]
    /// What the network's guests have been given.
    public var leases: [Lease]
    /// The prefixes for networks behind guests.
    public var delegations: [Delegation]
    public var ports: [Port]

    public init(
        networks: [NetworkDefinition] = [], leases: [Lease] = [], delegations: [Delegation] = [], ports: [Port] = []
    ) {
        self.networks = networks
        self.leases = leases
        self.delegations = delegations
        self.ports = ports
    }

    /// A prefix that a guest has for the network behind it.
    public struct Delegation: Hashable, Sendable {
        public var prefix: IPv6Subnet
        /// The guest's address on the link.
        public var router: IPv6Address
        public var mac: MACAddress?

        /// Nil for a lease of an address, and for one by a relay agent: the agent knows the way.
        public init?(_ lease: IPv6Lease) {
            guard lease.kind == .prefix, let router = lease.router else { return nil }
            prefix = lease.prefix
            self.router = router
            mac = lease.mac
        }
    }

    /// A guest's place on the network.
    public struct Port: Hashable, Sendable {
        public var tap: InterfaceName
        /// The guest's own.
        public var mac: MACAddress

        public init(tap: InterfaceName, mac: MACAddress) {
            self.tap = tap
            self.mac = mac
        }
    }
}

extension NetworkDefinition {
    /// Whether the one's guests may open connections to the other's.
    public func isPeer(of other: Self) -> Bool {
        extensions.peers.contains { $0.network == other.name } || other.extensions.peers.contains { $0.network == name }
    }
}
