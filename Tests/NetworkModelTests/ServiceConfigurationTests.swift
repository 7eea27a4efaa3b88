import NetworkModel
import TestSupport
import Testing

@Suite struct ServiceConfigurationTests {
    static let resolvers: [ServiceConfiguration.DNS.Server] = [.init(address: "203.0.113.53")]

    /// A NAT network with one range, one reservation and a domain, as `define` leaves it.
    static var network: NetworkDefinition {
        var network = NetworkDefinition(name: "lab", uuid: "11111111-2222-3333-4444-555555555555")
        network.forward = .init(mode: .nat)
        network.bridge.name = "virbr7"
        network.mac = "52:54:00:00:00:01"
        network.domain = .init(name: "lab.test", localOnly: true)
        var ip = NetworkDefinition.IP(address: "10.0.7.1", mask: .prefix(24))
        ip.ranges = [.init(start: "10.0.7.100", end: "10.0.7.199")]
        ip.hosts = [.init(mac: "52:54:00:00:00:10", name: "server", address: "10.0.7.10")]
        network.ips = [ip]
        return network
    }

    @Test func derivesDHCP() throws {
        let dhcp = try #require(ServiceConfiguration(of: Self.network, resolvers: Self.resolvers)?.dhcp)
        #expect(dhcp.serverAddress == "10.0.7.1")
        #expect(dhcp.routers == ["10.0.7.1"])
        #expect(dhcp.nameServers == ["10.0.7.1"])
        #expect(dhcp.domain == "lab.test")
        // libvirt's default, an hour.
        #expect(dhcp.ranges.map(\.leaseSeconds) == [3_600])
        #expect(dhcp.reservations.map(\.address) == ["10.0.7.10"])
    }

    /// What is written with a final dot is meant without it, and the root is no domain of guests.
    @Test(
        arguments: [("lab.test", "lab.test"), ("lab.test.", "lab.test"), ("", nil), (".", nil)] as [(String, String?)])
    func servesTheDomain(name: String, expected: String?) throws {
        var network = Self.network
        network.domain?.name = name
        let configuration = try #require(ServiceConfiguration(of: network, resolvers: []))
        #expect(configuration.dhcp?.domain == expected)
        #expect(configuration.dns?.domain == expected)
    }

    @Test func isolatedMeansNoRouterAndNobodyToAsk() throws {
        var network = Self.network
        network.forward = nil
        let configuration = try #require(ServiceConfiguration(of: network, resolvers: Self.resolvers))
        #expect(configuration.dhcp?.routers == [])
        #expect(configuration.dns?.forwarders == [])
    }

    @Test func disabledDNSIsNotOffered() throws {
        var network = Self.network
        network.dns = .init()
        network.dns?.enable = false
        let configuration = try #require(ServiceConfiguration(of: network, resolvers: Self.resolvers))
        #expect(configuration.dns == nil)
        #expect(configuration.dhcp?.nameServers == [])
    }

