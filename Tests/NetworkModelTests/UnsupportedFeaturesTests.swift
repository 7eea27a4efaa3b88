import NetworkModel
import TestSupport
import Testing

/// What hinders a start, each feature by itself.
@Suite struct UnsupportedFeaturesTests {
    typealias Network = NetworkDefinition

    struct Row: CustomTestStringConvertible, Sendable {
        let change: @Sendable (inout Network) -> Void
        let expected: String

        init(_ expected: String, _ change: @escaping @Sendable (inout Network) -> Void) {
            self.expected = expected
            self.change = change
        }

        var testDescription: String { expected }
    }

    @Test(
        arguments: [
            .init("<forward> with mode 'vepa' names no interface or bridge to put guests on") {
                $0.forward = .init(mode: .vepa)
                $0.bridge.name = nil
            },
            .init("<forward> with mode 'hostdev' needs devices with SR-IOV virtual functions") {
                $0.forward = .init(mode: .hostdev)
            },
            .init("<forward> with mode 'passthrough' needs devices with SR-IOV virtual functions") {
                $0.forward = .init(mode: .passthrough)
                $0.forward?.physicalFunction = "eth0"
            },
            .init("<port> is isolated, which needs a bridge") {
                $0.forward = .init(mode: .bridge, device: "eth0")
                $0.bridge.name = nil
                $0.portsAreIsolated = true
            },
            .init("<bridge> has the name 'a b', which is no interface's") { $0.bridge.name = "a b" },
            .init("'zone' of <bridge> needs firewalld") { $0.bridge.zone = "libvirt" },
            .init("<mtu> has the size 67, which no bridge can have: 68 to 65535") { $0.mtu = 67 },
            .init("<ip> has the address 10.0.7.1, whose prefix is no prefix") {
                $0.ips[0].mask = .netmask("255.0.255.0")
            },
            .init("<vlan> needs a bridge, or devices with SR-IOV virtual functions") {
                $0.forward = .init(mode: .passthrough, device: "eth0")
                $0.bridge.name = nil
                $0.vlan = .init(tags: [1])
            },
            .init("<virtualport> needs an interface with port extension, 802.1Qbh") { $0.virtualPort = .init(.qbh) },
        ] as [Row])
    func tells(row: Row) {
        var network = ServiceConfigurationTests.network
        row.change(&network)
        let found = network.unsupportedFeatures
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.contains(row.expected) == true, "\(found)")
    }

    /// What is the default, has no effect anywhere here, or is done.
    @Test(
        arguments: [
            .init("as it is") { _ in },
            .init("isolated") { $0.forward = nil },
            .init("libvirt's own range of ports") { $0.forward?.nat.ports = 1_024...65_535 },
            .init("no") {
                $0.forward?.nat.ipv6 = false
                $0.portsAreIsolated = false
                $0.domain?.register = false
                $0.trustGuestRxFilters = false
            },
            .init("the kernel's table") { $0.bridge.macTableManager = .kernel },
            .init("vnet's table") { $0.bridge.macTableManager = .libvirt },
            .init("VLANs on a bridge of the host's, which has to be looked at") {
                $0.forward = .init(mode: .bridge)
                $0.vlan = .init(tags: [1])
            },
            .init("ipv6 where there is an address") {
                $0.allowsIPv6 = true
                $0.ips.append(.init(address: "fd00::1", mask: .none))
            },
            .init("limits of all kinds") {
                $0.bandwidth = .init(inbound: .init(average: 1))
                $0.portGroups = [.init(name: "a")]
                $0.portGroups[0].bandwidth = .init(outbound: .init(average: 1))
            },
            .init("a bridge of the host's") { $0.forward = .init(mode: .bridge) },
            .init("interfaces of the host's") {
                $0.forward = .init(mode: .private, device: "eth0")
                $0.bridge.name = nil
                $0.portsAreIsolated = true
            },
            .init("a name for the host, without which guests find each other") { $0.domain?.register = true },
            .init("a virtual port of no type") { $0.virtualPort = .init(nil) },
            .init("a port group for a switch, which hinders its own ports alone") {
                $0.portGroups = [.init(name: "a")]
                $0.portGroups[0].virtualPort = .init(.openvswitch)
            },
            .init("trusted filters") { $0.trustGuestRxFilters = true },
            .init("a port group of nothing") { $0.portGroups = [.init(name: "a")] },
            .init("dnsmasq's options") { $0.dnsmasqOptions = ["a=b"] },
            .init("a forwarder's port") {
                $0.dns = .init()
                $0.dns?.forwarders = [.init(address: "192.0.2.1", port: 5_353)]
            },
            .init("a client's DUID beside its MAC address, which libvirt does not use either") {
                $0.ips[0].hosts[0].id = "0:1"
            },
            .init("a template") { $0.bridge.name = "lab%d" },
        ] as [Row])
    func isSilent(row: Row) {
        var network = ServiceConfigurationTests.network
        row.change(&network)
        #expect(network.unsupportedFeatures == [])
    }
}
