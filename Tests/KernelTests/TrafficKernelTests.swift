import Engine
import Foundation
import Netlink
import NetworkModel
import TestSupport
import Testing

/// Shapers and detours against a real kernel, each test in a namespace of its own.
@Suite(.requiresRoot) struct TrafficKernelTests {
    private static func wish(
        _ inbound: NetworkDefinition.Bandwidth.Rate?, _ outbound: NetworkDefinition.Bandwidth.Rate?
    ) -> HostState {
        var state = HostState()
        state.limit("br9", to: TrafficLimits(.init(inbound: inbound, outbound: outbound)), alias: "vnet:x")
        return state
    }

    /// Rates of all sizes, each read again as it was set.
    private static let rates: [NetworkDefinition.Bandwidth.Rate] = [
        // One kilobyte a second.
        .init(average: 1),
        // As libvirt's documentation has it.
        .init(average: 1_000, peak: 5_000, burst: 5_120),
        // 1 Gbit/s.
        .init(average: 125_000, peak: 125_001, burst: 1),
        // More than 32 bits of octets a second.
        .init(average: 5_000_000, peak: 10_000_000, burst: 100_000),
        // Nothing that any device reaches.
        .init(average: .max, peak: .max, burst: .max),
    ]

    @Test(arguments: rates) func aSecondPlanIsEmpty(rate: NetworkDefinition.Bandwidth.Rate) async throws {
        let (missing, left) = try await withNetworkNamespace {
            let sockets = try RouteSocket()
            try sockets.addBridge("br9", mac: "52:54:00:00:00:09", settings: .init(stp: false, forwardDelay: 0))
            var kernel = try Kernel()
            let wish = Self.wish(rate, rate)
            try kernel.turn(try kernel.observe(wish), into: wish)
            let observed = try kernel.observe(wish)
            let missing = Plan(from: observed, to: wish).description
            try kernel.turn(observed, into: HostState())
            let after = try kernel.observe(wish)
            return (missing, try kernel.links().map(\.name) + after.shapers.keys.map(\.description))
        }
        #expect(missing == "")
        #expect(left == ["lo", "br9"])
    }

    /// A change of rates touches nothing else.
    @Test func ratesChangeInPlace() async throws {
        let (steps, reached) = try await withNetworkNamespace {
            let sockets = try RouteSocket()
            try sockets.addBridge("br9", mac: "52:54:00:00:00:09", settings: .init(stp: false, forwardDelay: 0))
            var kernel = try Kernel()
            let slow = Self.wish(.init(average: 1_000), .init(average: 1_000))
            let fast = Self.wish(.init(average: 2_000, peak: 4_000), .init(average: 3_000))
            try kernel.turn(HostState(), into: slow)
            let observed = try kernel.observe(slow)
            try kernel.turn(observed, into: fast)
            return (Plan(from: observed, to: fast).description, try kernel.observe(fast) == fast)
        }
        #expect(steps.split(separator: "\n").allSatisfy { $0.hasPrefix("tc class change ") }, "\(steps)")
        #expect(reached)
    }

    /// Shares come, change their receiver, and go.
    @Test func sharesChangeInPlace() async throws {
        let wishes = [[3: "52:54:00:00:00:03", 0x1F: "52:54:00:AB:CD:EF"], [3: "52:54:00:00:00:04"], [:]].map {
            (shares: [UInt16: MACAddress]) in
            var state = Self.wish(.init(average: 1_000), nil)
            state.shapers["br9"]?.shares = shares.mapValues { .init(.init(rate: 100_000, ceiling: 1_000_000), to: $0) }
            return state
        }
        let reached = try await withNetworkNamespace {
            let sockets = try RouteSocket()
            try sockets.addBridge("br9", mac: "52:54:00:00:00:09", settings: .init(stp: false, forwardDelay: 0))
            var kernel = try Kernel()
            return try wishes.map { wish in
                try kernel.turn(try kernel.observe(wish), into: wish)
                return try kernel.observe(wish) == wish
            }
        }
        #expect(reached == [true, true, true])
    }

    /// Whatever step is refused, those before it are undone.
    @Test func aRefusedStepUndoesAllBeforeIt() async throws {
        let wish = Self.wish(.init(average: 1_000), .init(average: 1_000))
        let count = Plan(from: HostState(), to: wish).steps.count
        #expect(count == 5)
        for index in 0...count {
            let left = try await withNetworkNamespace {
                let sockets = try RouteSocket()
                try sockets.addBridge("br9", mac: "52:54:00:00:00:09", settings: .init(stp: false, forwardDelay: 0))
                var kernel = try Kernel()
                var steps = Plan(from: HostState(), to: wish).steps
                steps.insert(.set("nosuchlink", .init(isUp: true)), at: index)
                try? kernel.carryOut(.init(Plan(steps: steps), before: HostState(), scope: wish))
                let device = try kernel.link(named: "br9")
                let after = try kernel.observe(wish)
                let isRedirected = try device.map { try sockets.redirection(of: $0) != nil } ?? true
                return try kernel.links().map(\.name) + after.shapers.keys.map(\.description)
                    + (isRedirected ? ["a redirection"] : [])
            }
            #expect(left == ["lo", "br9"], "step \(index)")
        }
    }

    private struct Unavailable: Error {}

    /// Somebody else's discipline is neither taken for ours nor replaced.
    @Test func leavesOthersDisciplinesAlone() async throws {
        let (foreign, code, still) = try await withNetworkNamespace {
            let sockets = try RouteSocket()
            try sockets.addBridge("br9", mac: "52:54:00:00:00:09", settings: .init(stp: false, forwardDelay: 0))
            guard let device = try sockets.link(named: "br9") else { throw Unavailable() }
            var kernel = try Kernel()
            let none = try kernel.foreignQueue(of: device)
            guard unsafe system("tc qdisc add dev br9 root handle 5: pfifo") == 0 else { throw Unavailable() }
            let foreign = try kernel.foreignQueue(of: device)
            var code: NetlinkError.Code?
            do throws(EngineError) {
                try kernel.turn(HostState(), into: Self.wish(.init(average: 1), nil))
            } catch { code = error.code }
            return ([none, foreign], code, try kernel.foreignQueue(of: device))
        }
        #expect(foreign == [nil, "pfifo"])
        #expect(code == .exists)
        #expect(still == "pfifo")
    }
}
