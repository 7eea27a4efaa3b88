import Firewall
import NetworkModel
import TestSupport
import Testing

/// Rules against a real kernel, each test in a namespace of its own.
@Suite(.requiresRoot) struct FirewallKernelTests {
    private static func rules(_ policy: NetworkRules.Policy) -> NetworkRules {
        NetworkRules(bridge: "virbr7", policy: policy, subnets4: ["10.0.7.0/24"], subnets6: ["fd00:7::/64"])
    }

    private static func forward(_ port: UInt16, to guest: IPAddress) -> NetworkRules.Forward {
        .init(.tcp, address: "127.0.0.1", device: nil, ports: port...port, guest: guest, firstTarget: 80)
    }

    /// Each differs from the others in what the kernel holds of it.
    private static let all: [NetworkRules] = {
        var all = [NetworkRules.Policy.isolated, .nat, .route, .open].map { rules($0) }
        var translating = rules(.nat)
        translating.sourceNAT.translatesIPv6 = true
        translating.redirects = [.init(address: "10.0.7.1", port: 40_053)]
        var forwarding = rules(.nat)
        forwarding.forwards = [
            forward(8080, to: "10.0.7.9"), forward(8081, to: "10.0.7.9"),
            .init(.udp, address: "0.0.0.0", device: nil, ports: 50...60, guest: "10.0.7.9", firstTarget: 150),
            .init(.sctp, address: "::", device: "eth0", ports: 9...9, guest: "fd00:7::9", firstTarget: 9),
            .init(.tcp, address: "192.0.2.1", device: "eth0", ports: 9...9, guest: "10.0.7.9", firstTarget: 9),
        ]
        // The same keys lead elsewhere.
        var following = forwarding
        following.forwards[0].guest = "10.0.7.10"
        following.forwards[2].firstTarget = 50
        var peered = rules(.route)
        peered.neighbours = [
            .init(bridge: "virbr8", subnets4: ["10.0.8.0/24"], subnets6: ["fd00:8::/64"], allowed: [.init(.icmp)]),
            .init(bridge: "virbr9", subnets4: ["10.0.9.0/24"], subnets6: [], allowed: nil),
        ]
        var guarded = rules(.isolated)
        guarded.hostAccess = .services
        guarded.addresses = ["10.0.7.1", "fd00:7::1"]
        guarded.guards = [.init(tap: "vtap0", mac: "52:54:00:00:00:01", addresses: ["10.0.7.9", "fd00:7::9"])]
        return all + [translating, forwarding, following, peered, guarded]
    }()

    /// Any rules become any others in one batch, are told from them, and leave nothing when they go.
    @Test(arguments: all.indices) func becomeAnyOthers(index: Int) async throws {
        let found = try await withNetworkNamespace { () -> [String] in
            var found: [String] = []
            let nft = try Nft()
            try nft.run(Ruleset.base, while: "make the tables")
            let empty = try nft.run("list table inet vnet", while: "list")
            let old = Self.all[index]
            for (number, new) in Self.all.enumerated() where number != index {
                try nft.run(old.installation, while: "install")
                // What stands already is put in place again after somebody has changed it.
                try nft.run(old.installation, while: "install again")
                try nft.run(new.replacement(of: old), while: "replace \(index) by \(number)")
                do { try nft.run(new.presence, while: "look") } catch {
                    found.append("\(number) is not there: \(error)")
                }
                if (try? nft.run(old.presence, while: "look")) != nil {
                    found.append("\(index) is there beside \(number)")
                }
                try nft.run(new.removal, while: "remove")
                let left = try nft.run("list table inet vnet", while: "list")
                if left != empty { found.append("left of \(number) after \(index): \(left)") }
                let guards = try nft.run("list table bridge vnet", while: "list")
                if guards.contains("virbr7") || guards.contains("vtap") { found.append("\(number): \(guards)") }
            }
            return found
        }
        #expect(found == [])
    }

    /// A thousand forwards cost no more than their number to add and one more no more than one.
    @Test func aThousandForwards() async throws {
        let (all, one) = try await withNetworkNamespace {
            let nft = try Nft()
            try nft.run(Ruleset.base, while: "make the tables")
            var rules = Self.rules(.nat)
            rules.forwards = (0..<1_000).map { Self.forward(10_000 + $0, to: "10.0.7.9") }
            let clock = ContinuousClock()
            let all = try clock.measure { try nft.run(rules.installation, while: "install") }
            var more = rules
            more.forwards.append(Self.forward(9_999, to: "10.0.7.10"))
            let one = try clock.measure { try nft.run(more.replacement(of: rules), while: "add one") }
            return (all, one)
        }
        #expect(all < .seconds(5) && one < .seconds(1), "\(all) for all, \(one) for one")
    }
}
