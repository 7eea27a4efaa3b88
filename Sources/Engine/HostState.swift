public import Firewall
public import Netlink
public import NetworkModel

/// What of the host belongs to some networks: the same type for what is there and for what is wanted.
///
/// The kernel is not asked for firewall rules: whoever observes adds those that stand.
public struct HostState: Hashable, Sendable {
    public var bridges: [InterfaceName: BridgeState]
    public var taps: [InterfaceName: TapState]
    public var sysctls: [Sysctl: String]
    /// By bridge.
    public var rules: [InterfaceName: NetworkRules]
    /// By device: what limits how fast frames leave it.
    public var shapers: [InterfaceName: Shaper]
    /// Devices through which what arrives on others is led, to be limited there.
    public var detours: [InterfaceName: DetourState]

    public init(
        bridges: [InterfaceName: BridgeState] = [:], taps: [InterfaceName: TapState] = [:],
        sysctls: [Sysctl: String] = [:], rules: [InterfaceName: NetworkRules] = [:],
        shapers: [InterfaceName: Shaper] = [:], detours: [InterfaceName: DetourState] = [:]
    ) {
        self.bridges = bridges
        self.taps = taps
        self.sysctls = sysctls
        self.rules = rules
        self.shapers = shapers
        self.detours = detours
    }
}

extension HostState {
    /// Makes the size that the wish leaves to the kernel this one, in octets.
    public mutating func setMissingMTU(to size: UInt32) {
        for (name, bridge) in bridges where bridge.mtu == nil { bridges[name]?.mtu = size }
        for (name, tap) in taps where tap.mtu == nil { taps[name]?.mtu = size }
    }

    /// All that either names, as a wish that says what to look at.
    public func merging(_ other: Self) -> Self {
        Self(
            bridges: bridges.merging(other.bridges) { first, second in
                var both = first
                both.routes.formUnion(second.routes)
                return both
            },
            taps: taps.merging(other.taps) { first, _ in first },
            sysctls: sysctls.merging(other.sysctls) { first, _ in first },
            shapers: shapers.merging(other.shapers) { first, _ in first },
            detours: detours.merging(other.detours) { first, _ in first }
        )
    }
}

/// A bridge of ours.
public struct BridgeState: Hashable, Sendable {
    public var mac: MACAddress
    /// In octets; nil in a wish leaves the kernel's choice, and an observation always has it.
    public var mtu: UInt32?
    public var settings: Link.Bridge
    /// The mark that says whose it is: ``Ownership``.
    public var alias: String?
    public var addresses: Set<InterfaceAddress>
    /// Static routes by gateways on it, which end with it.
    public var routes: Set<GatewayRoute>
    public var isUp: Bool

    public init(
        mac: MACAddress, mtu: UInt32?, settings: Link.Bridge, alias: String?, addresses: Set<InterfaceAddress>,
        routes: Set<GatewayRoute> = [], isUp: Bool
    ) {
        self.mac = mac
        self.mtu = mtu
        self.settings = settings
        self.alias = alias
        self.addresses = addresses
        self.routes = routes
        self.isUp = isUp
    }
}

/// A guest's tap, which exists already: a plan makes none, since who may open it is no state that can be seen.
public struct TapState: Hashable, Sendable {
    public var mac: MACAddress
    public var mtu: UInt32?
    public var alias: String?
    public var master: InterfaceName?
    public var isUp: Bool
    /// Whether it exchanges no frames with other isolated ports; false wherever it has no bridge.
    public var isIsolated: Bool
    /// What its bridge does about the addresses behind it; ``PortAddresses/learned`` where it has none.
    public var addresses: PortAddresses
    /// Its VLANs on a bridge that keeps them apart; nil where it does not, and in a wish for what it is in anyway.
    public var vlans: PortVLANs?
    /// Which frames to link-local groups it hands on, as `Link.Bridge.groupForward`; none wherever it has no bridge.
    public var groupForward: UInt16

    public init(
        mac: MACAddress, mtu: UInt32?, alias: String?, master: InterfaceName?, isUp: Bool, isIsolated: Bool = false,
        addresses: PortAddresses = .learned, vlans: PortVLANs? = nil, groupForward: UInt16 = 0
    ) {
        self.addresses = addresses
        self.vlans = vlans
        self.mac = mac
        self.mtu = mtu
        self.alias = alias
        self.master = master
        self.isUp = isUp
        self.isIsolated = isIsolated
        self.groupForward = groupForward
    }
}

