internal import API
internal import Engine
internal import Firewall
internal import Logging
internal import Netlink
internal import NetworkModel

/// How a network comes to run as its definition says, from whatever it is now; decided before anything is done.
struct Transition {
    let definition: NetworkDefinition
    /// Its own, or the bridge or interface of the host's that it stands on.
    let bridge: InterfaceName
    /// Nil where the network does not run yet.
    let former: NetworkService.Live?
    let dns: ServiceSockets
    /// What is there of all that the network has, or is to have, in the kernel.
    let observed: HostState
    let desired: HostState
    let rules: NetworkRules?

    var plan: Plan { Plan(from: observed, to: desired) }
}

extension NetworkService {
    /// Finds out what must change for the network to run as `definition` says.
    func transition(from live: Live?, to definition: NetworkDefinition) throws -> Transition {
        if let live { try checkSeats(from: live.definition, to: definition) }
        let name = try admit(definition, insteadOf: live)
        let dns = try ServiceSockets.dns(
            of: definition.name, on: definition.nameServerAddresses, former: live?.redirects ?? [],
            open: live?.sockets)
        var (desired, rules) = try desiredState(of: definition, on: name, redirects: dns.redirects)
        // A bridge that was given a size does not find back to the usual one by itself.
        if live?.definition.mtu != nil { desired.setMissingMTU(to: Link.ethernetMTU) }
        var scope = desired
        if let live {
            // What the network had, so that it can be put back.
            let had = try desiredState(of: live.definition, on: live.bridge, redirects: live.redirects).0
            scope = desired.merging(had)
        }
        let observed = try observe(scope, uuid: definition.uuid, live?.rules)
        return Transition(
            definition: definition, bridge: name, former: live, dns: dns, observed: observed, desired: desired,
            rules: rules)
    }

    /// What is there of what `scope` names, with the rules that stand; a bridge that is somebody else's is not there.
    ///
    /// One without a mark but with the address `unmarked` is ours: it is so for a moment after it was made.
    func observe(
        _ scope: HostState, uuid: NetworkUUID, _ former: NetworkRules?, unmarked: MACAddress? = nil
    ) throws -> HostState {
        try observe(
            scope, uuid: uuid, standing: former.flatMap { kernel.hasRules(of: $0) ? $0 : nil }, unmarked: unmarked)
    }

    /// As the other of this name, where it is known which rules stand.
    func observe(
        _ scope: HostState, uuid: NetworkUUID, standing rules: NetworkRules?, unmarked: MACAddress? = nil
    ) throws -> HostState {
        var observed = try kernel.observe(scope)
        observed.bridges = observed.bridges.filter {
            $0.value.alias == Ownership.alias(ofBridgeOf: uuid)
                || $0.value.alias == nil && $0.value.mac == unmarked
        }
        if let rules { observed.rules[rules.bridge] = rules }
        return observed
    }

    /// Makes the kernel and the responder what the transition says, and writes it down; where the kernel refuses a step,
    /// what was done in it is undone.
    func carryOut(_ transition: Transition) async throws -> Live {
        // Rules that were in doubt before stay so: of the former ones only what differs is put in place.
        let changes = transition.former?.rulesAsOf ?? ruleChanges
        try turn(transition.observed, into: transition.desired)
        guard let link = try kernel.link(named: transition.bridge) else {
            throw EngineError("interface '\(transition.bridge)' is gone")
        }
        var live = Live(
            definition: transition.definition, bridge: transition.bridge, rules: transition.rules, rulesAsOf: changes,
            sysctls: transition.desired.sysctls,
            interfaceIndex: link.index)
        try await serve(&live, transition.dns, insteadOf: transition.former)
        try store.saveLive(transition.definition, rules: transition.rules)
        return live
    }

    /// Changes the kernel, after what the host's own settings are before has been written down.
    func turn(_ observed: HostState, into desired: HostState) throws {
        let ofHost = desired.sysctls.filter { sysctl in !desired.bridges.keys.contains { sysctl.key.belongs(to: $0) } }
        try ledger.record(before: observed.sysctls, after: ofHost)
        try kernel.turn(observed, into: desired)
    }

