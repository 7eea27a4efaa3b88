import Engine
import Firewall
import Netlink
import NetworkModel
import TestSupport
import Testing

/// Plans carried out on a host that is a value: it refuses what the kernel would.
private struct FakeHost {
    var state = HostState()

    struct Refusal: Error { let step: Step }

    mutating func carryOut(_ plan: Plan) throws {
        for step in plan.steps {
            guard try perform(step) else { throw Refusal(step: step) }
        }
    }

    private mutating func perform(_ step: Step) throws -> Bool {
        switch step {
        case .addBridge(let name, let bridge):
            guard state.bridges[name] == nil else { return false }
            state.bridges[name] = BridgeState(
                mac: bridge.mac, mtu: 1_500, settings: bridge.settings, alias: nil, addresses: [], isUp: false)
        case .set(let name, let difference): return set(name, difference)
        case .setBridge(let name, let settings): state.bridges[name]?.settings = settings
        case .addAddress(let address, let name):
            return state.bridges[name]?.addresses.insert(address).inserted == true
        case .removeAddress(let address, let name):
            return state.bridges[name]?.addresses.remove(address) != nil
        case .addRoute(let route, let name):
            guard let bridge = state.bridges[name], bridge.isUp,
                bridge.addresses.contains(where: { $0.subnet?.contains(route.gateway) == true })
            else { return false }
            return state.bridges[name]?.routes.insert(route).inserted == true
        case .removeRoute(let route, let name): return state.bridges[name]?.routes.remove(route) != nil
        case .setIsolated(let name, let isolated):
            guard state.taps[name]?.master != nil else { return false }
            state.taps[name]?.isIsolated = isolated
        case .setGroupForward(let name, let mask):
            guard state.taps[name]?.master != nil else { return false }
            state.taps[name]?.groupForward = mask
        case .setSysctl(let sysctl, let value): state.sysctls[sysctl] = value
        case .installRules(let rules): state.rules[rules.bridge] = rules
        case .replaceRules(let old, let new):
            guard state.rules[old.bridge] == old else { return false }
            state.rules[new.bridge] = new
        case .removeRules(let rules): return state.rules.removeValue(forKey: rules.bridge) != nil
        case .removeLink(let name): return remove(name)
        // These networks limit nothing, and have no VLANs.
        case .setAddresses, .setVLANs, .addIntermediate, .setShaper, .redirect, .endRedirection: return false
        }
        return true
    }

    private mutating func set(_ name: InterfaceName, _ difference: Step.LinkDifference) -> Bool {
        if var bridge = state.bridges[name] {
            bridge.alias = difference.alias ?? bridge.alias
            bridge.mac = difference.mac ?? bridge.mac
            bridge.mtu = difference.mtu ?? bridge.mtu
            bridge.isUp = difference.isUp ?? bridge.isUp
            state.bridges[name] = bridge
        } else if var tap = state.taps[name] {
            if let master = difference.master {
                guard master.map({ state.bridges[$0] != nil }) ?? true else { return false }
                tap.master = master
                tap.isIsolated = false
                tap.groupForward = 0
            }
            tap.alias = difference.alias ?? tap.alias
            tap.mac = difference.mac ?? tap.mac
            tap.mtu = difference.mtu ?? tap.mtu
            tap.isUp = difference.isUp ?? tap.isUp
            state.taps[name] = tap
        } else {
            return false
        }
        return true
    }

    /// A bridge lets its ports go, and takes its settings with it.
    private mutating func remove(_ name: InterfaceName) -> Bool {
        if state.taps.removeValue(forKey: name) != nil { return true }
        for tap in state.taps.keys where state.taps[tap]?.master == name {
            state.taps[tap]?.master = nil
            state.taps[tap]?.isIsolated = false
            state.taps[tap]?.groupForward = 0
        }
        state.sysctls = state.sysctls.filter { !$0.key.belongs(to: name) }
        return state.bridges.removeValue(forKey: name) != nil
    }
}

/// Walks from one network to another and another, as `apply` does with one that runs.
@Suite struct WalkTests {
    private static func desired(_ network: NetworkDefinition) throws -> HostState {
        var state = try HostState(running: network, redirects: [], advertised: [])
        var tap = TapState(mac: "fe:54:00:00:00:10", mtu: network.mtu, alias: "vnet:x:vm1", master: nil, isUp: true)
        tap.master = network.bridge.name.flatMap { InterfaceName($0) }
        tap.isIsolated = network.portsAreIsolated == true
        tap.groupForward = network.extensions.linkLocalForward.portMask
        state.taps["vtap0"] = tap
        return state
    }

    /// The kernel decides an MTU that nobody asked for, and nobody puts it back; settings of the host stay when no network
    /// needs them, until the last one goes.
    private static func comparable(_ state: HostState, to wish: HostState) -> HostState {
        var state = state
        for (name, bridge) in wish.bridges where bridge.mtu == nil { state.bridges[name]?.mtu = nil }
        for (name, tap) in wish.taps where tap.mtu == nil { state.taps[name]?.mtu = nil }
        state.sysctls = state.sysctls.filter { wish.sysctls[$0.key] != nil }
        return state
    }

    @Test(arguments: UInt64(0)..<40) func eachStepIsPossibleAndTheEndIsWhatWasWished(seed: UInt64) throws {
        var networks = RandomNetwork(seed: seed)
        var host = FakeHost()
        host.state.taps["vtap0"] = TapState(
            mac: "fe:54:00:00:00:10", mtu: 1_500, alias: "vnet:x:vm1", master: nil, isUp: true)
        for _ in 0..<100 {
            let wish = try Self.desired(networks.next())
            let plan = Plan(from: host.state, to: wish)
            try host.carryOut(plan)
            #expect(Self.comparable(host.state, to: wish) == wish, "\(plan)")
            #expect(Plan(from: host.state, to: wish).steps.isEmpty, "\(Plan(from: host.state, to: wish))")
        }
    }

    /// Undone anywhere, a change leaves what was there.
    @Test(arguments: UInt64(0)..<10) func fromAnyStepThereIsAWayBack(seed: UInt64) throws {
        var networks = RandomNetwork(seed: 1_000 + seed)
        var host = FakeHost()
        host.state.taps["vtap0"] = TapState(
            mac: "fe:54:00:00:00:10", mtu: 1_500, alias: "vnet:x:vm1", master: nil, isUp: true)
        try host.carryOut(Plan(from: host.state, to: Self.desired(networks.next())))
        for _ in 0..<20 {
            let before = host.state
            let steps = Plan(from: before, to: try Self.desired(networks.next())).steps
            for count in 0...steps.count {
                var broken = FakeHost(state: before)
                try broken.carryOut(Plan(steps: Array(steps.prefix(count))))
                let back = Plan(from: broken.state, to: before)
                try broken.carryOut(back)
                #expect(Self.comparable(broken.state, to: before) == before, "after \(count) of\n\(Plan(steps: steps))")
            }
            try host.carryOut(Plan(steps: steps))
        }
    }
}
