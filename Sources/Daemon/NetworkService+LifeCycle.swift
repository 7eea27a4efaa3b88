public import API
internal import Engine
internal import Firewall
internal import Logging
internal import Netlink
internal import NetworkModel

extension NetworkService {
    /// Starts a network that is on disk.
    public func start(_ reference: String) async throws -> StartReport {
        let uuid = try find(reference)
        try requireIdle(uuid)
        guard let network = networks[uuid], network.live == nil, let definition = network.definition else {
            throw APIError(.wrongState, "network '\(reference)' is already active")
        }
        let warnings = try await bringUp(definition)
        return StartReport(network: try info(reference), warnings: warnings)
    }

    /// Starts a network that ends when it stops.
    public func create(_ document: [UInt8]) async throws -> StartReport {
        let definition = try complete(parse(document))
        let before = networks[definition.uuid]
        guard before?.live == nil else {
            throw APIError(.wrongState, "network '\(definition.name)' is already active")
        }
        try requireIdle(definition.uuid)
        networks[definition.uuid] = before ?? Network()
        do {
            let warnings = try await bringUp(definition)
            return StartReport(network: try info(definition.name), warnings: warnings)
        } catch {
            if before == nil { networks[definition.uuid] = nil }
            throw error
        }
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
        try store.begin(.init(name: live.definition.name, uuid: uuid, rules: live.rules))
        try takeDown(live.definition, rules: live.rules)
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
        defer { busy.remove(uuid) }
        let name = try await admit(definition)
        let dns: ServiceSockets
        do {
            dns = try ServiceSockets.dns(of: definition.name, on: definition.nameServerAddresses, former: [])
        } catch {
            throw APIError(.failed, "network '\(definition.name)' did not start, and nothing was changed: \(error)")
        }

        let advertised = definition.needsIPv6Forwarding ? try kernel.interfacesTakingAdvertisements() : []
        var desired = try HostState(running: definition, redirects: dns.redirects, advertised: advertised)
        let rules = desired.rules[name] ?? NetworkRules(bridge: name, policy: .open)
        for port in ports.ports(of: uuid) { desired.taps[port.tap] = port.desired(on: definition) }

        try store.begin(.init(name: definition.name, uuid: uuid, rules: rules))
        let observed = try kernel.observe(desired)
        try ledger.record(observed.sysctls.filter { !$0.key.belongs(to: name) })
        do {
            try kernel.turn(observed, into: desired)
            let live = try await serve(definition, on: name, rules: rules, dns: dns)
            try store.saveLive(definition, rules: rules)
            networks[uuid, default: Network()].live = live
        } catch {
            await responder.withdraw(uuid)
            try? takeDown(definition, rules: kernel.hasRules(of: rules) ? rules : nil)
            try? store.removeLive(definition.name)
            try? store.finish(uuid)
            try? restoreHost()
            throw APIError(.failed, "network '\(definition.name)' did not start, and nothing was changed: \(error)")
        }
        try store.finish(uuid)
        logger.info("network started", metadata: ["network": "\(definition.name)", "bridge": "\(name)"])
        for warning in dns.warnings { logger.warning("\(warning)") }
        return dns.warnings
    }

    /// Checks that nothing on the host is in the way.
    private func admit(_ definition: NetworkDefinition) async throws -> InterfaceName {
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

    /// Hands the network to the responder, and waits until it is served.
    func serve(
        _ definition: NetworkDefinition, on name: InterfaceName, rules: NetworkRules, dns: ServiceSockets
    ) async throws -> Live {
        guard let link = try kernel.link(named: name) else { throw EngineError("bridge '\(name)' is gone") }
        var live = Live(definition: definition, rules: rules, sockets: [], interfaceIndex: link.index)
        guard let configuration = ServiceConfiguration(of: definition, resolvers: resolvers) else { return live }
        let advertises = definition.ips.contains { $0.address.family == .ipv6 }
        let bound = try ServiceSockets.onBridge(of: configuration, interfaceIndex: link.index, advertises: advertises)
        live.sockets = [dns, bound]
        if live.sockets.contains(where: { !$0.open.isEmpty }) {
            try await responder.serve(configuration, interfaceIndex: link.index, sockets: live.sockets)
        }
        return live
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

    /// Puts the host's settings back and removes the tables, where no network needs them any more.
    func restoreHost() throws {
        let running = networks.values.compactMap(\.live)
        if !running.contains(where: { $0.definition.forward != nil }), !ledger.before.isEmpty {
            let now = try kernel.observe(HostState(sysctls: ledger.before))
            // One whose interface has gone meanwhile cannot be put back, and need not be.
            let wanted = ledger.before.filter { now.sysctls[$0.key] != nil }
            try kernel.turn(now, into: HostState(sysctls: wanted))
            try ledger.forget()
        }
        if running.isEmpty { try kernel.removeTables() }
    }
}

extension NetworkDefinition {
    /// Where guests are to find name service: the bridge's addresses but for link-local ones, which would need a zone
    /// wherever they are written.
    var nameServerAddresses: [IPAddress] {
        guard dns?.enable != false else { return [] }
        return ips.map(\.address).filter { address in
            if case .v6(let v6) = address { !v6.isLinkLocal } else { true }
        }
    }

    /// Whether guests' IPv6 packets are to be forwarded.
    var needsIPv6Forwarding: Bool { forward != nil && ips.contains { $0.address.family == .ipv6 } }
}
