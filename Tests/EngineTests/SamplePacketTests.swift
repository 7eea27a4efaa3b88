import Engine
import Firewall
import NetworkModel
import TestSupport
import Testing

/// The packets that must pass for a network to work as its definition says.
@Suite struct SamplePacketTests {
    private static func network(_ mode: NetworkDefinition.Forward.Mode?) -> NetworkDefinition {
        var network = NetworkDefinition(name: "lab", uuid: "11111111-2222-3333-4444-555555555555")
        network.forward = mode.map { .init(mode: $0) }
        network.bridge = .init(name: "virbr7")
        network.ips = [
            .init(address: "10.0.7.1", mask: .prefix(24)), .init(address: "fd00:7::1", mask: .prefix(64)),
        ]
        return network
    }

    private static func packets(
        _ network: NetworkDefinition, uplinks: [Uplink] = [Uplink(.ipv4, by: "eth0"), Uplink(.ipv6, by: "eth1")],
        services: HostServices = HostServices(), bridged: Set<AddressFamily> = []
    ) -> [SamplePacket] {
        SamplePacket.all(
            of: NetworkRules(of: network, bridge: "virbr7", redirects: []), network, uplinks: uplinks,
            services: services, bridged: bridged)
    }

    @Test(
        arguments: [
            // IPv6 is routed, also with mode nat.
            (NetworkDefinition.Forward.Mode.nat, [SamplePacket.Purpose.outwards, .answers, .outwards, .answers]),
            (.route, [.outwards, .answers, .inwards, .outwards, .answers, .inwards]),
        ])
    func `what crosses the border goes out, comes back, and comes in where it may`(
        mode: NetworkDefinition.Forward.Mode, purposes: [SamplePacket.Purpose]
    ) {
        let packets = Self.packets(Self.network(mode))
        let crossing = packets.filter { $0.purpose != .discovery }
        #expect(crossing.map(\.purpose) == purposes)
        #expect(crossing.first?.source == "10.0.7.254")
        #expect(crossing.first?.input == .named("virbr7"))
        #expect(crossing.first?.output == .named("eth0"))
        #expect(crossing.last?.input == .named("eth1"))
        #expect(crossing.map(\.isTranslated).contains(true) == (mode == .nat))
        #expect(crossing.last?.isTranslated == false)
    }

    @Test func `a port forward's packets come in by its interface, to the guest`() {
        var network = Self.network(.nat)
        network.extensions.portForwards = [
            PortForward(.tcp, address: "127.0.0.1", ports: 8_080...8_080, firstTarget: 80, guest: .init("10.0.7.9")),
            PortForward(
                .udp, address: nil, device: "eth5", ports: 53...53, firstTarget: 5_353, guest: .init("10.0.7.9")),
        ]
        let forwarded = Self.packets(network).filter { $0.purpose == .forwarded }
        #expect(forwarded.map(\.input) == [.named("eth5")])
        #expect(forwarded.first?.destination == "10.0.7.9")
        #expect(forwarded.first?.destinationPort == 5_353)
        #expect(forwarded.first?.status == ["dnat"])
    }

    @Test func `services are asked and answer, and frames between guests count where they come by`() {
        var services = HostServices()
        services.dns = [.init("10.0.7.1", port: 40_053)]
        services.hasAdvertisements = true
        let packets = Self.packets(Self.network(nil), uplinks: [], services: services, bridged: [.ipv6])
        #expect(
            packets.map(\.purpose) == [
                .among, .dns, .replies, .dns, .replies, .discovery, .discovery, .solicitation,
            ])
        #expect(packets.filter { $0.purpose == .dns }.map(\.destinationPort) == [40_053, 40_053])
        #expect(packets.first?.family == .ipv6)
    }

    @Test func `a guest's address is none of the network's own`() {
        var network = Self.network(nil)
        network.ips = [.init(address: "10.0.7.254", mask: .prefix(24))]
        #expect(network.sampleGuest(.ipv4) == "10.0.7.253")
        #expect(network.sampleGuest(.ipv6) == nil)
        network.ips = [.init(address: "10.0.7.1", mask: .prefix(30))]
        #expect(network.sampleGuest(.ipv4) == "10.0.7.2")
    }
}
