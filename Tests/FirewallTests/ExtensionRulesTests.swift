import Firewall
import NetworkModel
import TestSupport
import Testing

/// What vnet's own elements add to a network's rules: one file a case.
@Suite struct ExtensionRulesTests {
    private static func rules(_ policy: NetworkRules.Policy) -> NetworkRules {
        NetworkRules(bridge: "virbr7", policy: policy, subnets4: ["10.0.7.0/24"], subnets6: ["fd00:7::/64"])
    }

    private static let forwards: [NetworkRules.Forward] = [
        .init(.tcp, address: "127.0.0.1", device: nil, ports: 8080...8081, guest: "10.0.7.9", firstTarget: 80),
        .init(.udp, address: "0.0.0.0", device: nil, ports: 53...53, guest: "10.0.7.9", firstTarget: 53),
        .init(.sctp, address: "0.0.0.0", device: "eth0", ports: 9...9, guest: "10.0.7.9", firstTarget: 9),
        .init(.tcp, address: "2001:db8::1", device: "eth0", ports: 443...443, guest: "fd00:7::9", firstTarget: 443),
    ]

    @Test func portForwards() throws {
        var rules = Self.rules(.nat)
        rules.forwards = Self.forwards
        try expectGolden(rules.installation, "forwards-nat.nft")
    }

    /// The host alone reaches a guest of an isolated network: nothing more may cross its border.
    @Test func isolatedPortForwards() throws {
        var rules = Self.rules(.isolated)
        rules.forwards = [Self.forwards[0]]
        try expectGolden(rules.installation, "forwards-isolated.nft")
    }

    /// A guest that has another address: the elements change, and nothing else is touched.
    @Test func portForwardsFollow() throws {
        var old = Self.rules(.nat)
        old.forwards = [Self.forwards[0]]
        var new = old
        new.forwards[0].guest = "10.0.7.10"
        try expectGolden(new.replacement(of: old), "forwards-follow.nft")
    }

    @Test func neighbours() throws {
        var rules = Self.rules(.nat)
        rules.neighbours = [
            // Guests may open what is listed there,
            .init(
                bridge: "virbr8", subnets4: ["10.0.8.0/24"], subnets6: ["fd00:8::/64"],
                allowed: [.init(.tcp, ports: 80...80), .init(.udp, ports: 5000...5010), .init(.sctp), .init(.icmp)]),
            // everything there,
            .init(bridge: "virbr9", subnets4: ["10.0.9.0/24"], subnets6: [], allowed: []),
            // and only answer there.
            .init(bridge: "virbr10", subnets4: ["10.0.10.0/24"], subnets6: [], allowed: nil),
        ]
        try expectGolden(rules.installation, "neighbours.nft")
    }

    @Test(arguments: [HostAccess.services, .none]) func hostAccess(_ access: HostAccess) throws {
        var rules = Self.rules(.route)
        rules.addresses = ["10.0.7.1", "fd00:7::1"]
        rules.redirects = [.init(address: "10.0.7.1", port: 40_053)]
        rules.hostAccess = access
        try expectGolden(rules.installation, "host-\(access).nft")
    }

    /// What is sent too fast, wherever it goes but to another guest.
    @Test(arguments: [(NetworkRules.Policy.open, HostAccess.all), (.nat, .services)])
    func sendingLimit(_ policy: NetworkRules.Policy, _ access: HostAccess) throws {
        var rules = Self.rules(policy)
        rules.sendingLimit = .init(rate: 1_500, burst: 150)
        rules.hostAccess = access
        try expectGolden(rules.installation, "limited-\(policy).nft")
    }

    @Test func guards() throws {
        var rules = Self.rules(.open)
        rules.guards = [
            .init(tap: "vtap0", mac: "52:54:00:00:00:01", addresses: ["10.0.7.9", "fd00:7::9"]),
            .init(tap: "vtap1", mac: "52:54:00:00:00:02", addresses: []),
        ]
        try expectGolden(rules.installation, "guards.nft")
    }

    /// Any rules become any others, and go, in one batch that the kernel takes: see `FirewallKernelTests`.
    @Test func versionsDiffer() {
        var other = Self.rules(.nat)
        other.forwards = [Self.forwards[0]]
        #expect(other.presence != Self.rules(.nat).presence)
        #expect(other.presence.hasPrefix("get element inet vnet versions { \"virbr7\" . 0x"))
    }
}
