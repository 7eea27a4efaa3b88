public import Firewall
public import Netlink
public import NetworkModel

/// One change to the kernel, with the `ip`, `tc`, `nft` or `sysctl` command that would do the same as its text.
public enum Step: Hashable, Sendable, CustomStringConvertible {
    case addBridge(InterfaceName, BridgeState)
    case set(InterfaceName, LinkDifference)
    case addAddress(InterfaceAddress, InterfaceName)
    case removeAddress(InterfaceAddress, InterfaceName)
    case setBridge(InterfaceName, Link.Bridge)
    case addRoute(GatewayRoute, InterfaceName)
    case removeRoute(GatewayRoute, InterfaceName)
    case setIsolated(InterfaceName, Bool)
    case setAddresses(behind: InterfaceName, from: PortAddresses, to: PortAddresses)
    case setVLANs(InterfaceName, from: PortVLANs, to: PortVLANs)
    case addIntermediate(InterfaceName)
    /// Nil for none.
    case setShaper(InterfaceName, from: Shaper?, to: Shaper?)
    /// What arrives on the first device goes through the second from now on.
    case redirect(InterfaceName, to: InterfaceName)
    case endRedirection(InterfaceName)
    case setGroupForward(InterfaceName, UInt16)
    case setSysctl(Sysctl, String)
    case installRules(NetworkRules)
    /// The first become the second, without a moment between.
    case replaceRules(NetworkRules, NetworkRules)
    case removeRules(NetworkRules)
    case removeLink(InterfaceName)

    /// What of a link is not as it should be; nil where it is.
    public struct LinkDifference: Hashable, Sendable {
        public var isUp: Bool?
        public var alias: String?
        public var mac: MACAddress?
        public var mtu: UInt32?
        /// The bridge to be a port of; `.some(nil)` for none.
        public var master: InterfaceName??

        public init(
            isUp: Bool? = nil, alias: String? = nil, mac: MACAddress? = nil, mtu: UInt32? = nil,
            master: InterfaceName?? = nil
        ) {
            self.isUp = isUp
            self.alias = alias
            self.mac = mac
            self.mtu = mtu
            self.master = master
        }

        var isEmpty: Bool { self == Self() }
    }

    public var description: String {
        switch self {
        case .addBridge(let name, let bridge):
            "ip link add \(name) address \(bridge.mac)"
                + Self.words(bridge.settings)
        case .set(let name, let difference): "ip link set \(name)\(difference.words)"
        case .addAddress(let address, let name): "ip addr add \(address) dev \(name)"
        case .removeAddress(let address, let name): "ip addr del \(address) dev \(name)"
        case .setBridge(let name, let settings): "ip link set \(name)\(Self.words(settings))"
        case .addRoute(let route, let name): "ip route add \(route) dev \(name) proto static"
        case .removeRoute(let route, let name): "ip route del \(route) dev \(name) proto static"
        case .setIsolated(let name, let isolated): "bridge link set dev \(name) isolated \(isolated ? "on" : "off")"
        case .setAddresses(let name, let old, let new): Self.commands(name, old, new).joined(separator: "\n")
        case .setVLANs(let name, let old, let new): new.commands(on: name, from: old).joined(separator: "\n")
        case .addIntermediate(let name): "ip link add \(name) type ifb"
        case .setShaper(let name, let old, let new):
            (new?.commands(on: name, from: old) ?? [Shaper.removal(from: name)]).joined(separator: "\n")
        case .redirect(let name, let target):
            """
            tc qdisc add dev \(name) ingress
            tc filter add dev \(name) ingress protocol all prio 2 u32 match u32 0 0 action mirred egress redirect dev \(target)
            """
        case .endRedirection(let name): "tc qdisc del dev \(name) ingress"
        case .setGroupForward(let name, let mask):
            "ip link set \(name) type bridge_slave group_fwd_mask 0x\(String(mask, radix: 16))"
        case .setSysctl(let sysctl, let value): "sysctl \(sysctl)=\(value)"
        case .installRules(let rules): Self.nft(rules.installation)
        case .replaceRules(let old, let new): Self.nft(new.replacement(of: old))
        case .removeRules(let rules): Self.nft(rules.removal)
        case .removeLink(let name): "ip link del \(name)"
        }
    }

