import Firewall
import NetworkModel
import TestSupport
import Testing

/// What becomes of packets in tables that others made, as nft lists them.
@Suite struct KernelRulesetTests {
    /// A guest's packet to the outside, as it is forwarded.
    private static let outwards = {
        var packet = SamplePacket(
            .outwards, .ipv4, of: "br-lab", IPSubnet(containing: "10.0.7.0", prefixLength: 24), transport: "tcp")
        packet.source = "10.0.7.254"
        packet.destination = "198.41.0.4"
        packet.destinationPort = 443
        packet.input = .named("br-lab")
        packet.output = .named("eth0")
        return packet
    }()

    /// One to name service.
    private static let question = {
        var packet = SamplePacket(
            .dns, .ipv6, of: "br-lab", IPSubnet(containing: "fd00:7::", prefixLength: 64), transport: "udp")
        packet.source = "fd00:7::9"
        packet.destination = "fd00:7::1"
        packet.destinationPort = 53
        packet.input = .named("br-lab")
        packet.destinationType = "local"
        return packet
    }()

    private static let discovery = {
        var packet = SamplePacket(.discovery, .ipv6, of: "br-lab", nil, transport: "ipv6-icmp")
        packet.icmpType = "nd-neighbor-solicit"
        packet.state = "untracked"
        packet.hopLimit = 255
        packet.input = .named("br-lab")
        packet.destinationType = "multicast"
        return packet
    }()

    private static func table(
        _ rules: [String], hook: String, policy: String = "accept", rest: String = ""
    ) -> KernelRuleset {
        let numbered = rules.enumerated().map { "\t\t\($1) # handle \($0 + 10)" }.joined(separator: "\n")
        return KernelRuleset(
            listing: """
                table inet mine { # handle 1
                \(rest)
                \tchain base { # handle 2
                \t\ttype filter hook \(hook) priority filter + 10; policy \(policy);
                \(numbered)
                \t}
                }

                """)
    }

    /// Whether the packet is dropped: `no`, `yes`, or `maybe`.
    private static func isDropped(_ packet: SamplePacket, in ruleset: KernelRuleset) -> String {
        let obstacles = ruleset.obstacles(to: packet)
        return obstacles.first.map { $0.isCertain ? "yes" : "maybe" } ?? "no"
    }

