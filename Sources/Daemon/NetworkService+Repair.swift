internal import API
internal import Engine
internal import Firewall
internal import Logging
internal import Netlink
internal import NetworkModel

extension NetworkService {
    /// Takes up a change on the host: a port that has just been opened may forward, and what somebody took from a network
    /// is put back.
    func hostChanged(_ change: HostChange) {
        switch change {
        case .link(let link):
            linkChanged(link)
            hypervisorTapChanged(link)
            suspect(ofLink: link.name, "link '\(link.name)' was changed")
        case .linkGone(let name):
            InterfaceName(name).map(forgetHypervisorTap)
            suspect(ofLink: name, "link '\(name)' was deleted")
        case .addresses(let index):
            guard let uuid = networks.uuid(onInterface: index) else { return }
            suspect(uuid, "addresses or routes were changed")
        case .settings(let index?):
            guard let uuid = networks.uuid(onInterface: index) else { return }
            suspect(uuid, "a setting of the kernel was changed")
        case .settings(nil): suspectAll("a setting of the kernel was changed")
        case .rules(let thread, let name):
            guard !kernel.hasChangedRules(onThread: thread) else { return }
            suspectRules()
            suspectAll("firewall rules were changed by \(name) (process \(thread))")
        case .otherRules(let thread, let name):
            guard !kernel.hasChangedRules(onThread: thread) else { return }
            for uuid in remedies.entries.keys where networks[uuid]?.live != nil {
                suspect(uuid, "firewall rules were changed by \(name) (process \(thread))")
            }
        case .unknown:
            suspectRules()
            suspectAll("much was changed at once")
        }
    }

    /// Which of the rules were changed is not worth finding out: all of them are put in place again.
    private func suspectRules() {
        ruleChanges += 1
    }

    /// Looks again at the rules of a network whose start or change somebody else's change of rules has come in between of.
    func reviewRules(of uuid: NetworkUUID) {
        guard let live = networks[uuid]?.live, live.rules != nil, live.rulesAsOf != ruleChanges else { return }
        suspect(uuid, "firewall rules were changed meanwhile")
    }

    /// Looks at settings, of whose changes the kernel mostly tells nobody; of very many networks, at some of them.
    func checkSettings() {
        let running = networks.values.compactMap(\.live).sorted { $0.definition.uuid < $1.definition.uuid }
        guard !running.isEmpty else { return }
        for offset in 0..<min(running.count, 100) {
            let live = running[(nextChecked + offset) % running.count]
            if let changed = live.sysctls.first(where: { Kernel.read($0.key) != $0.value }) {
                suspect(live.definition.uuid, "sysctl \(changed.key) was changed")
            }
        }
        nextChecked = (nextChecked + 100) % running.count
    }

    private func suspectAll(_ cause: String) {
        for (uuid, network) in networks where network.live != nil { suspect(uuid, cause) }
    }

    private func suspect(ofLink name: String, _ cause: String) {
        guard let name = InterfaceName(name) else { return }
        if let owner = networks.uuid(on: name) ?? ports.network(ofTap: name) { suspect(owner, cause) }
    }

    /// Has a network looked at in a moment, when what happens to it now has come to an end.
    private func suspect(_ uuid: NetworkUUID, _ cause: String) {
        if suspects.isEmpty {
            Task {
                try? await Task.sleep(for: .milliseconds(50))
                await checkSuspects()
            }
        }
        if suspects[uuid] == nil { suspects[uuid] = cause }
    }

    private func checkSuspects() async {
        let all = suspects
        suspects = [:]
        if networks.values.compactMap(\.live).contains(where: { $0.rules != nil && $0.rulesAsOf != ruleChanges }) {
            // Each network's own are put in place below; what they share, once.
            tidy("restore the firewall's tables") { try kernel.restoreTables() }
        }
        for (uuid, cause) in all {
            if busy.contains(uuid) {
                suspect(uuid, cause)
            } else {
                await repair(uuid, cause)
                restoreRemedies(of: uuid, cause)
            }
        }
    }

    /// Puts back what somebody took from a network that runs.
    private func repair(_ uuid: NetworkUUID, _ cause: String) async {
        guard let live = networks[uuid]?.live else { return }
        let name = live.definition.name
        do {
            let (desired, _) = try desiredState(
                of: live.definition, on: live.bridge, redirects: live.redirects)
            // The kernel tells of every change of rules, so those that nobody has changed stand.
            let changes = ruleChanges
            let observed = try observe(desired, uuid: uuid, standing: live.rulesAsOf == changes ? live.rules : nil)
            let plan = Plan(from: observed, to: desired)
            networks[uuid]?.live?.sysctls = desired.sysctls
            guard !plan.steps.isEmpty else {
                unrepaired[uuid] = nil
                let routes = routeDelegations(of: uuid)
                if !routes.isEmpty {
                    emit(.repaired, live.definition, "\(cause): \(routes.joined(separator: "; "))")
                    logger.warning("\(cause); repaired: \(routes)", metadata: ["network": "\(name)"])
                }
                return
            }
            busy.insert(uuid)
            defer { busy.remove(uuid) }
            try turn(observed, into: desired)
            routeDelegations(of: uuid)
            networks[uuid]?.live?.rulesAsOf = changes
            guard let link = try kernel.link(named: live.bridge) else { throw EngineError("its bridge is gone") }
            if link.index != live.interfaceIndex, let sockets = live.sockets {
                var anew = networks[uuid]?.live ?? live
                anew.interfaceIndex = link.index
                try await serve(&anew, sockets.ofAddresses, insteadOf: live)
                // The rest may have changed meanwhile.
                networks[uuid]?.live?.interfaceIndex = anew.interfaceIndex
                networks[uuid]?.live?.sockets = anew.sockets
                if let warning = await registerNames(of: anew, insteadOf: live) { logger.warning("\(warning)") }
            }
            unrepaired[uuid] = nil
            emit(.repaired, live.definition, "\(cause): \(plan.summary)")
            logger.warning(
                "\(cause); repaired: \(plan.summary)", metadata: ["network": "\(name)"])
        } catch {
            // It is tried again with every change; the log hears of it once.
            guard unrepaired.updateValue("\(error)", forKey: uuid) != "\(error)" else { return }
            logger.error("\(cause), and could not be repaired: \(error)", metadata: ["network": "\(name)"])
        }
    }
}

extension Plan {
    /// The steps in one line; rules, which are long, by their first command.
    fileprivate var summary: String {
        steps.map { step in
            let lines = step.description.split(separator: "\n")
            return lines.count > 1 ? "\(lines[0]) …" : step.description
        }.joined(separator: "; ")
    }
}
