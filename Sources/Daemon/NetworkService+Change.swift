internal import Engine
internal import Firewall
internal import Logging
internal import Netlink
internal import NetworkModel

extension NetworkService {
    /// Makes a network that runs run as `definition` says, with what differs and nothing else; where that fails, it runs as
    /// before.
    func change(_ uuid: NetworkUUID, to definition: NetworkDefinition) async throws {
        guard let before = networks[uuid]?.live else { return }
        busy.insert(uuid)
        defer { busy.remove(uuid) }
        let transition = try transition(from: before, to: definition)
        try store.begin(.init(definition, rules: transition.rules, isChange: true))
        do {
            networks[uuid]?.live = try await carryOut(transition)
        } catch {
            // What the next daemon finds is then half of each, and it knows.
            try await goBack(from: transition, to: before)
            try store.finish(uuid)
            throw error
        }
        try store.finish(uuid)
        try restoreHost()
    }

    /// Undoes a transition that failed somewhere.
    private func goBack(from transition: Transition, to before: Live) async throws {
        let uuid = before.definition.uuid
        var now = try observe(transition.desired, uuid: uuid, before.rules)
        // Which of the two sets of rules stand is not known, and does not matter: these become those.
        if kernel.hasRules(of: transition.rules) { now.rules[transition.bridge] = transition.rules }
        try kernel.turn(now, into: transition.observed)
        try restoreHost()
        guard let sockets = before.sockets, let link = try kernel.link(named: before.rules.bridge) else { return }
        var live = before
        live.interfaceIndex = link.index
        await responder.withdraw(uuid)
        try await serve(&live, sockets.ofAddresses, insteadOf: link.index == before.interfaceIndex ? before : nil)
        try store.saveLive(before.definition, rules: before.rules)
        networks[uuid]?.live = live
    }
}
