internal import Engine
internal import Firewall
internal import LibvirtXML
internal import Logging
internal import Netlink
internal import NetworkModel

extension NetworkService {
    /// Makes a network that runs run as a transition says, with what differs and nothing else; where that fails, it runs as
    /// before.
    ///
    /// `saved` goes to disk with it.
    func change(_ transition: Transition, saving saved: NetworkDefinition? = nil) async throws {
        guard let before = transition.former else { return }
        let uuid = before.definition.uuid
        busy.insert(uuid)
        defer { busy.remove(uuid) }
        let intent = NetworkStore.Intent(
            transition.definition, rules: transition.rules,
            formerLive: .init(definition: before.definition.libvirtXML, rules: before.rules),
            formerDisk: formerDisk(uuid, isSaving: saved != nil))
        try store.begin(intent)
        do {
            if let saved { try store.save(saved) }
            // Two statements: what is assigned to through an optional is held on to while the right side waits.
            let live = try await carryOut(transition)
            try store.finish(uuid)
            networks[uuid]?.live = live
            reviewRules(of: uuid)
            await learnLeases(of: uuid)
            neighboursChanged(of: before.definition, live.definition)
            if let warning = await registerNames(of: live, insteadOf: before) { logger.warning("\(warning)") }
        } catch {
            // What the next daemon finds is then half of each, and it knows.
            try await goBack(from: transition, to: before)
            try store.restore(intent)
            try store.finish(uuid)
            throw error
        }
        tidy("restore the host's settings") { try restoreHost() }
    }

    /// Undoes a transition that failed somewhere.
    private func goBack(from transition: Transition, to before: Live) async throws {
        let uuid = before.definition.uuid
        var (wish, _) = try desiredState(
            of: before.definition, on: before.bridge, redirects: before.redirects)
        if transition.definition.mtu != nil { wish.setMissingMTU(to: Link.ethernetMTU) }
        var now = try observe(transition.desired.merging(wish), uuid: uuid, before.rules)
        // Which of the two sets of rules stand is not known, and does not matter: these become those.
        if let rules = transition.rules, kernel.hasRules(of: rules) { now.rules[transition.bridge] = rules }
        try kernel.turn(now, into: wish)
        try restoreHost()
        guard let sockets = before.sockets, let link = try kernel.link(named: before.bridge) else { return }
        var live = before
        live.interfaceIndex = link.index
        await responder.withdraw(uuid)
        try await serve(&live, sockets.ofAddresses, insteadOf: link.index == before.interfaceIndex ? before : nil)
        networks[uuid]?.live = live
    }
}