    /// Checks that nothing on the host is in the way.
    private func admit(_ definition: NetworkDefinition, insteadOf live: Live?) throws -> InterfaceName {
        let hindrances = definition.unsupportedFeatures
        guard hindrances.isEmpty else {
            throw APIError(
                .invalid,
                "network '\(definition.name)' cannot be started: \(hindrances.joined(separator: "; ")). Edit it to go without",
                cause: .notYet)
        }
        guard definition.hasOwnBridge else { return try foundation(of: definition, insteadOf: live) }
        guard let name = definition.bridge.name.flatMap({ InterfaceName($0) }) else {
            throw APIError(.invalid, "network '\(definition.name)' has no bridge name")
        }
        if let link = try kernel.link(named: name) {
            guard link.alias == Ownership.alias(ofBridgeOf: definition.uuid) else {
                throw APIError(
                    .conflict,
                    "interface '\(name)' exists already and is not vnet's: give <bridge> of network '\(definition.name)' another"
                        + " name, or delete the interface")
            }
        }
        try admitForwards(of: definition, insteadOf: live)
        // What it has already is in nobody's way.
        let subnets = definition.subnets.filter { live?.definition.subnets.contains($0) != true }
        if let obstacle = try kernel.obstacle(to: subnets, except: [name, live?.bridge ?? name]) {
            throw APIError(
                .conflict,
                "subnet \(subnets.map(\.description).joined(separator: ", ")) of network '\(definition.name)' is in"
                    + " use on this host: \(obstacle) is in the way; choose another subnet, or remove that one")
        }
        return name
    }

    /// What the kernel is to hold while the network runs with its ports, and its rules among it.
    func desiredState(
        of definition: NetworkDefinition, on name: InterfaceName, redirects: [NetworkRules.Redirect]
    ) throws -> (HostState, NetworkRules?) {
        let advertised = definition.needsIPv6Forwarding ? try kernel.interfacesTakingAdvertisements() : []
        var desired = try HostState(
            running: definition, redirects: redirects, advertised: advertised,
            surroundings: surroundings(of: definition))
        for port in ports.ports(of: definition.uuid) {
            desired.taps[port.tap] = port.desired(on: definition)
            port.limit(in: &desired)
        }
        desired.shapers.merge(bridgeShaper(of: definition)) { _, shared in shared }
        if let entry = remedies.entries[definition.uuid] { desired.sysctls.merge(entry.sysctls) { own, _ in own } }
        return (desired, desired.rules[name])
    }

    /// What guests of a network that runs as `definition` says are served, beside the networks that run now.
    func services(of definition: NetworkDefinition) -> ServiceConfiguration? {
        ServiceConfiguration(of: definition, resolvers: resolvers, peers: peers(of: definition))
    }

    /// The networks that run now, and whose names guests find.
    private func peers(of definition: NetworkDefinition) -> [ServiceConfiguration.DNS.Peer] {
        definition.extensions.peers.compactMap { peer in
            networks.uuid(named: peer.network).flatMap { networks[$0]?.live }
        }.map { .init($0.definition, servers: $0.nameServers) }
    }

    /// Hands the network to the responder, and waits until it is served.
    ///
    /// A network that is served already keeps its sockets; where they stay the same, and nothing changes that the responder
    /// takes up with them, it only gets the new configuration.
    func serve(_ live: inout Live, _ dns: ServiceSockets, insteadOf former: Live? = nil) async throws {
        let (asked, beside) = (resolvers, peers(of: live.definition))
        guard let configuration = services(of: live.definition) else { return }
        var sockets = dns
        try sockets.addBridge(
            of: configuration, interfaceIndex: live.interfaceIndex,
            queryLog: store.paths.queryLog(of: live.definition.name), open: former?.sockets)
        live.sockets = sockets
        if let former, let served = former.sockets, sockets.isSame(as: served),
            services(of: former.definition)?.hasSameFrame(as: configuration) == true,
            await responder.isServing(live.definition.uuid)
        {
            try await responder.reconfigure(configuration)
        } else if sockets.open.isEmpty {
            await responder.withdraw(live.definition.uuid)
        } else {
            try await responder.serve(configuration, interfaceIndex: live.interfaceIndex, sockets: sockets)
        }
        // What changes while it is asked is told afterwards.
        if resolvers != asked || peers(of: live.definition) != beside, let newer = services(of: live.definition) {
            try await responder.reconfigure(newer)
        }
    }
}

extension ServiceConfiguration {
    /// Whether nothing differs that the responder takes up together with the sockets.
    fileprivate func hasSameFrame(as other: Self) -> Bool {
        bridge == other.bridge && bridgeMAC == other.bridgeMAC && advertisement == other.advertisement
            && dhcp?.serverAddress == other.dhcp?.serverAddress
            && dhcpv6?.serverAddress == other.dhcpv6?.serverAddress
    }
}

extension NetworkService.Live {
    /// Where the host itself reaches the network's name service.
    var nameServers: [ServiceConfiguration.DNS.Server] {
        definition.nameServerAddresses.map { address in
            .init(address: address, port: redirects.first { $0.address == address }?.port ?? 53)
        }
    }
}

extension NetworkDefinition {
    /// Where guests are to find name service: the bridge's addresses but for link-local ones, which would need a zone
    /// wherever they are written.
    var nameServerAddresses: [IPAddress] {
        guard dns?.enable != false else { return [] }
        return ips.map(\.address).filter { !$0.isLinkLocal }
    }

    /// Whether guests' IPv6 packets are to be forwarded.
    var needsIPv6Forwarding: Bool { forwardsPackets && ips.contains { $0.address.family == .ipv6 } }
}
