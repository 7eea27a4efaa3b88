import Engine
import Firewall
import Foundation
import Netlink
import NetworkModel
import TestSupport
import Testing

/// The engine against a real kernel, each test in a namespace of its own.
@Suite(.requiresRoot) struct EngineKernelTests {
    private static func network(_ mode: NetworkDefinition.Forward.Mode?) -> NetworkDefinition {
        var network = NetworkDefinition(name: "lab", uuid: "11111111-2222-3333-4444-555555555555")
        network.forward = mode.map { .init(mode: $0) }
        network.bridge = .init(name: "virbr7", stp: true, delay: 0)
        network.mac = "52:54:00:00:00:01"
        network.mtu = 1_400
        network.ips = [
            .init(address: "10.0.7.1", mask: .prefix(24)), .init(address: "fd00:7::1", mask: .prefix(64)),
        ]
        return network
    }

    /// What an observation of `wish` still lacks, but for what the kernel decides itself.
    private static func difference(_ kernel: borrowing Kernel, _ wish: HostState) throws -> String {
        var observed = try kernel.observe(wish)
        observed.rules = wish.rules
        return Plan(from: observed, to: wish).description
    }

    @Test(arguments: [nil, NetworkDefinition.Forward.Mode.nat, .route, .open])
    func startAndStopLeaveNothing(mode: NetworkDefinition.Forward.Mode?) async throws {
        let (missing, rules, left) = try await withNetworkNamespace {
            let wish = try HostState(running: Self.network(mode), redirects: [], advertised: [])
            var kernel = try Kernel()
            try kernel.turn(try kernel.observe(wish), into: wish)
            let missing = try Self.difference(kernel, wish)
            let hasRules = wish.rules.values.allSatisfy { kernel.hasRules(of: $0) }
            var running = try kernel.observe(wish)
            running.rules = wish.rules
            running.sysctls = [:]
            try kernel.turn(running, into: HostState())
            try kernel.removeTables()
            return (missing, hasRules, try kernel.links().map(\.name))
        }
        #expect(missing == "")
        #expect(rules)
        #expect(left == ["lo"])
    }

    /// Whatever step is refused, those before it are undone.
    @Test func aRefusedStepUndoesAllBeforeIt() async throws {
        let wish = try HostState(running: Self.network(.nat), redirects: [], advertised: [])
        let count = Plan(from: HostState(), to: wish).steps.count
        #expect(count > 8)
        for index in 0...count {
            let (message, links, forwarding, tables) = try await withNetworkNamespace {
                var kernel = try Kernel()
                let before = Kernel.read(.ipv4Forwarding)
                let observed = try kernel.observe(wish)
                var steps = Plan(from: observed, to: wish).steps
                // Nothing has this name, so the step is refused wherever it stands.
                steps.insert(.set("nosuchlink", .init(isUp: true)), at: index)
                var message = ""
                do { try kernel.carryOut(.init(Plan(steps: steps), before: observed, scope: wish)) } catch {
                    message = "\(error)"
                }
                let hasRules = wish.rules.values.contains { kernel.hasRules(of: $0) }
                return (message, try kernel.links().map(\.name), Kernel.read(.ipv4Forwarding) == before, hasRules)
            }
            #expect(message.contains("set link 'nosuchlink'"), "step \(index)")
            #expect(links == ["lo"], "step \(index)")
            #expect(forwarding, "step \(index)")
            #expect(!tables, "step \(index)")
        }
    }

    /// From network to network in place: what is observed after each is what was wished.
    @Test(arguments: UInt64(0)..<4) func walksFromNetworkToNetwork(seed: UInt64) async throws {
        let problems = try await withNetworkNamespace {
            var networks = RandomNetwork(seed: seed)
            var kernel = try Kernel()
            let tap: InterfaceName = "vtap0"
            try kernel.createTap(tap, owner: 0, group: .max)
            var problems: [String] = []
            var before = HostState()
            for round in 0..<50 {
                let network = networks.next()
                var wish = try HostState(running: network, redirects: [], advertised: [])
                var state = TapState(mac: "fe:54:00:00:00:10", mtu: network.mtu, alias: "x", master: nil, isUp: true)
                state.master = network.bridge.name.flatMap { InterfaceName($0) }
                state.isIsolated = network.portsAreIsolated == true
                wish.taps[tap] = state
                var observed = try kernel.observe(wish.merging(before))
                observed.rules = before.rules
                try kernel.turn(observed, into: wish)
                let missing = try Self.difference(kernel, wish)
                if !missing.isEmpty { problems.append("seed \(seed), round \(round): \(missing)") }
                before = wish
            }
            return problems
        }
        #expect(problems == [])
    }