    private static func commands(_ name: InterfaceName, _ old: PortAddresses, _ new: PortAddresses) -> [String] {
        switch (old, new) {
        case (_, .fixed(let address)):
            [
                "bridge fdb replace \(address) dev \(name) master static",
                "bridge link set dev \(name) learning off flood off",
            ]
        case (.fixed(let address), _):
            [
                "bridge fdb del \(address) dev \(name) master static",
                "bridge link set dev \(name) learning on flood on",
            ]
        default: ["bridge link set dev \(name) learning on flood on"]
        }
    }

    private static func words(_ settings: Link.Bridge) -> String {
        " type bridge forward_delay \(settings.forwardDelay) stp_state \(settings.stp ? 1 : 0)"
            + (settings.groupForward == 0 ? "" : " group_fwd_mask 0x\(String(settings.groupForward, radix: 16))")
    }

    private static func nft(_ text: String) -> String {
        text.split(separator: "\n").map { "nft \($0)" }.joined(separator: "\n")
    }
}

extension Step.LinkDifference {
    fileprivate var words: String {
        var words = ""
        if let alias { words += " alias \(alias)" }
        if let mac { words += " address \(mac)" }
        if let mtu { words += " mtu \(mtu)" }
        if let master { words += master.map { " master \($0)" } ?? " nomaster" }
        if let isUp { words += isUp ? " up" : " down" }
        return words
    }
}

/// The steps that turn `observed` into `desired`.
///
/// What stays is never without its gateway, its rules or its port: rules stand before a bridge is up, new addresses come
/// before old ones go, and rules go last. Forwarding is switched on when all rules stand. Applying a plan and planning again
/// gives an empty plan.
public struct Plan: Hashable, Sendable, CustomStringConvertible {
    public let steps: [Step]

    public var description: String { steps.map(\.description).joined(separator: "\n") }

    public init(steps: [Step]) { self.steps = steps }

    public init(from observed: HostState, to desired: HostState) {
        // A bridge that takes another's place needs its subnets and routes: then the other goes first.
        let isReplacing = desired.bridges.keys.contains { observed.bridges[$0] == nil }
        let (first, last) =
            isReplacing
            ? (Self.bridgeRemovals(observed, desired), []) : ([], Self.bridgeRemovals(observed, desired))
        steps =
            first
            + Self.bridges(observed, desired)
            + Self.rules(observed, desired)
            + Self.addresses(observed, desired)
            + Self.traffic(observed, desired)
            + Self.taps(observed, desired)
            + Self.forwarding(observed, desired)
            + Self.endOfTraffic(observed, desired)
            + observed.taps.keys.filter { desired.taps[$0] == nil }.sorted().map { .removeLink($0) }
            + last
            + observed.detours.keys.filter { desired.detours[$0] == nil }.sorted().map { .removeLink($0) }
    }

    /// New bridges and what is to change on those that are there, all still down where they are new.
    private static func bridges(_ observed: HostState, _ desired: HostState) -> [Step] {
        var steps: [Step] = []
        for (name, want) in desired.bridges.sorted(by: { $0.key < $1.key }) {
            if let have = observed.bridges[name] {
                let difference = Step.LinkDifference(
                    alias: want.alias == have.alias ? nil : want.alias,
                    mac: want.mac == have.mac ? nil : want.mac,
                    mtu: want.mtu == nil || want.mtu == have.mtu ? nil : want.mtu
                )
                if !difference.isEmpty { steps.append(.set(name, difference)) }
                if want.settings != have.settings { steps.append(.setBridge(name, want.settings)) }
            } else {
                steps.append(.addBridge(name, want))
                // The MTU in a message of its own: a bridge follows its ports' MTU unless its own was changed once.
                let rest = Step.LinkDifference(alias: want.alias, mtu: want.mtu)
                if !rest.isEmpty { steps.append(.set(name, rest)) }
            }
            steps += sysctls(of: name, observed, desired)
        }
        return steps
    }

    /// Settings of one bridge, which exist only while it does.
    private static func sysctls(of name: InterfaceName, _ observed: HostState, _ desired: HostState) -> [Step] {
        desired.sysctls.sorted { $0.key < $1.key }
            .filter { $0.key.belongs(to: name) && observed.sysctls[$0.key] != $0.value }
            .map { .setSysctl($0.key, $0.value) }
    }

