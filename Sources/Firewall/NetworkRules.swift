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

    /// How source addresses are translated under the policy `nat`.
    public struct SourceNAT: Hashable, Sendable, Codable {
        /// The addresses of the host's that guests appear under; nil for the one that the packet leaves by.
        public var addresses: ClosedPair<IPv4Address>?
        /// The ports that TCP and UDP get.
        ///
        /// From 1024 on as a rule: a server that trusts lower ones must not be fooled by a guest.
        public var ports: ClosedPair<UInt16>
        /// Whether IPv6 is translated too; else its guests are routed as they are.
        public var translatesIPv6: Bool

        public init(
            addresses: ClosedPair<IPv4Address>? = nil, ports: ClosedPair<UInt16> = .init(1_024, 65_535),
            translatesIPv6: Bool = false
        ) {
            self.addresses = addresses
            self.ports = ports
            self.translatesIPv6 = translatesIPv6
        }
    }

    /// The first and the last of a range, which nft writes with a dash between.
    public struct ClosedPair<Bound: Hashable & Sendable & Codable & CustomStringConvertible>:
        Hashable, Sendable, Codable, CustomStringConvertible
    {
        public var first: Bound
        public var last: Bound

        public init(_ first: Bound, _ last: Bound) {
            self.first = first
            self.last = last
        }

        public var description: String { first == last ? "\(first)" : "\(first)-\(last)" }
    }

    /// What is too fast is dropped.
    ///
    /// A queue would be kinder. But what arrives on a bridge can wait only on its way through another device, and where
    /// `br_netfilter` is at work the kernel then forgets the packet's connection (tcf_mirred_to_dev, net/sched/act_mirred.c)
    /// and looks for none again (ip_sabotage_in, net/bridge/br_netfilter_hooks.c): nothing is translated any more.
    public struct SendingLimit: Hashable, Sendable, Codable {
        /// In kilobytes, of 1,000 octets, per second.
        public var rate: UInt64
        /// In kilobytes: what may pass at once.
        public var burst: UInt64

        public init(rate: UInt64, burst: UInt64) {
            self.rate = rate
            self.burst = burst
        }
    }

    public var bridge: InterfaceName
    public var policy: Policy
    public var subnets4: [IPv4Subnet]
    public var subnets6: [IPv6Subnet]
    /// Those of ``subnets6`` that are not of the link but behind guests, which have been given parts of them.
    public var delegated6: [IPv6Subnet] = []
    /// The only interface that packets may leave and enter by; nil for any.
    public var device: InterfaceName?
    public var redirects: [Redirect]
    public var sourceNAT: SourceNAT
    /// The bridge's own addresses, among them the one that it gives itself on its link.
    public var addresses: [IPAddress] = []
    public var forwards: [Forward] = []
    /// No two with the same bridge.
    public var neighbours: [Neighbour] = []
    public var hostAccess = HostAccess.all
    /// The port at which files are given out by HTTP; nil where none are.
    public var httpPort: UInt16?
    /// No two with the same tap.
    public var guards: [Guard] = []
    /// How fast guests may send to the host and through it; nil for as fast as they can.
    public var sendingLimit: SendingLimit?

    public init(
        bridge: InterfaceName, policy: Policy, subnets4: [IPv4Subnet] = [], subnets6: [IPv6Subnet] = [],
        device: InterfaceName? = nil, redirects: [Redirect] = [], sourceNAT: SourceNAT = SourceNAT()
    ) {
        self.bridge = bridge
        self.policy = policy
        self.subnets4 = subnets4
        self.subnets6 = subnets6
        self.device = device
        self.redirects = redirects
        self.sourceNAT = sourceNAT
    }
}