    /// A rule that ends with drop in a chain that accepts, and whether it is for the packet: `yes`, or `no`, also where it
    /// may be; and whether the same rule that ends with accept saves the packet from a chain that drops: `maybe` of the two.
    @Test(
        arguments: [
            // Interfaces: names, patterns, lists.
            ("iifname \"br-lab\"", "yes"), ("iifname \"br-other\"", "no"), ("iifname != \"br-other\"", "yes"),
            ("iifname != \"br-lab\"", "no"), ("iifname \"br-*\"", "yes"), ("oifname \"eth*\" iif \"br-lab\"", "yes"),
            ("oifname { \"eth1\", \"eth0\" }", "yes"), ("meta oifname != { \"eth1\", \"eth0\" }", "no"),
            // Protocols and ports.
            ("meta l4proto tcp", "yes"), ("meta l4proto 6", "yes"), ("meta l4proto { icmp, udp }", "no"),
            ("ip protocol tcp", "yes"), ("meta nfproto ipv6", "no"), ("tcp dport 443", "yes"), ("udp dport 443", "no"),
            ("tcp dport != 443", "no"), ("udp dport != 53", "no"), ("tcp dport { 22, 400-500 }", "yes"),
            ("th dport 443", "yes"), ("tcp sport 1024-65535", "maybe"), ("tcp dport > 1023", "maybe"),
            ("icmp type echo-request", "no"),
            // Addresses.
            ("ip saddr 10.0.7.0/24", "yes"), ("ip saddr != 10.0.7.0/24", "no"), ("ip daddr 10.0.0.0/8", "no"),
            ("ip daddr { 198.41.0.0-198.41.0.255, 10.0.0.1 }", "yes"), ("ip6 saddr ::/0", "no"),
            ("ip daddr != 10.0.0.0/8 ip saddr 10.0.7.254", "yes"),
            // Connections.
            ("ct state new", "yes"), ("ct state established,related", "no"), ("ct state { invalid, new }", "yes"),
            ("ct status dnat", "no"), ("ct direction original", "yes"), ("fib daddr type local", "no"),
            // Several keys in one.
            ("iifname . oifname { \"br-lab\" . \"eth0\" }", "yes"),
            ("iifname . tcp dport { \"br-lab\" . 22, \"br-x\" . 443 }", "no"),
            ("ip saddr . tcp sport { 10.0.7.254 . 1024 }", "maybe"),
            // What says nothing, and what only some packets pass.
            ("counter packets 5 bytes 400 log prefix \"drop \" level warn flags all", "yes"),
            ("meta mark set 0x7", "yes"), ("comment \"drop\"", "yes"), ("limit rate 3/minute burst 5 packets", "maybe"),
            ("limit rate over 1 mbytes/second", "maybe"), ("meta mark 0x7", "maybe"),
            ("meta mark & 0xff == 0x1", "maybe"),
            ("xt match \"string\"", "maybe"), ("tcp flags & (fin | syn) == syn iifname \"br-other\"", "maybe"),
            ("fib saddr . iif oif missing", "maybe"), ("ip dscp 0x10", "maybe"), ("ct mark 0x1", "maybe"),
        ])
    func `a rule is for a packet, or not, or nobody knows`(condition: String, answer: String) {
        let dropping = Self.table(["\(condition) drop"], hook: "forward")
        #expect(Self.isDropped(Self.outwards, in: dropping) == (answer == "yes" ? "yes" : "no"))
        let accepting = Self.table(["\(condition) accept"], hook: "forward", policy: "drop")
        let expected = ["yes": "no", "no": "yes", "maybe": "maybe"][answer]
        #expect(Self.isDropped(Self.outwards, in: accepting) == expected)
        // In another hook it says nothing.
        #expect(Self.isDropped(Self.outwards, in: Self.table(["\(condition) drop"], hook: "input")) == "no")
    }

