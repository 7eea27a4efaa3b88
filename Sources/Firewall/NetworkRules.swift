public import NetworkModel

/// What the firewall does for one network, as a value (DESIGN: the four modes).
public struct NetworkRules: Hashable, Sendable, Codable {
    /// Which packets may cross the bridge's border.
    public enum Policy: String, Hashable, Sendable, Codable {
        /// None.
        case isolated
        /// Out from the network's own subnets, but not to other networks, behind the host's address; in only what answers.
        case nat
        /// Out from the network's own subnets as they are; in to them from anywhere.
        case route
        /// All: vnet makes no rule, and only knows the bridge for the others' sake.
        case open
    }

    /// Queries to port 53 of `address` that arrive on the bridge go to another port of the host.
    public struct Redirect: Hashable, Sendable, Codable {
        public var address: IPAddress
        public var port: UInt16

        public init(address: IPAddress, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    public var bridge: InterfaceName
    public var policy: Policy
    public var subnets4: [IPv4Subnet]
    public var subnets6: [IPv6Subnet]
    /// The only interface that packets may leave and enter by; nil for any.
    public var device: InterfaceName?
    public var redirects: [Redirect]

    public init(
        bridge: InterfaceName, policy: Policy, subnets4: [IPv4Subnet] = [], subnets6: [IPv6Subnet] = [],
        device: InterfaceName? = nil, redirects: [Redirect] = []
    ) {
        self.bridge = bridge
        self.policy = policy
        self.subnets4 = subnets4
        self.subnets6 = subnets6
        self.device = device
        self.redirects = redirects
    }
}
