internal import Engine
internal import Firewall
internal import Logging
internal import Netlink
internal import NetworkModel

extension NetworkService {
    /// Takes over what is there: reads the definitions, cleans up what was interrupted, goes on with what runs, and starts
    /// what is to start with the machine.
    ///
    /// What cannot be taken over is logged and left out; nothing keeps the daemon from running.
    func adopt() async {
        let intents = store.intents()
        for intent in intents {
            attempt("restore the files of '\(intent.name)'") { try store.restore(intent) }
        }
        store.removeStaleAutostarts()
        let (defined, problems) = store.definitions()
        for problem in problems { logger.error("\(problem)") }
        for definition in defined { networks[definition.uuid] = Network(definition: definition) }
        for intent in intents where !intent.isChange { cleanUp(intent) }
        let (running, damaged) = store.live()
        for problem in damaged { logger.error("\(problem)") }
        // All of them count as running before anything is decided about the host for want of networks.
        for definition in running { networks[definition.uuid, default: Network()].starting = definition }
        for definition in running {
            await resume(definition, interrupted: intents.first { $0.isChange && $0.uuid == definition.uuid })
        }
        if networks.values.contains(where: { $0.live?.rules != nil }) {
            attempt("look at the firewall's tables") { try kernel.restoreChangedTables() }
        }
        dropLostPorts()
        attempt("look for taps without a record") { try removeOrphans() }
        dropHypervisorPorts()
        attempt("take back what was done in others' firewalls") { try reviewRemedies() }
        for uuid in remedies.entries.keys {
            restoreRemedies(of: uuid, "firewall rules were changed while no daemon ran")
        }
        findHypervisorTaps()
        attempt("restore the host's settings") { try restoreHost() }
        await autostart()
    }

    /// A start or a stop that a dead daemon left half done: nothing of the network stays.
    private func cleanUp(_ intent: NetworkStore.Intent) {
        logger.warning("an interrupted start or stop is cleaned up", metadata: ["network": "\(intent.name)"])
        attempt("clean up after network '\(intent.name)'") {
            var observed = HostState()
            let wish = BridgeState(
                mac: intent.mac, mtu: nil, settings: .init(stp: false, forwardDelay: 0), alias: nil, addresses: [],
                isUp: false)
            // A bridge is without its mark for a moment after it was made: then its address tells whose it is.
            let bridges = intent.rules.map { [$0.bridge: wish] } ?? [:]
            observed.bridges = try kernel.observe(HostState(bridges: bridges)).bridges.filter {
                $0.value.alias == Ownership.alias(ofBridgeOf: intent.uuid)
                    || $0.value.alias == nil && $0.value.mac == intent.mac
            }
            if let rules = intent.rules, kernel.hasRules(of: rules) { observed.rules[rules.bridge] = rules }
            if let limited = intent.limited {
                var scope = HostState()
                scope.include(limitsOf: limited)
                let limits = try kernel.observe(scope)
                (observed.shapers, observed.detours) = (limits.shapers, limits.detours)
            }
            // On a bridge that is not the network's own they would stay ports.
            var left = HostState()
            for port in ports.ports(of: intent.uuid) { left.taps[port.tap] = port.wish }
            observed.taps = try kernel.observe(left).taps.filter { $0.value.alias == left.taps[$0.key]?.alias }
            try kernel.turn(observed, into: left)
            try store.removeLive(intent.name)
            try store.finish(intent.uuid)
        }
    }

