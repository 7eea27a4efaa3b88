public import API
internal import Engine
internal import Firewall
internal import LibvirtXML
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
    ///
    /// `isValidated` as for `define`.
    public func create(_ document: [UInt8], isValidated: Bool = false) async throws -> NetworkReport {
        if isValidated { try validate(document) }
        let (parsed, notes) = try parse(document)
        let definition = try complete(parsed)
        guard networks[definition.uuid]?.live == nil else {
            throw APIError(.wrongState, "network '\(definition.name)' is already active")
        }
        try requireIdle(definition.uuid)
        let warnings = try await bringUp(definition)
        return NetworkReport(network: try info(definition.name), warnings: warnings, problems: notes)
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
        await responder.retire(uuid)
        do {
            try await takeDown(live.definition, rules: live.rules)
        } catch {
            // The engine has put back what it took: the network runs on, and the next daemon must not think otherwise.
            try? store.finish(uuid)
            throw APIError(.failed, "network '\(reference)' did not stop: \(error)")
        }
        // It has stopped: what is left to do is tidying, which the next daemon does where it cannot be done now.
        await responder.withdraw(uuid)
        networks[uuid]?.live = nil
        leases[uuid] = nil
        delegated[uuid] = nil
        neighboursChanged(of: live.definition)
        tidy("stop of network '\(reference)'") {
            try store.removeLive(live.definition.name)
            try hypervisorPorts.removeAll(of: uuid)
            try store.finish(uuid)
        }
        tidy("take back what was done in others' firewalls") { try takeBackRemedies(of: uuid) }
        tidy("restore the host's settings") { try restoreHost() }
        if networks[uuid]?.definition == nil { await discard(uuid) }
        logger.info("network stopped", metadata: ["network": "\(summary.name)"])
        emit(.stopped, live.definition)
        await tellHooks(.stopped, live.definition)
        summary.isActive = false
        return summary
    }

    /// Everything between a definition and guests that are served; where anything of it fails, nothing of it stays.
    ///
    /// `saving` says whether the definition goes to disk with it. Returns warnings for the person who starts the network.
    func bringUp(
        _ definition: NetworkDefinition, by decided: Transition? = nil, saving: Bool = false
    ) async throws -> [String] {
        let uuid = definition.uuid
        busy.insert(uuid)
        let disk = formerDisk(uuid, isSaving: saving)
        networks[uuid, default: Network()].starting = definition
        defer {
            busy.remove(uuid)
            networks[uuid]?.starting = nil
            if networks[uuid]?.current == nil { networks[uuid] = nil }
        }
        do {
            try await askHooks(.start, definition)
            let transition = try decided ?? transition(from: nil, to: definition)
            let intent = NetworkStore.Intent(definition, rules: transition.rules, formerDisk: disk)
            try store.begin(intent)
            var warnings = transition.dns.warnings
            do {
                if saving { try store.save(definition) }
                // Two statements: what is assigned to through an optional is held on to while the right side waits.
                let live = try await carryOut(transition)
                try await askHooks(.started, definition)
                try store.finish(uuid)
                networks[uuid]?.live = live
                reviewRules(of: uuid)
                await learnLeases(of: uuid)
                neighboursChanged(of: definition)
                if let warning = await registerNames(of: live, insteadOf: nil) { warnings.append(warning) }
            } catch {
                await responder.withdraw(uuid)
                networks[uuid]?.starting = nil
                try await undo(intent, definition, after: error)
                throw error
            }
            logger.info(
                "network started", metadata: ["network": "\(definition.name)", "bridge": "\(transition.bridge)"])
            emit(.started, definition)
            for warning in warnings { logger.warning("\(warning)") }
            return warnings
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(.failed, "network '\(definition.name)' did not start, and nothing was changed: \(error)")
        }
    }

    /// What is on disk of a network that is about to be saved otherwise.
    func formerDisk(_ uuid: NetworkUUID, isSaving: Bool) -> NetworkStore.Intent.Disk? {
        isSaving ? .init(definition: networks[uuid]?.definition?.libvirtXML) : nil
    }

    /// Takes away what a start that failed has left; where that fails too, the next daemon tries again.
    private func undo(
        _ intent: NetworkStore.Intent, _ definition: NetworkDefinition, after error: any Error
    ) async throws {
        do {
            try await takeDown(definition, rules: intent.rules.flatMap { kernel.hasRules(of: $0) ? $0 : nil })
            try store.removeLive(definition.name)
            try store.restore(intent)
            try restoreHost()
            try store.finish(definition.uuid)
        } catch let second {
            throw APIError(
                .failed,
                "network '\(definition.name)' did not start: \(error); and what was begun could not be undone: \(second)."
                    + " The next start of the daemon does that")
        }
    }

    /// Does what must not keep a command that has done its work from succeeding; what fails twice is left and logged.
    func tidy(_ operation: String, _ body: () throws -> Void) {
        do {
            do { try body() } catch { try body() }
        } catch {
            logger.error("\(operation): \(error)")
        }
    }

    /// Takes everything that the network has in the kernel away, except its ports' taps.
    ///
    /// `rules` are those that stand for it; nil where none do.
    func takeDown(_ definition: NetworkDefinition, rules: NetworkRules?) async throws {
        let wish = try HostState(running: definition, redirects: [], advertised: [])
        var observed = try kernel.observe(wish)
        observed.sysctls = [:]
        observed.bridges = observed.bridges.filter {
            $0.value.alias == Ownership.alias(ofBridgeOf: definition.uuid)
        }
        if let rules { observed.rules[rules.bridge] = rules }
        var left = HostState()
        // A bridge that goes lets its ports go; from one that stays they are to be taken.
        if !definition.hasOwnBridge {
            for port in ports.ports(of: definition.uuid) { left.taps[port.tap] = port.wish }
            observed.taps = try kernel.observe(HostState(taps: left.taps)).taps
        }
        var transaction = Transaction(from: observed, to: left)
        do {
            while let bridge = try kernel.advance(&transaction) { try await remover.remove(bridge) }
        } catch {
            kernel.undo(transaction)
            throw error
        }
    }

    /// Puts settings of the host back that no network needs any more, and removes the tables with the last one.
    func restoreHost() throws {
        var needed: Set<Sysctl> = []
        if !ledger.entries.isEmpty {
            for network in networks.values {
                if let live = network.live {
                    needed.formUnion(live.sysctls.keys)
                } else if let starting = network.starting {
                    needed.formUnion(try HostState(running: starting, redirects: [], advertised: []).sysctls.keys)
                }
            }
        }
        let back = ledger.restorable(besides: needed) { Kernel.read($0) }
        if !back.isEmpty {
            let now = try kernel.observe(HostState(sysctls: back))
            try kernel.turn(now, into: HostState(sysctls: back))
        }
        try ledger.forget(besides: needed)
        let needsTables = networks.values.contains { ($0.live?.definition ?? $0.starting)?.hasOwnBridge == true }
        if !needsTables { try kernel.removeTables() }
    }
}
