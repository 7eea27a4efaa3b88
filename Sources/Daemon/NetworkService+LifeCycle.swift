public import API
internal import Engine
internal import Firewall
internal import Logging
internal import Netlink
internal import NetworkModel

extension NetworkService {
    /// Starts a network that is on disk.
    public func start(_ reference: String) async throws -> NetworkReport {
        let uuid = try find(reference)
        try requireIdle(uuid)
        guard let network = networks[uuid], network.live == nil, let definition = network.definition else {
            throw APIError(.wrongState, "network '\(reference)' is already active")
        }
        let warnings = try await bringUp(definition)
        return NetworkReport(network: try info(reference), warnings: warnings)
    }

    /// Starts a network that ends when it stops.
    public func create(_ document: [UInt8]) async throws -> NetworkReport {
        let (parsed, notes) = try parse(document)
        let definition = try complete(parsed)
        guard networks[definition.uuid]?.live == nil else {
            throw APIError(.wrongState, "network '\(definition.name)' is already active")
        }
        try requireIdle(definition.uuid)
        let warnings = try await bringUp(definition)
        return NetworkReport(network: try info(definition.name), warnings: notes + warnings)
    }

    /// Stops a network: nothing of it stays in the kernel but its guests' taps, which the next start takes back.
    public func stop(_ reference: String) async throws -> NetworkSummary {
        let uuid = try find(reference)
        try requireIdle(uuid)
        guard let live = networks[uuid]?.live else {
            throw APIError(.wrongState, "network '\(reference)' is not active")
        }
        var summary = try info(reference)
        busy.insert(uuid)
        defer { busy.remove(uuid) }
        try store.begin(.init(live.definition, rules: live.rules))
        do {
            try takeDown(live.definition, rules: live.rules)
        } catch {
            // The engine has put back what it took: the network runs on, and the next daemon must not think otherwise.
            try? store.finish(uuid)
            throw APIError(.failed, "network '\(reference)' did not stop: \(error)")
        }
        await responder.withdraw(uuid)
        try store.removeLive(live.definition.name)
        try store.finish(uuid)
        networks[uuid]?.live = nil
        try restoreHost()
        if networks[uuid]?.definition == nil { try await discard(uuid) }
        logger.info("network stopped", metadata: ["network": "\(summary.name)"])
        summary.isActive = false
        return summary
    }

    /// Everything between a definition and guests that are served; where anything of it fails, nothing of it stays.
    ///
    /// Returns warnings for the person who starts the network.
    private func bringUp(_ definition: NetworkDefinition) async throws -> [String] {
        let uuid = definition.uuid
        busy.insert(uuid)
        networks[uuid, default: Network()].starting = definition
        defer {
            busy.remove(uuid)
            networks[uuid]?.starting = nil
            if networks[uuid]?.current == nil { networks[uuid] = nil }
        }
        do {
            let name = try admit(definition)
            let dns = try ServiceSockets.dns(of: definition.name, on: definition.nameServerAddresses, former: [])
            let (desired, rules) = try desiredState(of: definition, on: name, dns: dns)
            let observed = try kernel.observe(desired)
            try store.begin(.init(definition, rules: rules))
            do {
                try turn(observed, into: desired, on: name)
                guard let link = try kernel.link(named: name) else { throw EngineError("bridge '\(name)' is gone") }
                var live = Live(definition: definition, rules: rules, interfaceIndex: link.index)
                try await serve(&live, dns: dns)
                try store.saveLive(definition, rules: rules)
                networks[uuid]?.live = live
            } catch {
                await responder.withdraw(uuid)
                networks[uuid]?.starting = nil
                try undo(definition, rules, after: error)
                throw error
            }
            try store.finish(uuid)
            logger.info("network started", metadata: ["network": "\(definition.name)", "bridge": "\(name)"])
            for warning in dns.warnings { logger.warning("\(warning)") }
            return dns.warnings
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(.failed, "network '\(definition.name)' did not start, and nothing was changed: \(error)")
        }
    }

