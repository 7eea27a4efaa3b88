public import NetworkModel

/// What the rules of a network that runs depend on beside its definition.
public struct Surroundings: Hashable, Sendable {
    /// The other networks that run.
    public var networks: [NetworkDefinition]
    /// What the network's guests have been given.
    public var leases: [Lease]
    public var ports: [Port]

    public init(networks: [NetworkDefinition] = [], leases: [Lease] = [], ports: [Port] = []) {
        self.networks = networks
        self.leases = leases
        self.ports = ports
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
