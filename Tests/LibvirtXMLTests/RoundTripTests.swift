internal import LibvirtXML
internal import NetworkModel
internal import TestSupport
internal import Testing

/// A definition that is written and read again is the same definition, whatever it holds.
@Suite struct RoundTripTests {
    @Test(arguments: 0..<300) func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let network = NetworkDefinition.random(using: &random)
        let text = network.libvirtXML
        let again = try read(text)
        #expect(again == network)
        #expect(again.libvirtXML == text)
    }

    /// The generator makes what the property is about, or the property says nothing.
    @Test func theGeneratorMakesEveryPart() {
        let networks = (0..<300).map { seed in
            var random = SeededGenerator(seed: UInt64(seed))
            return NetworkDefinition.random(using: &random)
        }
        #expect(networks.contains { $0.metadata != nil && $0.title != nil && $0.description != nil })
        #expect(Set(networks.compactMap(\.forward?.mode)) == Set(NetworkDefinition.Forward.Mode.allCases))
        #expect(networks.contains { $0.forward?.nat.addresses != nil && $0.forward?.nat.ports != nil })
        #expect(networks.contains { $0.forward?.addresses.isEmpty == false })
        #expect(networks.contains { $0.forward?.physicalFunction != nil && $0.forward?.driver != nil })
        #expect(networks.contains { $0.vlan?.native != nil && $0.virtualPort != nil })
        #expect(networks.contains { $0.bandwidth != nil && !$0.routes.isEmpty && !$0.dnsmasqOptions.isEmpty })
        #expect(networks.contains { $0.portGroups.contains { $0.isDefault && $0.virtualPort != nil } })
        #expect(networks.contains { $0.ips.contains { $0.boot?.server != nil && $0.tftpRoot != nil } })
        #expect(
            networks.contains { $0.ips.contains { $0.address.family == .ipv6 && $0.hosts.contains { $0.id != nil } } })
        #expect(networks.contains { $0.forward?.mode == .route && $0.forward?.device != nil })
        #expect(networks.contains { !($0.dns?.services.isEmpty ?? true) })
        #expect(networks.contains { $0.ips.contains { !$0.ranges.isEmpty && !$0.hosts.isEmpty } })
        #expect(networks.contains { $0.ips.contains { $0.address.family == .ipv6 } })
    }
}
