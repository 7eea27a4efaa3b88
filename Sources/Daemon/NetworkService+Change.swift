internal import Engine
internal import Firewall
internal import Logging
internal import Netlink
internal import NetworkModel

extension NetworkService {
    /// Makes a network that runs run as a transition says, with what differs and nothing else; where that fails, it runs as
    /// before.
    func change(_ transition: Transition) async throws {
        guard let before = transition.former else { return }
        let uuid = before.definition.uuid
        busy.insert(uuid)
        defer { busy.remove(uuid) }
        try store.begin(.init(transition.definition, rules: transition.rules, isChange: true))
        do {
            // Two statements: what is assigned to through an optional is held on to while the right side waits.
            let live = try await carryOut(transition)
            networks[uuid]?.live = live
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
        try store.saveLive(before.definition, rules: before.rules)
        networks[uuid]?.live = live
    }
}