    /// Takes away what a start that failed has left; where that fails too, the next daemon tries again.
    private func undo(_ definition: NetworkDefinition, _ rules: NetworkRules, after error: any Error) throws {
        do {
            try takeDown(definition, rules: kernel.hasRules(of: rules) ? rules : nil)
            try store.removeLive(definition.name)
            try restoreHost()
            try store.finish(definition.uuid)
        } catch let second {
            throw APIError(
                .failed,
                "network '\(definition.name)' did not start: \(error); and what was begun could not be undone: \(second)."
                    + " The next start of the daemon does that")
        }
    }

    /// Checks that nothing on the host is in the way.
    private func admit(_ definition: NetworkDefinition) throws -> InterfaceName {
        let hindrances = definition.unsupportedFeatures
        guard hindrances.isEmpty else {
            throw APIError(
                .invalid,
                "network '\(definition.name)' cannot be started: \(hindrances.joined(separator: "; ")). Edit it to go without"
            )
        }
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
        if let obstacle = try kernel.obstacle(to: definition.subnets, except: name) {
            throw APIError(
                .conflict,
                "subnet \(definition.subnets.map(\.description).joined(separator: ", ")) of network '\(definition.name)' is in"
                    + " use on this host: \(obstacle) is in the way; choose another subnet, or remove that one")
        }
        return name
    }

    /// What the kernel is to hold while the network runs with its ports, and its rules among it.
    func desiredState(
        of definition: NetworkDefinition, on name: InterfaceName, dns: ServiceSockets
    ) throws -> (HostState, NetworkRules) {
        let advertised = definition.needsIPv6Forwarding ? try kernel.interfacesTakingAdvertisements() : []
        var desired = try HostState(running: definition, redirects: dns.redirects, advertised: advertised)
        for port in ports.ports(of: definition.uuid) { desired.taps[port.tap] = port.desired(on: definition) }
        return (desired, desired.rules[name] ?? NetworkRules(bridge: name, policy: .open))
    }

    /// Changes the kernel, after what the host's own settings are before has been written down.
    func turn(_ observed: HostState, into desired: HostState, on name: InterfaceName) throws {
        try ledger.record(before: observed.sysctls, after: desired.sysctls.filter { !$0.key.belongs(to: name) })
        try kernel.turn(observed, into: desired)
    }

    /// Hands the network to the responder, and waits until it is served.
    func serve(_ live: inout Live, dns: ServiceSockets) async throws {
        let asked = resolvers
        guard let configuration = ServiceConfiguration(of: live.definition, resolvers: asked) else { return }
        live.sockets = [dns, try ServiceSockets.onBridge(of: configuration, interfaceIndex: live.interfaceIndex)]
        guard live.sockets.contains(where: { !$0.open.isEmpty }) else { return }
        try await responder.serve(configuration, interfaceIndex: live.interfaceIndex, sockets: live.sockets)
        if resolvers != asked, let newer = ServiceConfiguration(of: live.definition, resolvers: resolvers) {
            await responder.reconfigure(newer)
        }
    }

    /// Takes everything that the network has in the kernel away, except its ports' taps.
    ///
    /// `rules` are those that stand for it; nil where none do.
    func takeDown(_ definition: NetworkDefinition, rules: NetworkRules?) throws {
        let wish = try HostState(running: definition, redirects: [], advertised: [])
        var observed = HostState()
        observed.bridges = try kernel.observe(wish).bridges.filter {
            $0.value.alias == Ownership.alias(ofBridgeOf: definition.uuid)
        }
        if let rules { observed.rules[rules.bridge] = rules }
        try kernel.turn(observed, into: HostState())
    }

    /// Puts settings of the host back that no network needs any more, and removes the tables with the last one.
    func restoreHost() throws {
        let inUse = networks.values.compactMap { $0.live?.definition ?? $0.starting }
        var needed: Set<Sysctl> = []
        for definition in inUse {
            needed.formUnion(try HostState(running: definition, redirects: [], advertised: []).sysctls.keys)
        }
        let back = ledger.restorable(besides: needed) { Kernel.read($0) }
        if !back.isEmpty {
            let now = try kernel.observe(HostState(sysctls: back))
            try kernel.turn(now, into: HostState(sysctls: back))
        }
        try ledger.forget(besides: needed)
        if inUse.isEmpty { try kernel.removeTables() }
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
    var needsIPv6Forwarding: Bool { forward != nil && ips.contains { $0.address.family == .ipv6 } }
}
