internal import Engine
internal import Firewall
internal import Glibc
internal import Logging
internal import Netlink
internal import NetworkModel

extension NetworkService {
    /// Takes over what is there: reads the definitions, cleans up what was interrupted, goes on with what runs, and starts
    /// what is to start with the machine.
    ///
    /// What cannot be taken over is logged and left out; nothing keeps the daemon from running.
    func adopt() async {
        let (defined, problems) = store.definitions()
        for problem in problems { logger.error("\(problem)") }
        for definition in defined { networks[definition.uuid] = Network(definition: definition) }
        for intent in store.intents() { cleanUp(intent) }
        let (running, damaged) = store.live()
        for problem in damaged { logger.error("\(problem)") }
        for definition in running { await resume(definition) }
        attempt("restore the host's settings") { try restoreHost() }
        await autostart()
    }

    /// A start or a stop that a dead daemon left half done: nothing of the network stays.
    private func cleanUp(_ intent: NetworkStore.Intent) {
        logger.warning("an interrupted start or stop is cleaned up", metadata: ["network": "\(intent.name)"])
        attempt("clean up after network '\(intent.name)'") {
            var observed = HostState()
            let wish = BridgeState(
                mac: .broadcast, mtu: nil, settings: .init(stp: false, forwardDelay: 0), alias: nil, addresses: [],
                isUp: false)
            // A bridge is without its mark for a moment after it was made: the intent vouches for it.
            observed.bridges = try kernel.observe(HostState(bridges: [intent.rules.bridge: wish])).bridges.filter {
                $0.value.alias == nil || $0.value.alias == Ownership.alias(ofBridgeOf: intent.uuid)
            }
            if kernel.hasRules(of: intent.rules) { observed.rules[intent.rules.bridge] = intent.rules }
            try kernel.turn(observed, into: HostState())
            try store.removeLive(intent.name)
            try store.finish(intent.uuid)
        }
    }

    /// Goes on with a network that ran when the last daemon ended; the kernel is changed only where it is not as it should be.
    private func resume(_ definition: NetworkDefinition) async {
        let formerRules = store.liveRules(definition.name)
        do {
            guard let name = definition.bridge.name.flatMap({ InterfaceName($0) }),
                try kernel.link(named: name)?.alias == Ownership.alias(ofBridgeOf: definition.uuid)
            else {
                logger.warning(
                    "network's bridge is gone, so it is inactive", metadata: ["network": "\(definition.name)"])
                if let formerRules, kernel.hasRules(of: formerRules) { try takeDown(definition, rules: formerRules) }
                return try store.removeLive(definition.name)
            }
            let dns = try ServiceSockets.dns(
                of: definition.name, on: definition.nameServerAddresses,
                former: formerRules?.redirects ?? [])
            let advertised = definition.needsIPv6Forwarding ? try kernel.interfacesTakingAdvertisements() : []
            var desired = try HostState(running: definition, redirects: dns.redirects, advertised: advertised)
            let rules = desired.rules[name] ?? NetworkRules(bridge: name, policy: .open)
            for port in ports.ports(of: definition.uuid) { desired.taps[port.tap] = port.desired(on: definition) }
            var observed = try kernel.observe(desired)
            if let formerRules, kernel.hasRules(of: formerRules) { observed.rules[name] = formerRules }
            try ledger.record(observed.sysctls.filter { !$0.key.belongs(to: name) })
            try kernel.turn(observed, into: desired)
            let live = try await serve(definition, on: name, rules: rules, dns: dns)
            if rules != formerRules { try store.saveLive(definition, rules: rules) }
            networks[definition.uuid, default: Network()].live = live
            logger.info("network goes on", metadata: ["network": "\(definition.name)"])
        } catch {
            logger.error("network '\(definition.name)' runs, but could not be taken over: \(error)")
        }
    }

    /// Starts the networks that are to start with the machine, once after it booted: `run` is empty then.
    private func autostart() async {
        guard !Files.exists(store.paths.autostarted) else { return }
        attempt("write '\(store.paths.autostarted)'") {
            try Files.write([], to: store.paths.autostarted, durable: false)
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
        for live in networks.values.compactMap(\.live) {
            guard let configuration = ServiceConfiguration(of: live.definition, resolvers: new) else { continue }
            await responder.reconfigure(configuration)
        }
    }
}
