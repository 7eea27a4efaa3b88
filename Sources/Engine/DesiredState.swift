public import Firewall
internal import Netlink
public import NetworkModel

extension HostState {
    /// What the kernel should hold while `definition` runs; a definition that lacks what it gets when it is defined is refused.
    ///
    /// `redirects` are for DNS addresses whose port 53 somebody else holds. `advertised` are the interfaces that take their
    /// routes from router advertisements, and are to go on doing so. Without `surroundings` the network is alone and empty.
    public init(
        running definition: NetworkDefinition, redirects: [NetworkRules.Redirect], advertised: [InterfaceName],
        surroundings: Surroundings = Surroundings()
    ) throws(EngineError) {
        self.init()
        if let name = definition.bridge.name.flatMap({ InterfaceName($0) }) {
            var limits = TrafficLimits(definition.bandwidth)
            // The network's rules keep it.
            if definition.hasOwnBridge { limits.arriving = nil }
            limit(name, to: limits, alias: Ownership.alias(ofBridgeOf: definition.uuid))
        }
        // Of what the host has already, a network changes nothing but how fast its bridge is.
        guard definition.hasOwnBridge else { return }
        guard let name = definition.bridge.name.flatMap({ InterfaceName($0) }), let mac = definition.mac else {
            throw EngineError("network '\(definition.name)' has no bridge name or MAC address: define it again")
        }
        let addresses = definition.ips.compactMap { ip in
            ip.subnet.map { InterfaceAddress(ip.address, prefixLength: $0.prefixLength) }
        }
        let has4 = addresses.contains { $0.address.family == .ipv4 }
        let has6 = addresses.contains { $0.address.family == .ipv6 }
        bridges[name] = BridgeState(
            mac: mac,
            mtu: definition.mtu,
            settings: .init(
                stp: definition.bridge.stp,
                forwardDelay: Self.forwardDelay(of: definition.bridge),
                groupForward: definition.extensions.linkLocalForward.bridgeMask),
            alias: Ownership.alias(ofBridgeOf: definition.uuid),
            addresses: Set(addresses),
            routes: Set(definition.routes.compactMap { GatewayRoute($0) }),
            isUp: true
        )
        rules[name] = NetworkRules(
            of: definition, bridge: name, redirects: redirects, surroundings: surroundings)

        if has4 {
            sysctls[.routeLoopback(name)] = definition.forwardsLoopback ? "1" : "0"
            sysctls[.promoteSecondaries(name)] = "1"
            sysctls[.notifyNeighbours4(name)] = "1"
        }
        if has6 { sysctls[.notifyNeighbours6(name)] = "1" }
        sysctls[.disableIPv6(name)] = has6 ? "0" : "1"
        sysctls[.acceptRouterAdvertisements(name)] = "0"
        sysctls[.autoconfigure(name)] = "0"
        guard definition.forwardsPackets else { return }
        if has4 { sysctls[.ipv4Forwarding] = "1" }
        if has6 {
            sysctls[.ipv6Forwarding] = "1"
            for interface in advertised where interface != name {
                sysctls[.acceptRouterAdvertisements(interface)] = "2"
            }
        }
    }
}

extension HostState {
    /// In hundredths of a second; with STP the kernel makes 2 s of less, and 30 s of more (`BR_MIN_FORWARD_DELAY`,
    /// net/bridge/br_private_stp.h).
    private static func forwardDelay(of bridge: NetworkDefinition.Bridge) -> UInt32 {
        let delay = UInt32(clamping: bridge.delay.multipliedOrMax(by: 100))
        return bridge.stp ? min(max(delay, 200), 3_000) : delay
    }
}

extension NetworkDefinition {
    /// Whether packets of its guests may go farther than the host.
    public var forwardsPackets: Bool { forward != nil || !extensions.peers.isEmpty }

    /// Whether a port of the host's own loopback leads to a guest.
    fileprivate var forwardsLoopback: Bool {
        extensions.portForwards.contains { forward in
            guard forward.device == nil, let address = forward.address else { return false }
            return address.isLoopback || address == .v4(.any)
        }
    }
}

extension GatewayRoute {
    /// Nil where the mask is not one for the address; a parsed definition never holds such a route.
    fileprivate init?(_ route: NetworkDefinition.Route) {
        guard let destination = route.destination else { return nil }
        self.init(to: destination, via: route.gateway, metric: route.metric)
    }
}