    @Test func namesWhatIsInTheWay() async throws {
        let (free, address, own) = try await withNetworkNamespace {
            let sockets = try RouteSocket()
            let kernel = try Kernel()
            let subnets: [IPSubnet] = ["192.168.150.0/24"]
            let free = try kernel.obstacle(to: subnets, except: ["virbr7"])
            try sockets.addBridge(
                "br9", mac: "52:54:00:00:00:09", settings: .init(stp: false, forwardDelay: 0))
            try sockets.addAddress(.init("192.168.150.9", prefixLength: 28), to: "br9")
            return (
                free, try kernel.obstacle(to: subnets, except: ["virbr7"]),
                try kernel.obstacle(to: subnets, except: ["br9"])
            )
        }
        #expect(free == nil)
        #expect(address == "address 192.168.150.9/28 of interface 'br9'")
        #expect(own == nil)
    }

    @Test func addsALinkOnce() async throws {
        let (code, text) = try await withNetworkNamespace {
            let sockets = try RouteSocket()
            let settings = Link.Bridge(stp: false, forwardDelay: 0)
            try sockets.addBridge("br9", mac: "52:54:00:00:00:09", settings: settings)
            do throws(NetlinkError) {
                try sockets.addBridge("br9", mac: "52:54:00:00:00:09", settings: settings)
            } catch {
                return (error.code, error.description)
            }
            return (.busy, "")
        }
        #expect(code == .exists)
        #expect(text == "add bridge 'br9': File exists")
    }

    /// Each answer belongs to its own request, whatever was asked before.
    @Test func answersDoNotMix() async throws {
        let (found, message, none) = try await withNetworkNamespace {
            let sockets = try RouteSocket()
            try sockets.addBridge(
                "br9", mac: "52:54:00:00:00:09", settings: .init(stp: false, forwardDelay: 0))
            let found = try [sockets.link(named: "br9"), sockets.link(named: "br9"), sockets.link(named: "lo")]
            var message = ""
            do throws(NetlinkError) { try sockets.deleteLink("br8") } catch { message = error.description }
            return (found.map { $0?.name }, message, try sockets.link(named: "br8") == nil)
        }
        #expect(found == ["br9", "br9", "lo"])
        #expect(message == "delete link 'br8': No such device")
        #expect(none)
    }

    /// The kernel's own words come with a refusal.
    @Test func saysWhyTheKernelRefuses() async throws {
        let text = try await withNetworkNamespace {
            let sockets = try RouteSocket()
            try sockets.addBridge(
                "br9", mac: "52:54:00:00:00:09", settings: .init(stp: false, forwardDelay: 0))
            do throws(NetlinkError) { try sockets.change("br9", .init(mtu: 1)) } catch { return error.description }
            return ""
        }
        #expect(text == "set link 'br9': Invalid argument (mtu less than device minimum)")
    }

    @Test func tapsBelongToTheirOwner() async throws {
        let (tap, left) = try await withNetworkNamespace {
            var kernel = try Kernel()
            let name: InterfaceName = "vtap0"
            try kernel.createTap(name, owner: 1_234, group: .max)
            let wish = TapState(mac: "fe:54:00:00:00:10", mtu: 1_400, alias: "vnet:x:vm1", master: nil, isUp: true)
            try kernel.turn(try kernel.observe(HostState(taps: [name: wish])), into: HostState(taps: [name: wish]))
            let observed = try kernel.observe(HostState(taps: [name: wish]))
            try kernel.turn(observed, into: HostState())
            return (observed.taps[name] == wish ? name.description : "\(observed)", try kernel.links().map(\.name))
        }
        #expect(tap == "vtap0")
        #expect(left == ["lo"])
    }

    /// Somebody flushed the ruleset: the next network makes the tables again.
    @Test func makesItsTablesAgain() async throws {
        let rules = try await withNetworkNamespace {
            var kernel = try Kernel()
            let first = NetworkRules(bridge: "virbr7", policy: .nat, subnets4: ["10.0.7.0/24"])
            let second = NetworkRules(bridge: "virbr8", policy: .nat, subnets4: ["10.0.8.0/24"])
            try kernel.turn(HostState(), into: HostState(rules: ["virbr7": first]))
            try Nft().run("flush ruleset", while: "flush")
            try kernel.turn(HostState(), into: HostState(rules: ["virbr8": second]))
            // What is gone already is no error to remove.
            try kernel.turn(HostState(rules: ["virbr7": first]), into: HostState())
            return [kernel.hasRules(of: first), kernel.hasRules(of: second)]
        }
        #expect(rules == [false, true])
    }
}
