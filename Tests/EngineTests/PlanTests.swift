import Engine
import Firewall
import Netlink
import NetworkModel
import TestSupport
import Testing

@Suite struct PlanTests {
    /// A network as `define` leaves it, IPv4 and IPv6.
    private static func network(_ mode: NetworkDefinition.Forward.Mode?) -> NetworkDefinition {
        var network = NetworkDefinition(name: "lab", uuid: "11111111-2222-3333-4444-555555555555")
        network.forward = mode.map { .init(mode: $0) }
        network.bridge = .init(name: "virbr7", stp: true, delay: 2)
        network.mac = "52:54:00:00:00:01"
        network.mtu = 1_400
        network.ips = [
            .init(address: "10.0.7.1", mask: .prefix(24)), .init(address: "fd00:7::1", mask: .prefix(64)),
        ]
        return network
    }

    private static func running(_ mode: NetworkDefinition.Forward.Mode?) throws -> HostState {
        try HostState(running: network(mode), redirects: [], advertised: ["eth0"])
    }

    @Test func startsFromNothing() throws {
        try expectGolden(Plan(from: HostState(), to: Self.running(.route)).description + "\n", "start-route.txt")
    }

    /// Forwarding is the last to be switched on, and interfaces that take advertisements go before it.
    @Test func forwardsOnlyWhenRulesStand() throws {
        let steps = try Plan(from: HostState(), to: Self.running(.nat)).steps.map(\.description)
        let rules = try #require(steps.firstIndex { $0.hasPrefix("nft") })
        let up = try #require(steps.firstIndex { $0.hasSuffix("up") })
        let advertised = try #require(steps.firstIndex { $0.contains("eth0/accept_ra") })
        let forwarding = try #require(steps.firstIndex { $0.contains("all/forwarding") })
        #expect(rules < up && up < advertised && advertised < forwarding)
    }

    @Test func isolatedNetworksForwardNothing() throws {
        let plan = try Plan(from: HostState(), to: Self.running(nil)).description
        #expect(!plan.contains("forwarding") && !plan.contains("ip_forward"))
    }

    @Test func stopsToNothing() throws {
        var running = try Self.running(.nat)
        running.sysctls = [:]
        try expectGolden(Plan(from: running, to: HostState()).description + "\n", "stop-nat.txt")
    }

    @Test func isEmptyWhereNothingDiffers() throws {
        let state = try Self.running(.nat)
        #expect(Plan(from: state, to: state).steps.isEmpty)
    }

    @Test func addsTheNewAddressBeforeItRemovesTheOld() throws {
        let state = try Self.running(.nat)
        var moved = state
        moved.bridges["virbr7"]?.addresses = [InterfaceAddress("10.0.9.1", prefixLength: 24)]
        #expect(
            Plan(from: state, to: moved).description == """
                ip addr add 10.0.9.1/24 dev virbr7
                ip addr del 10.0.7.1/24 dev virbr7
                ip addr del fd00:7::1/64 dev virbr7
                """
        )
    }

    @Test func takesTapsBack() {
        let tap = TapState(mac: "fe:54:00:00:00:10", mtu: 1_500, alias: "vnet:x:vm1", master: nil, isUp: false)
        var plugged = tap
        plugged.master = "virbr7"
        plugged.isUp = true
        #expect(
            Plan(from: HostState(taps: ["vtap0": tap]), to: HostState(taps: ["vtap0": plugged])).description
                == "ip link set vtap0 master virbr7 up")
    }

    /// A definition that was never completed cannot run.
    @Test func refusesWhatHasNoBridge() {
        var network = Self.network(.nat)
        network.mac = nil
        #expect(throws: EngineError.self) { try HostState(running: network, redirects: [], advertised: []) }
    }
}
