import Engine
import Firewall
import NetworkModel
import TestSupport
import Testing

/// Where port forwards lead, which ports may send what, and whom peers meet.
@Suite struct SurroundingsTests {
    private static var network: NetworkDefinition {
        var network = NetworkDefinition(name: "lab", uuid: "11111111-2222-3333-4444-555555555555")
        network.forward = .init(mode: .nat)
        network.bridge = .init(name: "virbr7")
        network.domain = .init(name: "lab.test")
        var v4 = NetworkDefinition.IP(address: "10.0.7.1", mask: .prefix(24))
        v4.hosts = [.init(mac: "52:54:00:00:00:05", name: "web", address: "10.0.7.5")]
        network.ips = [v4, .init(address: "fd00:7::1", mask: .prefix(64))]
        network.dns = .init()
        network.dns?.hosts = [
            .init(address: "fd00:7::5", names: ["web"]), .init(address: "10.0.7.6", names: ["db.lab.test"]),
            .init(address: "192.0.2.1", names: ["elsewhere"]),
        ]
        return network
    }

    private static let leases = [
        Lease(address: "10.0.7.101", mac: "52:54:00:00:00:01", hostName: "vm1", expiry: WallTime(seconds: 100)),
        // The name's later lease.
        Lease(address: "10.0.7.102", mac: "52:54:00:00:00:02", hostName: "vm1", expiry: WallTime(seconds: 200)),
        // A reservation's name is not for the asking.
        Lease(address: "10.0.7.103", mac: "52:54:00:00:00:03", hostName: "web"),
    ]

    /// A guest, where the forward listens, and where it leads.
    @Test(
        arguments: [
            ("10.0.7.9", "127.0.0.1", ["10.0.7.9"]),
            ("web", "127.0.0.1", ["10.0.7.5"]),
            ("WEB.lab.test.", "127.0.0.1", ["10.0.7.5"]),
            ("db", "127.0.0.1", ["10.0.7.6"]),
            ("vm1", "0.0.0.0", ["10.0.7.102"]),
            ("web", "::", ["fd00:7::5"]),
            // Nobody has the name, or no address of the family, or one in the network.
            ("vm2", "127.0.0.1", []),
            ("vm1", "::", []),
            ("elsewhere", "127.0.0.1", []),
            // With a device alone each family counts.
            ("web", nil, ["10.0.7.5", "fd00:7::5"]),
        ] as [(String, IPAddress?, [IPAddress])])
    func leads(guest: String, address: IPAddress?, to targets: [IPAddress]) {
        var network = Self.network
        network.extensions.portForwards = [
            .init(
                .tcp, address: address, device: address == nil ? "eth0" : nil, ports: 80...81, firstTarget: 8080,
                guest: .init(guest))
        ]
        let rules = NetworkRules(
            of: network, bridge: "virbr7", redirects: [], surroundings: .init(leases: Self.leases))
        #expect(rules.forwards.map(\.guest) == targets)
        #expect(rules.forwards.allSatisfy { $0.ports == 80...81 && $0.firstTarget == 8080 })
    }

    @Test func guardsPorts() {
        var network = Self.network
        let ports: [Surroundings.Port] = [
            .init(tap: "vtap1", mac: "52:54:00:00:00:05"), .init(tap: "vtap0", mac: "52:54:00:00:00:01"),
            .init(tap: "vtap2", mac: "52:54:00:00:00:09"),
        ]
        let around = Surroundings(leases: Self.leases, ports: ports)
        #expect(NetworkRules(of: network, bridge: "virbr7", redirects: [], surroundings: around).guards == [])
        network.extensions.antiSpoof = true
        #expect(
            NetworkRules(of: network, bridge: "virbr7", redirects: [], surroundings: around).guards == [
                .init(tap: "vtap0", mac: "52:54:00:00:00:01", addresses: ["10.0.7.101"]),
                .init(tap: "vtap1", mac: "52:54:00:00:00:05", addresses: ["10.0.7.5"]),
                .init(tap: "vtap2", mac: "52:54:00:00:00:09", addresses: []),
            ])
    }

    /// Each of two networks has a neighbour where the one names the other; who does not run is nobody's neighbour.
    @Test func meetsPeers() {
        var lab = Self.network
        lab.extensions.peers = [
            .init(network: "dmz", allowed: [.init(.tcp, ports: 443...443)]), .init(network: "gone"),
        ]
        var dmz = NetworkDefinition(name: "dmz", uuid: "11111111-2222-3333-4444-555555555556")
        dmz.bridge = .init(name: "virbr8")
        dmz.ips = [.init(address: "10.0.8.1", mask: .prefix(24))]
        var other = dmz
        other.name = "other"
        func neighbours(of network: NetworkDefinition, _ others: [NetworkDefinition]) -> [NetworkRules.Neighbour] {
            NetworkRules(
                of: network, bridge: "virbr0", redirects: [], surroundings: .init(networks: others)
            ).neighbours
        }
        #expect(
            neighbours(of: lab, [dmz, other]) == [
                .init(
                    bridge: "virbr8", subnets4: ["10.0.8.0/24"], subnets6: [],
                    allowed: [.init(.tcp, ports: 443...443)])
            ])
        #expect(
            neighbours(of: dmz, [lab, other]) == [
                .init(bridge: "virbr7", subnets4: ["10.0.7.0/24"], subnets6: ["fd00:7::/64"], allowed: nil)
            ])
        #expect(neighbours(of: other, [lab, dmz]) == [])
    }
}
