import Firewall
import NetworkModel
import TestSupport
import Testing

/// What a network's rules are, as nft reads them: one file a case.
@Suite struct RulesetTests {
    private static func rules(_ policy: NetworkRules.Policy) -> NetworkRules {
        NetworkRules(
            bridge: "virbr7", policy: policy, subnets4: ["10.0.7.0/24", "10.0.8.0/24"], subnets6: ["fd00:7::/64"])
    }

    @Test(arguments: [NetworkRules.Policy.isolated, .nat, .route, .open])
    func policy(_ policy: NetworkRules.Policy) throws {
        try expectGolden(Self.rules(policy).installation, "\(policy).nft")
    }

    @Test func oneUplink() throws {
        var rules = Self.rules(.nat)
        rules.device = "eth0"
        try expectGolden(rules.installation, "nat-one-uplink.nft")
    }

    @Test func addressesAndPorts() throws {
        var rules = Self.rules(.nat)
        rules.sourceNAT = .init(
            addresses: .init("203.0.113.10", "203.0.113.19"), ports: .init(2_000, 2_999), translatesIPv6: true)
        try expectGolden(rules.installation, "nat-ranges.nft")
    }

    /// libnftables reads each set of intervals there is whenever an element changes: one a network, and each start is slower
    /// than the last.
    @Test(arguments: [NetworkRules.Policy.isolated, .nat, .route, .open])
    func `no set of intervals is a network's own`(_ policy: NetworkRules.Policy) {
        var rules = Self.rules(policy)
        rules.sourceNAT.translatesIPv6 = true
        let sets = rules.installation.matches(of: #/add rule [^\n]*\{[^}\n]*[0-9]\/[^}\n]*\}/#)
        #expect(sets.isEmpty, "\(sets.map(\.output))")
    }

    /// What the old rules had and the new ones have not goes in the same batch.
    @Test func replacement() throws {
        var old = Self.rules(.nat)
        old.redirects = [.init(address: "10.0.7.1", port: 40_053)]
        try expectGolden(Self.rules(.route).replacement(of: old), "replacement.nft")
    }

    @Test func redirectedDNS() throws {
        let rules = NetworkRules(
            bridge: "virbr7", policy: .open,
            redirects: [.init(address: "10.0.7.1", port: 40_053), .init(address: "fd00:7::1", port: 40_054)])
        try expectGolden(rules.installation, "redirect.nft")
    }

    @Test func removal() throws { try expectGolden(Self.rules(.nat).removal, "removal.nft") }
}
