import Engine
import Foundation
import Netlink
import NetworkModel
import TestSupport
import Testing

/// What a bridge knows of its ports, against a real kernel.
@Suite(.requiresRoot) struct PortKernelTests {
    /// Sets each state in turn, and returns what a second plan would do after each.
    private static func reach(_ states: [TapState], vlanFiltering: Bool = false) async throws -> [String] {
        try await withNetworkNamespace {
            let sockets = try RouteSocket()
            try sockets.addBridge("br9", mac: "52:54:00:00:00:09", settings: .init(stp: false, forwardDelay: 0))
            if vlanFiltering, unsafe system("ip link set br9 type bridge vlan_filtering 1") != 0 { return ["refused"] }
            var kernel = try Kernel()
            try kernel.createTap("vtap0", owner: 0, group: .max)
            return try states.map { state in
                let wish = HostState(taps: ["vtap0": state])
                try kernel.turn(try kernel.observe(wish), into: wish)
                return Plan(from: try kernel.observe(wish), to: wish).description
            }
        }
    }

    private static let tap = TapState(
        mac: "fe:54:00:00:00:10", mtu: nil, alias: "vnet:x:vm1", master: "br9", isUp: true)

    @Test func addressesAreFixedAndLearnedAgain() async throws {
        var fixed = Self.tap
        fixed.addresses = .fixed("52:54:00:00:00:10")
        var unplugged = Self.tap
        unplugged.master = nil
        let left = try await Self.reach([Self.tap, fixed, Self.tap, fixed, unplugged, fixed])
        #expect(left == ["", "", "", "", "", ""])
    }

    @Test func vlansComeAndGo() async throws {
        let filters = try await withNetworkNamespace {
            let sockets = try RouteSocket()
            try sockets.addBridge("br9", mac: "52:54:00:00:00:09", settings: .init(stp: false, forwardDelay: 0))
            return try sockets.link(named: "br9")?.filtersVLANs
        }
        guard filters != nil else {
            try Test.cancel("this kernel has no VLAN filtering on bridges (CONFIG_BRIDGE_VLAN_FILTERING)")
        }
        let states = [
            NetworkDefinition.VLAN(tags: [7]), .init(tags: [7, 8]),
            .init(tags: [8, 9], native: .init(tag: 9, mode: .untagged)),
        ].map { vlan in
            var state = Self.tap
            state.vlans = PortVLANs(vlan)
            return state
        }
        #expect(try await Self.reach(states, vlanFiltering: true) == ["", "", ""])
    }
}