    @Test(
        arguments: [
            ("udp dport 53", question, "yes"), ("meta l4proto udp th dport { 53, 67 }", question, "yes"),
            ("ip6 daddr fd00:7::1", question, "yes"), ("ip6 saddr fd00:7::/64", question, "yes"),
            ("oifname \"eth0\"", question, "no"), ("oifname != \"eth0\"", question, "yes"),
            ("fib daddr type local", question, "yes"), ("ip daddr 10.0.7.1", question, "no"),
            ("icmpv6 type { nd-router-solicit, nd-neighbor-solicit }", discovery, "yes"),
            ("icmpv6 type nd-neighbor-advert", discovery, "no"), ("meta l4proto ipv6-icmp", discovery, "yes"),
            ("icmpv6 type nd-neighbor-solicit ip6 hoplimit 255", discovery, "yes"),
            ("xt match icmp6 ip6 hoplimit 1", discovery, "no"), ("ip ttl 255", discovery, "no"),
            ("ct state new", discovery, "no"), ("ct state untracked", discovery, "yes"),
        ])
    func `packets to the host`(condition: String, packet: SamplePacket, answer: String) {
        #expect(
            Self.isDropped(packet, in: Self.table(["\(condition) reject with icmpx admin-prohibited"], hook: "input"))
                == answer)
    }

    /// Chains that lead to each other, and what becomes of the packet.
    @Test(
        arguments: [
            (["jump other"], "drop", "yes"), (["jump other"], "accept", "no"),
            // What comes back goes on, after a jump with the next rule, after a goto with the policy.
            (["jump other", "accept"], "return", "no"), (["goto other", "accept"], "return", "yes"),
            (["jump other"], "continue", "yes"),
            (["tcp dport 22 jump other", "accept"], "drop", "no"),
            (["meta mark 1 jump other", "accept"], "drop", "no"), (["meta mark 1 jump other"], "accept", "maybe"),
            (["meta mark 1 goto other"], "drop", "maybe"), (["meta mark 1 return", "drop"], "drop", "maybe"),
            // Maps of verdicts.
            (["iifname vmap { \"br-x\" : accept, \"br-lab\" : jump other }"], "accept", "no"),
            (["iifname vmap @ways", "accept"], "drop", "yes"), (["oifname vmap @ways", "accept"], "drop", "no"),
            (["ct state vmap { established : accept, new : goto other, invalid : drop }", "accept"], "drop", "yes"),
            (["meta mark vmap { 0x1 : accept }"], "drop", "maybe"),
            (["tcp sport vmap { 1024 : accept }"], "drop", "maybe"),
            (["iifname @names accept"], "drop", "no"), (["oifname @names accept"], "drop", "yes"),
            (["iifname @unknown accept"], "drop", "maybe"), (["queue to 0"], "drop", "no"),
            // A loop ends where the kernel would not even have taken it.
            (["jump other", "accept"], "jump other", "no"),
        ])
    func `chains lead to each other`(rules: [String], other: String, answer: String) {
        let rest = """
            \tset names { # handle 3
            \t\ttype ifname
            \t\telements = { "a", "b",
            \t\t\t     "br-lab" }
            \t}

            \tmap ways { # handle 4
            \t\ttype ifname : verdict
            \t\telements = { "br-x" comment "a } b" : accept,
            \t\t\t     "br-lab" : jump other }
            \t}

            \tct helper ftp-standard { # handle 5
            \t\ttype "ftp" protocol tcp
            \t\tl3proto inet
            \t}

            \tchain other { # handle 6
            \t\t\(other) # handle 7
            \t}
            """
        let ruleset = Self.table(rules, hook: "forward", policy: "drop", rest: rest)
        #expect(Self.isDropped(Self.outwards, in: ruleset) == answer)
    }

    @Test func `a table is read with all that stands in it`() {
        let ruleset = KernelRuleset(
            listing: """
                table ip filter { # handle 3
                \tcomment "theirs"
                \tflags owner
                \tchain FORWARD { # handle 1
                \t\ttype filter hook forward priority filter; policy drop;
                \t\tiifname "br-*" counter packets 1 bytes 2 jump A-1 # handle 12
                \t}

                \tchain A-1 { # handle 2
                \t\tcounter drop comment "said # handle 4" # handle 13
                \t}
                }
                table ip6 filter { # handle 4
                }

                """)
        #expect(ruleset.tables.map(\.name.description) == ["ip filter", "ip6 filter"])
        let obstacles = ruleset.obstacles(to: Self.outwards)
        #expect(obstacles.count == 1)
        #expect(obstacles.first?.isOwned == true)
        #expect(obstacles.first?.baseChain == "FORWARD")
        #expect(obstacles.first?.chain == "A-1")
        #expect(obstacles.first?.rule?.handle == 13)
        #expect(obstacles.first?.path.map(\.handle) == [12])
        // IPv6 does not come by here.
        #expect(ruleset.obstacles(to: Self.question).isEmpty)
    }

    // MARK: Remedies

    @Test func `a rule is put before what drops, or last where that is the policy`() throws {
        let rule = Self.table(["tcp dport 22 accept", "drop"], hook: "forward")
        let blockade = try #require(rule.blockades(of: [Self.outwards]).first)
        #expect(!blockade.isDeliberate)
        let before = "insert rule inet mine base handle 11 iifname \"br-lab\" oifname \"eth0\" counter accept"
        #expect(rule.remedy(for: blockade)?.commands(mark: nil) == [before])
        #expect(rule.advice(for: blockade) == ["nft '\(before)'"])

        let policy = Self.table([], hook: "input", policy: "drop")
        let blocked = try #require(policy.blockades(of: [Self.question, Self.discovery]).first)
        #expect(
            policy.remedy(for: blocked)?.commands(mark: "vnet:1") == [
                "add rule inet mine base iifname \"br-lab\" udp dport 53 counter accept comment \"vnet:1\"",
                "add rule inet mine base iifname \"br-lab\" icmpv6 type nd-neighbor-solicit counter accept comment \"vnet:1\"",
            ])
        #expect(
            blocked.description
                == "the host's firewall drops guests' DNS questions and guests' neighbour discovery (IPv6)")
    }

    @Test(arguments: [
        "iifname \"br-lab\" drop", "iifname { \"a\", \"br-lab\" } drop", "ip saddr 10.0.7.0/24 drop",
        "ip saddr { 10.0.7.0/24 } tcp dport 443 reject",
    ])
    func `a rule that says the network's name was meant so`(rule: String) throws {
        let ruleset = Self.table([rule], hook: "forward")
        let blockade = try #require(ruleset.blockades(of: [Self.outwards]).first)
        #expect(blockade.isDeliberate)
        #expect(ruleset.advice(for: blockade) == ["nft delete rule inet mine base handle 10"])
    }

    @Test(arguments: [
        "iifname \"br-*\" drop", "iifname != \"br-x\" drop", "ip saddr 10.0.0.0/8 drop", "oifname \"eth0\" drop",
    ])
    func `a rule that is for others too was not`(rule: String) throws {
        let ruleset = Self.table([rule], hook: "forward")
        #expect(try #require(ruleset.blockades(of: [Self.outwards]).first).isDeliberate == false)
    }

    @Test func `before routing nothing tells the network's packets from others`() throws {
        let ruleset = Self.table(["ip daddr 198.41.0.0/16 drop"], hook: "prerouting")
        let blockade = try #require(ruleset.blockades(of: [Self.outwards]).first)
        #expect(ruleset.remedy(for: blockade) == nil)
        #expect(ruleset.advice(for: blockade) == ["nft delete rule inet mine base handle 10"])
    }

    @Test func `marked rules are found again, and no others`() {
        let ruleset = Self.table(
            [
                "iifname \"br-lab\" counter accept comment \"vnet:1\"", "accept comment \"vnet:2\"",
                "log prefix \"vnet:1\"", "iifname \"br-lab\" counter accept comment \"vnet:1\"",
            ], hook: "forward")
        #expect(
            ruleset.removal(ofMarked: "vnet:1") == """
                delete rule inet mine base handle 10
                delete rule inet mine base handle 13

                """)
    }

    @Test func `each firewall's own tool is advised`() throws {
        let ufw = Self.table(["jump ufw-before"], hook: "forward", policy: "drop", rest: "\tchain ufw-before {\n\t}")
        let forward = try #require(ufw.blockades(of: [Self.outwards]).first)
        #expect(ufw.advice(for: forward) == ["ufw route allow in on br-lab out on eth0"])
        let skipping = Self.table(
            ["jump ufw-before", "jump ufw-skip"], hook: "input",
            rest: "\tchain ufw-before {\n\t}\n\tchain ufw-skip {\n\t\tdrop # handle 5\n\t}")
        let question = try #require(skipping.blockades(of: [Self.question]).first)
        #expect(skipping.advice(for: question) == ["ufw allow in on br-lab to any port 53 proto udp"])
        #expect(skipping.remedy(for: question)?.place == .before(11))
        // It has no words for messages of ICMPv6.
        let message = try #require(skipping.blockades(of: [Self.discovery]).first)
        #expect(
            skipping.advice(for: message) == [
                "nft 'insert rule inet mine base handle 11 iifname \"br-lab\" icmpv6 type nd-neighbor-solicit counter accept'"
            ])

        let docker = KernelRuleset(
            listing: """
                table ip filter { # handle 1
                \tchain DOCKER-USER { # handle 2
                \t\tcounter return # handle 3
                \t}
                \tchain FORWARD { # handle 4
                \t\ttype filter hook forward priority filter; policy drop;
                \t\tcounter jump DOCKER-USER # handle 5
                \t}
                }

                """)
        let blocked = try #require(docker.blockades(of: [Self.outwards]).first)
        #expect(docker.advice(for: blocked) == ["iptables -I DOCKER-USER -i br-lab -o eth0 -j ACCEPT"])
        #expect(
            docker.remedy(for: blocked)?.commands(mark: nil) == [
                "insert rule ip filter DOCKER-USER iifname \"br-lab\" oifname \"eth0\" counter accept"
            ])
    }
}