    @Test func neverForwardsToItself() throws {
        let configuration = try #require(
            ServiceConfiguration(of: Self.network, resolvers: [.init(address: "10.0.7.1")] + Self.resolvers))
        #expect(configuration.dns?.forwarders.flatMap(\.servers) == Self.resolvers)
    }

    @Test func forwardersOfTheDocumentComeBeforeTheHosts() throws {
        var network = Self.network
        network.dns = .init()
        network.dns?.forwarders = [
            .init(domain: "corp.test", address: "10.9.9.9"),
            // The host's own resolvers for this domain.
            .init(domain: "example.test"),
            .init(address: "192.0.2.1", port: 5_353),
        ]
        let forwarders = try #require(ServiceConfiguration(of: network, resolvers: Self.resolvers)?.dns?.forwarders)
        #expect(
            forwarders == [
                .init(domain: "corp.test", servers: [.init(address: "10.9.9.9")]),
                .init(domain: "example.test", servers: Self.resolvers),
                .init(servers: [.init(address: "192.0.2.1", port: 5_353)]),
            ])
    }

    @Test func serviceNamesStandInTheDomain() throws {
        var network = Self.network
        network.dns = .init()
        var ldap = NetworkDefinition.DNS.Service(service: "ldap", proto: "tcp")
        ldap.target = "server.lab.test"
        network.dns?.services = [ldap]
        let services = try #require(ServiceConfiguration(of: network, resolvers: [])?.dns?.services)
        #expect(services.map(\.name) == ["_ldap._tcp.lab.test"])
        #expect(services.map(\.port) == [1])
    }

    // MARK: IPv6

    /// What the `<ip>` of IPv6 has, and what guests are told by it.
    private struct Advertised: Sendable {
        var isManaged: Bool
        var autonomous: [Bool]
        var change: @Sendable (inout NetworkDefinition) -> Void

        init(_ isManaged: Bool, autonomous: [Bool], _ change: @escaping @Sendable (inout NetworkDefinition) -> Void) {
            self.isManaged = isManaged
            self.autonomous = autonomous
            self.change = change
        }
    }

    @Test(
        arguments: [
            // no DHCP: guests make themselves addresses
            .init(false, autonomous: [true]) { _ in },
            .init(true, autonomous: [false]) { $0.ips[1].ranges = [.init(start: "fd00:7::100", end: "fd00:7::1ff")] },
            // reservations alone are DHCP too
            .init(true, autonomous: [false]) { $0.ips[1].hosts = [.init(name: "a", address: "fd00:7::5")] },
            // the subnet without DHCP beside the one with it
            .init(true, autonomous: [false, true]) {
                $0.ips[1].ranges = [.init(start: "fd00:7::100", end: "fd00:7::1ff")]
                $0.ips.append(.init(address: "fd00:8::1", mask: .prefix(64)))
            },
            // too long a prefix for an interface identifier
            .init(false, autonomous: [false]) { $0.ips[1].mask = .prefix(80) },
        ] as [Advertised])
    private func derivesAdvertisement(row: Advertised) throws {
        var network = Self.network
        network.ips.append(.init(address: "fd00:7::1", mask: .prefix(64)))
        row.change(&network)
        let configuration = try #require(ServiceConfiguration(of: network, resolvers: []))
        #expect(configuration.advertisement?.isManaged == row.isManaged)
        #expect(configuration.advertisement?.prefixes.map(\.isAutonomous) == row.autonomous)
        #expect((configuration.dhcpv6 != nil) == row.isManaged)
    }

    @Test func derivesDHCPv6() throws {
        var network = Self.network
        network.ips.append(.init(address: "fd00:7::1", mask: .prefix(64)))
        network.ips[1].ranges = [
            .init(start: "fd00:7::100", end: "fd00:7::1ff", lease: .init(expiry: 0))
        ]
        network.ips[1].hosts = [.init(id: "0:4:AB:1f", name: "server", address: "fd00:7::10")]
        let dhcp = try #require(ServiceConfiguration(of: network, resolvers: [])?.dhcpv6)
        // A DUID-UUID of the network's own UUID.
        #expect(
            dhcp.serverIdentifier == [0, 4] + [0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44]
                + [UInt8](repeating: 0x55, count: 6))
        #expect(dhcp.subnet == "fd00:7::/64")
        #expect(dhcp.ranges.map(\.leaseSeconds) == [.max])
        #expect(dhcp.reservations.map(\.duid) == [[0, 4, 0xAB, 0x1F]])
        #expect(dhcp.machines == [.init(mac: "52:54:00:00:00:10", name: "server")])
        #expect(dhcp.nameServers == ["fd00:7::1"])
        #expect(dhcp.domain == "lab.test")
    }

    @Test func copiesStayClearOfWhatIsThere() {
        var copy = Self.network
        copy.routes = [.init(to: "172.16.0.0", mask: .prefix(12), by: "10.0.7.9")]
        // libvirt takes a reservation of the other family.
        copy.ips.append(.init(address: "fd00:7::1", mask: .prefix(64)))
        copy.ips[1].hosts = [.init(name: "stray", address: "10.0.7.7")]
        copy.ips[0].boot = .init(file: "pxe.0", server: "10.0.7.8")
        copy.rename(to: "lab2")
        copy.move(clearOf: ["10.0.7.0/24", "10.0.8.0/24"])
        #expect(copy.name == "lab2")
        #expect(copy.domain?.name == "lab2.test")
        #expect(copy.ips.first?.address == "10.0.9.1")
        #expect(copy.ips.first?.ranges.first?.end == "10.0.9.199")
        #expect(copy.ips.first?.hosts.first?.address == "10.0.9.10")
        #expect(copy.ips.last?.hosts.first?.address == "10.0.7.7")
        #expect(copy.ips.first?.boot?.server == "10.0.9.8")
        #expect(copy.routes.first?.gateway == "10.0.9.9")
        #expect(copy.routes.first?.address == "172.16.0.0")
    }
}