    private static func rules(_ observed: HostState, _ desired: HostState) -> [Step] {
        desired.rules.sorted { $0.key < $1.key }.flatMap { name, want -> [Step] in
            let have = observed.rules[name]
            if have == want { return [] }
            return [have.map { .replaceRules($0, want) } ?? .installRules(want)]
        }
    }

    private static func addresses(_ observed: HostState, _ desired: HostState) -> [Step] {
        var steps: [Step] = []
        for (name, want) in desired.bridges.sorted(by: { $0.key < $1.key }) {
            let have = observed.bridges[name]
            steps += want.addresses.subtracting(have?.addresses ?? []).sorted().map { .addAddress($0, name) }
            if want.isUp, have?.isUp != true { steps.append(.set(name, .init(isUp: true))) }
            // A gateway can be reached only on a bridge that is up and has its address.
            steps += want.routes.subtracting(have?.routes ?? []).sorted().map { .addRoute($0, name) }
            steps += (have?.routes ?? []).subtracting(want.routes).sorted().map { .removeRoute($0, name) }
            steps += (have?.addresses ?? []).subtracting(want.addresses).sorted().map { .removeAddress($0, name) }
        }
        return steps
    }

    private static func taps(_ observed: HostState, _ desired: HostState) -> [Step] {
        desired.taps.sorted { $0.key < $1.key }.flatMap { name, want -> [Step] in
            // A tap that is gone cannot be made again under its guest: it needs a new attach.
            guard let have = observed.taps[name] else { return [] }
            let difference = Step.LinkDifference(
                isUp: want.isUp == have.isUp ? nil : want.isUp,
                alias: want.alias == have.alias ? nil : want.alias,
                mac: want.mac == have.mac ? nil : want.mac,
                mtu: want.mtu == nil || want.mtu == have.mtu ? nil : want.mtu,
                master: want.master == have.master ? nil : .some(want.master)
            )
            let steps = difference.isEmpty ? [] : [Step.set(name, difference)]
            // A port forgets all that follows with its bridge, so it is set again whenever it gets one.
            guard want.master != nil else { return steps }
            return steps + Self.port(name, want.master == have.master ? have : have.unplugged, want)
        }
    }

    private static func port(_ name: InterfaceName, _ have: TapState, _ want: TapState) -> [Step] {
        var steps: [Step] = []
        if want.isIsolated != have.isIsolated { steps.append(.setIsolated(name, want.isIsolated)) }
        if want.groupForward != have.groupForward { steps.append(.setGroupForward(name, want.groupForward)) }
        if want.addresses != have.addresses {
            steps.append(.setAddresses(behind: name, from: have.addresses, to: want.addresses))
        }
        if let vlans = want.vlans, vlans != have.vlans ?? .initial {
            steps.append(.setVLANs(name, from: have.vlans ?? .initial, to: vlans))
        }
        return steps
    }

    private static func forwarding(_ observed: HostState, _ desired: HostState) -> [Step] {
        // Interfaces that take router advertisements first: forwarding would make them forget the host's own routes.
        desired.sysctls
            .filter { want in
                observed.sysctls[want.key] != want.value && !desired.bridges.keys.contains { want.key.belongs(to: $0) }
            }
            .sorted { ($0.key.isForwarding ? 1 : 0, $0.key) < ($1.key.isForwarding ? 1 : 0, $1.key) }
            .map { .setSysctl($0.key, $0.value) }
    }

    private static func bridgeRemovals(_ observed: HostState, _ desired: HostState) -> [Step] {
        let bridges = observed.bridges.keys.filter { desired.bridges[$0] == nil }.sorted()
        let rules = observed.rules.filter { desired.rules[$0.key] == nil }
            .sorted { $0.key < $1.key }.map { Step.removeRules($0.value) }
        // Rules last, so that no packet crosses a bridge that has none.
        return bridges.map { .removeLink($0) } + rules
    }
}

extension TapState {
    /// As it is the moment after it has left its bridge.
    fileprivate var unplugged: Self {
        TapState(mac: mac, mtu: mtu, alias: alias, master: nil, isUp: isUp)
    }
}

extension Sysctl {
    fileprivate var isForwarding: Bool { self == .ipv4Forwarding || self == .ipv6Forwarding }
}