/// A setting of the kernel's network stack, below `/proc/sys/net`.
public struct Sysctl: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// As `sysctl` writes it, with `/` as the separator so that a dot in an interface's name is no riddle.
    public let description: String

    private init(path: String) { description = path }

    public static let ipv4Forwarding = Self(path: "net/ipv4/ip_forward")
    public static let ipv6Forwarding = Self(path: "net/ipv6/conf/all/forwarding")
    public static func disableIPv6(_ name: InterfaceName) -> Self { Self(path: "net/ipv6/conf/\(name)/disable_ipv6") }
    /// Whether packets from and to the host's loopback addresses may go by the interface: "1" for yes.
    public static func routeLoopback(_ name: InterfaceName) -> Self {
        Self(path: "net/ipv4/conf/\(name)/route_localnet")
    }
    /// Whether an address takes its subnet's other addresses with it when it goes: "1" for no.
    public static func promoteSecondaries(_ name: InterfaceName) -> Self {
        Self(path: "net/ipv4/conf/\(name)/promote_secondaries")
    }
    /// Whether neighbours are told of the interface's new Ethernet address: "1" for yes.
    public static func notifyNeighbours4(_ name: InterfaceName) -> Self {
        Self(path: "net/ipv4/conf/\(name)/arp_notify")
    }
    public static func notifyNeighbours6(_ name: InterfaceName) -> Self {
        Self(path: "net/ipv6/conf/\(name)/ndisc_notify")
    }
    public static func acceptRouterAdvertisements(_ name: InterfaceName) -> Self {
        Self(path: "net/ipv6/conf/\(name)/accept_ra")
    }
    public static func autoconfigure(_ name: InterfaceName) -> Self { Self(path: "net/ipv6/conf/\(name)/autoconf") }
    /// Whether IPv4 packets that arrive by the interface are forwarded: "1" for yes.
    public static func forwarding4(_ name: InterfaceName) -> Self { Self(path: "net/ipv4/conf/\(name)/forwarding") }
    /// Which packets are dropped for their source: "1" those that would not be answered by the interface they came by, "2"
    /// those that would not be answered by any, "0" none; the larger of this and ``reversePathFilterOfAll`` counts.
    public static func reversePathFilter(_ name: InterfaceName) -> Self {
        Self(path: "net/ipv4/conf/\(name)/rp_filter")
    }
    public static let reversePathFilterOfAll = Self(path: "net/ipv4/conf/all/rp_filter")
    /// How many connections the kernel follows, and how many it may.
    public static let connections = Self(path: "net/netfilter/nf_conntrack_count")
    public static let mostConnections = Self(path: "net/netfilter/nf_conntrack_max")
    /// Whether frames that a bridge forwards come by the chains for packets: "1" for yes.
    public static let bridgedPackets4 = Self(path: "net/bridge/bridge-nf-call-iptables")
    public static let bridgedPackets6 = Self(path: "net/bridge/bridge-nf-call-ip6tables")

    /// Whether it says what an interface does about router advertisements.
    public var isOfAdvertisements: Bool { description.hasSuffix("/accept_ra") }

    /// Whether it is one of this interface, and so ends with it.
    public func belongs(to name: InterfaceName) -> Bool { description.contains("/conf/\(name)/") }

    /// The setting that `text`, a former ``description``, names; nil for one that vnet never changes.
    public init?(_ text: String) {
        let isOurs =
            text == Self.ipv4Forwarding.description || text == Self.ipv6Forwarding.description
            || text.hasPrefix("net/ipv6/conf/") && text.hasSuffix("/accept_ra") && !text.contains("..")
            || text.hasPrefix("net/ipv4/conf/") && (text.hasSuffix("/rp_filter") || text.hasSuffix("/forwarding"))
                && !text.contains("..")
        guard isOurs else { return nil }
        description = text
    }

    public static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}

/// How the kernel tells whose a link is: its alias.
public enum Ownership {
    public static func alias(ofBridgeOf network: NetworkUUID) -> String { "vnet:\(network)" }
    /// The network whose port has this alias; nil where it is none of a port.
    public static func network(ofPortWithAlias alias: String) -> NetworkUUID? {
        let parts = alias.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0] == "vnet" ? NetworkUUID(parts[1]) : nil
    }
    public static func alias(ofPort port: String, of network: NetworkUUID) -> String { "vnet:\(network):\(port)" }
}
