import NetworkModel
import TestSupport
import Testing

/// Where a hypervisor is to put a guest.
@Suite struct PlugTests {
    typealias Network = NetworkDefinition

    private static let uuid: NetworkUUID = "11111111-1111-1111-1111-111111111111"

    private static func network(_ mode: Network.Forward.Mode?, _ change: (inout Network) -> Void = { _ in }) -> Network
    {
        var network = Network(name: "lab", uuid: uuid)
        network.forward = mode.map { .init(mode: $0) }
        change(&network)
        return network
    }

    private static func port(_ plug: NetworkPort.Plug? = nil) -> NetworkPort {
        var port = NetworkPort(uuid: uuid, owner: .init(name: "dd", uuid: uuid), mac: "52:54:00:01:02:03")
        port.plug = plug
        return port
    }

    private static func device(_ slot: UInt8) throws -> PCIAddress {
        try #require(PCIAddress(domain: 0, bus: 1, slot: slot, function: 0))
    }

    @Test(
        arguments: [
            // The network's own bridge,
            (network(nil) { $0.bridge.name = "virbr0" }, [], .network(bridge: "virbr0", nil)),
            (
                network(.nat) {
                    $0.bridge.name = "virbr0"
                    $0.bridge.macTableManager = .libvirt
                }, [], .network(bridge: "virbr0", .libvirt)
            ),
            // one of the host's,
            (network(.bridge) { $0.bridge.name = "br0" }, [], .bridge(bridge: "br0", nil)),
            // an interface: the first, and the one with the fewest guests.
            (network(.bridge) { $0.forward?.interfaces = ["e0", "e1"] }, [], .direct(device: "e0", .bridge)),
            (
                network(.vepa) { $0.forward?.interfaces = ["e0", "e1"] }, [.direct(device: "e0", .vepa)],
                .direct(device: "e1", .vepa)
            ),
            (
                network(.passthrough) { $0.forward?.interfaces = ["e0", "e1"] },
                [.direct(device: "e0", .passthrough)], .direct(device: "e1", .passthrough)
            ),
        ] as [(Network, [NetworkPort.Plug], NetworkPort.Plug)])
    func plugs(network: Network, others: [NetworkPort.Plug], expected: NetworkPort.Plug) throws {
        let port = try network.plugging(Self.port(), besides: others.map { Self.port($0) })
        #expect(port.plug == expected)
        #expect(try network.reclaiming(port, besides: []).plug == expected)
    }

    @Test func aDeviceIsOneGuestsAlone() throws {
        let (one, two) = (try Self.device(1), try Self.device(2))
        let network = Self.network(.hostdev) {
            $0.forward?.addresses = [one, two]
            $0.forward?.isManaged = true
        }
        let first = try network.plugging(Self.port(), besides: [])
        #expect(first.plug == .device(one, isManaged: true, driver: nil))
        let second = try network.plugging(Self.port(), besides: [first])
        #expect(second.plug == .device(two, isManaged: true, driver: nil))
        #expect(throws: PlugError.self) { try network.plugging(Self.port(), besides: [first, second]) }
        #expect(throws: PlugError.self) { try network.reclaiming(first, besides: [first]) }
    }

    @Test(
        arguments: [
            // A plug where one is to be given, and none where it is to be taken again,
            (network(nil), port(.network(bridge: "virbr0", nil)), false, "has a <plug> already"),
            (network(nil), port(), true, "nothing to reclaim"),
            // another kind than the network has,
            (network(nil), port(.direct(device: "e0", .vepa)), true, "is none of network 'lab'"),
            (network(.bridge), port(.network(bridge: "virbr0", nil)), true, "no place of type 'network'"),
            // nothing left,
            (
                network(.passthrough) { $0.forward?.interfaces = [] }, port(), false,
                "has no interface for guests"
            ),
            (network(.hostdev), port(), false, "all are taken"),
            // and what the bridge does not know.
            (network(.nat) { $0.virtualPort = .init(.openvswitch) }, port(), false, "knows no <virtualport>"),
            (
                network(.nat) {
                    $0.portGroups = [.init(name: "a")]
                    $0.portGroups[0].isDefault = true
                    $0.portGroups[0].vlan = .init(tags: [1])
                }, port(), false, "knows no <vlan>"
            ),
        ] as [(Network, NetworkPort, Bool, String)])
    func refusal(network: Network, port: NetworkPort, isReclaimed: Bool, message: String) {
        let error = #expect(throws: PlugError.self) {
            try isReclaimed ? network.reclaiming(port, besides: []) : network.plugging(port, besides: [])
        }
        #expect(error?.description.contains(message) == true, "\(error.map { "\($0)" } ?? "")")
    }

    /// The port's own word counts most, then its group's, then the network's.
    @Test func takesOverWhatItsGroupAndNetworkSay() throws {
        let network = Self.network(nil) {
            $0.portsAreIsolated = true
            $0.trustGuestRxFilters = true
            $0.portGroups = [.init(name: "slow"), .init(name: "fast")]
            $0.portGroups[0].isDefault = true
            $0.portGroups[0].bandwidth = .init(inbound: .init(average: 1))
            $0.portGroups[1].bandwidth = .init(inbound: .init(average: 9))
            $0.portGroups[1].trustGuestRxFilters = false
        }
        let silent = try network.plugging(Self.port(), besides: [])
        #expect(silent.bandwidth == .init(inbound: .init(average: 1)))
        #expect(silent.isIsolated == true && silent.trustGuestRxFilters == true)
        var wish = Self.port()
        wish.group = "fast"
        wish.isIsolated = false
        let fast = try network.plugging(wish, besides: [])
        #expect(fast.bandwidth == .init(inbound: .init(average: 9)))
        #expect(fast.isIsolated == false && fast.trustGuestRxFilters == false)
        // As with libvirt, a group that is not there is none.
        wish.group = "nowhere"
        #expect(try network.plugging(wish, besides: []).bandwidth == nil)
    }
}
