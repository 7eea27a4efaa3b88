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

    // MARK: Limits

    /// A bridge of the host's.
    private static func limited(_ inbound: UInt64, _ outbound: UInt64?) throws -> HostState {
        var network = network(.nat)
        network.forward = .init(mode: .bridge)
        network.bandwidth = .init(
            inbound: .init(average: inbound, peak: 2 * inbound, burst: 512),
            outbound: outbound.map { .init(average: $0) })
        return try HostState(running: network, redirects: [], advertised: [])
    }

    @Test func limitsWhatPassesTheBridge() throws {
        let plain = try Self.limited(1_000, 500)
        var unlimited = plain
        (unlimited.shapers, unlimited.detours) = ([:], [:])
        try expectGolden(Plan(from: unlimited, to: plain).description + "\n", "limit.txt")
        try expectGolden(Plan(from: plain, to: unlimited).description + "\n", "unlimit.txt")
    }

    @Test func changesRatesInPlace() throws {
        let plan = try Plan(from: Self.limited(1_000, 500), to: Self.limited(3_000, 500)).description
        #expect(
            plan == """
                tc class change dev virbr7 parent 766e: classid 766e:1 htb rate 3000000bps ceil 6000000bps burst 6000b
                tc class change dev virbr7 parent 766e:1 classid 766e:2 htb rate 3000000bps ceil 6000000bps burst 524288b
                """)
    }

    @Test func takesOneDirectionsLimitAway() throws {
        let plan = try Plan(from: Self.limited(1_000, 500), to: Self.limited(1_000, nil)).description
        #expect(
            plan == """
                tc qdisc del dev virbr7 ingress
                ip link del ifb-virbr7
                """)
    }

    /// What limits a tap goes with it, but for the detour, which is a device of its own.
    @Test func limitsEndWithTheirDevice() {
        let tap = TapState(mac: "fe:54:00:00:00:10", mtu: nil, alias: "vnet:x:vm1", master: nil, isUp: true)
        var state = HostState(taps: ["vtap0": tap])
        let bandwidth = NetworkDefinition.Bandwidth(inbound: .init(average: 1), outbound: .init(average: 1))
        state.limit("vtap0", to: TrafficLimits(bandwidth), alias: "vnet:x:vm1")
        #expect(
            Plan(from: state, to: HostState()).description == """
                ip link del vtap0
                ip link del ifb-vtap0
                """)
        // And where the tap is gone, nothing is made for it.
        #expect(Plan(from: HostState(), to: state).steps.isEmpty)
    }

    /// The names of detours are names of interfaces, however long those of their devices are.
    @Test func namesDetours() {
        var state = HostState()
        for name in ["br0", "elevenchars", "twelve-chars", "twelve-charz", "fifteen-letters"] as [InterfaceName] {
            state.limit(name, to: TrafficLimits(.init(outbound: .init(average: 1))), alias: "")
        }
        let names = state.detours.keys.map(\.description).sorted()
        #expect(names.count == 5)
        #expect(names.contains("ifb-br0") && names.contains("ifb-elevenchars"))
        #expect(names.allSatisfy { $0.hasPrefix("ifb-") })
    }

    /// On a bridge of the host's, nothing but limits.
    @Test func leavesTheHostsBridgeAlone() throws {
        var network = NetworkDefinition(name: "lan", uuid: "11111111-2222-3333-4444-555555555555")
        network.forward = .init(mode: .bridge)
        network.bridge.name = "br0"
        #expect(try HostState(running: network, redirects: [], advertised: []) == HostState())
        network.bandwidth = .init(inbound: .init(average: 1_000))
        let state = try HostState(running: network, redirects: [], advertised: [])
        #expect(state.shapers.keys.map(\.description) == ["br0"])
        #expect(Plan(from: HostState(), to: state).steps.count == 1)
    }

    // MARK: Ports

    private static let tap = TapState(
        mac: "fe:54:00:00:00:10", mtu: nil, alias: "vnet:x:vm1", master: "br0", isUp: true)

    private static func plan(_ have: TapState, _ want: TapState) -> String {
        Plan(from: HostState(taps: ["vtap0": have]), to: HostState(taps: ["vtap0": want])).description
    }

    @Test func tellsABridgeWhatIsBehindAPort() {
        var fixed = Self.tap
        fixed.addresses = .fixed("52:54:00:00:00:10")
        let fixing = """
            bridge fdb replace 52:54:00:00:00:10 dev vtap0 master static
            bridge link set dev vtap0 learning off flood off
            """
        #expect(Self.plan(Self.tap, fixed) == fixing)
        #expect(
            Self.plan(fixed, Self.tap) == """
                bridge fdb del 52:54:00:00:00:10 dev vtap0 master static
                bridge link set dev vtap0 learning on flood on
                """)
        // A port that comes to another bridge is a new one.
        var elsewhere = fixed
        elsewhere.master = "br1"
        #expect(Self.plan(elsewhere, fixed) == "ip link set vtap0 master br0\n" + fixing)
    }

    /// A member of one VLAN, a trunk, and a trunk with frames that have no tag.
    @Test func putsPortsIntoVLANs() {
        var member = Self.tap
        member.vlans = PortVLANs(.init(tags: [7]))
        #expect(
            Self.plan(Self.tap, member) == """
                bridge vlan add dev vtap0 vid 7 pvid untagged
                bridge vlan del dev vtap0 vid 1
                """)
        var trunk = Self.tap
        trunk.vlans = PortVLANs(.init(tags: [7, 8]))
        #expect(
            Self.plan(member, trunk) == """
                bridge vlan add dev vtap0 vid 7
                bridge vlan add dev vtap0 vid 8
                """)
        trunk.vlans = PortVLANs(.init(tags: [7, 8], native: .init(tag: 8, mode: .tagged)))
        #expect(
            Self.plan(member, trunk) == """
                bridge vlan add dev vtap0 vid 7
                bridge vlan add dev vtap0 vid 8 pvid
                """)
        #expect(Self.plan(trunk, trunk) == "")
    }

    @Test func guaranteesShares() throws {
        let state = try Self.limited(1_000, nil)
        var shared = state
        shared.shapers["virbr7"]?.guarantee(300, to: "52:54:00:00:00:10", as: 3)
        #expect(
            Plan(from: state, to: shared).description == """
                tc class add dev virbr7 parent 766e:1 classid 766e:3 htb rate 300000bps ceil 2000000bps burst 3028b
                tc qdisc add dev virbr7 parent 766e:3 fq_codel
                tc class change dev virbr7 parent 766e:1 classid 766e:2 htb rate 1700000bps ceil 2000000bps burst 524288b
                tc filter add dev virbr7 parent 766e: protocol all prio 2 handle 800::3 u32 match ether dst 52:54:00:00:00:10 flowid 766e:3
                """)
    }

    /// A definition that was never completed cannot run.
    @Test func refusesWhatHasNoBridge() {
        var network = Self.network(.nat)
        network.mac = nil
        #expect(throws: EngineError.self) { try HostState(running: network, redirects: [], advertised: []) }
    }
}