    /// Goes on with a network that ran when the last daemon ended; the kernel is changed only where it is not as it should be.
    ///
    /// A change that was interrupted is undone. Its guests go on whether they can be served or not: the responder is asked
    /// again until they are.
    private func resume(_ definition: NetworkDefinition, interrupted: NetworkStore.Intent?) async {
        let uuid = definition.uuid
        do {
            guard let name = try place(of: definition) else { return try await forgetLost(definition) }
            let formerRules = store.liveRules(definition.name)
            let dns = try ServiceSockets.dns(
                of: definition.name, on: definition.nameServerAddresses, former: formerRules?.redirects ?? [])
            var (desired, rules) = try desiredState(of: definition, on: name, redirects: dns.redirects)
            // A bridge that was given a size does not find back to the usual one by itself.
            if interrupted != nil { desired.setMissingMTU(to: Link.ethernetMTU) }
            // What was interrupted stands as a whole or not at all.
            let standing = interrupted?.rules.flatMap { kernel.hasRules(of: $0) ? $0 : nil } ?? formerRules
            var scope = desired
            // The bridge that it was to have, if it was to have another.
            if let other = interrupted?.rules?.bridge {
                scope.bridges[other] = scope.bridges[other] ?? desired.bridges[name]
            }
            if let limited = interrupted?.limited { scope.include(limitsOf: limited) }
            let observed = try observe(scope, uuid: uuid, standing, unmarked: interrupted?.mac)
            if definition.hasOwnBridge, observed.bridges[name] == nil {
                guard try kernel.link(named: name) == nil else {
                    throw DaemonError("interface '\(name)' is not vnet's: delete it, and start the network")
                }
                logger.warning(
                    "bridge '\(name)' is gone and is made again", metadata: ["network": "\(definition.name)"])
            }
            try turn(observed, into: desired)
            guard let link = try kernel.link(named: name) else { throw EngineError("interface '\(name)' is gone") }
            if rules != formerRules { try store.saveLive(definition, rules: rules) }
            networks[uuid]?.live = Live(
                definition: definition, bridge: name, rules: rules, rulesAsOf: ruleChanges, sysctls: desired.sysctls,
                interfaceIndex: link.index)
            networks[uuid]?.starting = nil
            if interrupted != nil { try store.finish(uuid) }
            logger.info("network goes on", metadata: ["network": "\(definition.name)"])
            await serveUntilServed(uuid, dns: dns)
            await learnLeases(of: uuid)
            neighboursChanged(of: definition)
        } catch {
            // It stays marked as starting, so that its rules and the host's settings stay.
            logger.error("network '\(definition.name)' runs, but could not be taken over: \(error)")
        }
    }

    /// Serves a network that runs; where that fails, tries again every few seconds while it runs.
    private func serveUntilServed(_ uuid: NetworkUUID, dns: ServiceSockets) async {
        guard var live = networks[uuid]?.live, live.sockets == nil else { return }
        do {
            try await serve(&live, dns)
            networks[uuid]?.live?.sockets = live.sockets
        } catch {
            logger.error("network '\(live.definition.name)' runs, but its guests are not served yet: \(error)")
            Task {
                try await Task.sleep(for: .seconds(3))
                await serveUntilServed(uuid, dns: dns)
            }
        }
    }

    /// Forgets ports whose tap is gone, with the machine's power or by someone's hand, and those of networks that are no more.
    private func dropLostPorts() {
        for (uuid, known) in ports.ports {
            for port in known.values {
                attempt("look for port '\(port.name)'") {
                    let isLost = try kernel.link(named: port.tap)?.alias != port.alias
                    guard isLost || port.isUnfinished == true || networks[uuid] == nil else { return }
                    try removePort(port)
                }
            }
        }
    }

    /// Removes taps of our networks that nobody knows: their record went, and then the daemon died.
    private func removeOrphans() throws {
        let known = Set(ports.ports.values.flatMap { $0.values.map(\.tap.description) })
        for link in try kernel.links() where link.kind == "tun" && !known.contains(link.name) {
            guard let network = link.alias.flatMap({ Ownership.network(ofPortWithAlias: $0) }),
                networks[network] != nil,
                let name = InterfaceName(link.name)
            else { continue }
            logger.warning("tap '\(name)' of a port that is no more is removed")
            try kernel.deleteTap(name)
        }
    }

    /// Starts the networks that are to start with the machine, once after it booted: `run` is empty then.
    private func autostart() async {
        guard !Files.exists(store.paths.autostarted) else { return }
        attempt("write '\(store.paths.autostarted)'") {
            try Files.write(NetworkStore.boot(), to: store.paths.autostarted, durable: false)
        }
        for (_, network) in networks.sorted(by: { $0.key < $1.key }) {
            guard let definition = network.definition, network.live == nil, store.isAutostarted(definition.name) else {
                continue
            }
            do {
                _ = try await start(definition.name)
            } catch {
                logger.error("autostart: \(error)")
            }
        }
    }

    private func attempt(_ operation: String, _ body: () throws -> Void) {
        do { try body() } catch { logger.error("\(operation): \(error)") }
    }

    /// Follows the host's resolv.conf.
    func updateResolvers(_ new: [ServiceConfiguration.DNS.Server]) async {
        guard new != resolvers else { return }
        resolvers = new
        logger.info("the host's name servers changed", metadata: ["servers": "\(new.map(\.address.description))"])
        for uuid in networks.keys {
            // What runs may have changed while another network's news were sent.
            guard let live = networks[uuid]?.live,
                let configuration = services(of: live.definition)
            else { continue }
            do {
                try await responder.reconfigure(configuration)
            } catch {
                logger.error("network '\(configuration.name)' does not know the host's new name servers: \(error)")
            }
        }
    }
}
