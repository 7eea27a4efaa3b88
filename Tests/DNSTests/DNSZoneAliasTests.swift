import DNS
import NetworkModel
import TestSupport
import Testing

/// Aliases, domains with fixed answers, and the bridge's own name.
@Suite struct DNSZoneAliasTests {
    static let zone = lab {
        $0.aliases = [
            .init(name: "db", target: "vm1"), .init(name: "primary", target: "db"),
            .init(name: "away", target: "www.debian.org"), .init(name: "round", target: "about"),
            .init(name: "about", target: "round"), .init(name: "vm1", target: "gateway"),
            .init(name: "here", target: "netwerk1.lab."), .init(name: "leased.example.com", target: "vm2"),
            .init(name: "gone", target: "nobody"), .init(name: "lost", target: "gone"),
            .init(name: "sunk", target: "x.sink.example"), .init(name: "blocked", target: "x.ads.example"),
        ]
        $0.fixedDomains = [
            .init(name: "sink.example", addresses: ["10.0.0.1"]), .init(name: "ads.example", addresses: []),
        ]
    }

    /// RFC 1034, sections 3.6.2 and 4.3.2.
    @Test(
        arguments: [
            ("db", .a, "NOERROR aa ra; db 0 CNAME vm1.netwerk1.lab; vm1.netwerk1.lab 0 A 192.168.150.5"),
            (
                "db.netwerk1.lab", .aaaa,
                "NOERROR aa ra; db.netwerk1.lab 0 CNAME vm1.netwerk1.lab; vm1.netwerk1.lab 0 AAAA fd00:150::5"
            ),
            ("db", .cname, "NOERROR aa ra; db 0 CNAME vm1.netwerk1.lab"),
            ("db", .any, "NOERROR aa ra; db 0 CNAME vm1.netwerk1.lab"),
            (
                "primary", .a,
                "NOERROR aa ra; primary 0 CNAME db.netwerk1.lab; db.netwerk1.lab 0 CNAME vm1.netwerk1.lab;"
                    + " vm1.netwerk1.lab 0 A 192.168.150.5"
            ),
            // the target has no such record (RFC 2308, section 2.2)
            (
                "db.netwerk1.lab", .mx,
                "NOERROR aa ra; db.netwerk1.lab 0 CNAME vm1.netwerk1.lab; authority: netwerk1.lab 0 SOA netwerk1.lab 0"
            ),
            // somebody else's target: the client goes on by itself
            ("away", .a, "NOERROR aa ra; away 0 CNAME www.debian.org"),
            // a name that has records is no alias (RFC 2181, section 10.1)
            ("vm1", .a, "NOERROR aa ra; vm1 0 A 192.168.150.5"),
            // the apex, whose records name itself
            ("here", .ns, "NOERROR aa ra; here 0 CNAME netwerk1.lab; netwerk1.lab 0 NS netwerk1.lab"),
            (
                "leased.example.com", .a,
                "NOERROR aa ra; leased.example.com 0 CNAME vm2.netwerk1.lab; vm2.netwerk1.lab 0 A 192.168.150.20"
            ),
            // the last name does not exist (RFC 6604, section 3)
            (
                "gone.netwerk1.lab", .a,
                "NXDOMAIN aa ra; gone.netwerk1.lab 0 CNAME nobody.netwerk1.lab; authority: netwerk1.lab 0 SOA netwerk1.lab 0"
            ),
            (
                "lost", .a,
                "NXDOMAIN aa ra; lost 0 CNAME gone.netwerk1.lab; gone.netwerk1.lab 0 CNAME nobody.netwerk1.lab"
            ),
            ("gone", .cname, "NOERROR aa ra; gone 0 CNAME nobody.netwerk1.lab"),
            ("blocked", .a, "NXDOMAIN aa ra; blocked 0 CNAME x.ads.example"),
            // it has what its domain has
            ("sunk", .a, "NOERROR aa ra; sunk 0 CNAME x.sink.example; x.sink.example 0 A 10.0.0.1"),
            ("sunk", .aaaa, "NOERROR aa ra; sunk 0 CNAME x.sink.example"),
        ] as [(DNSName, DNSRecordType, String)])
    func followsAliases(name: DNSName, type: DNSRecordType, expected: String) {
        #expect(decision(Self.zone, name, type) == expected)
    }

    /// Aliases in a circle end.
    @Test func endsACircle() {
        let answer = decision(Self.zone, "round")
        #expect(answer.hasPrefix("NOERROR aa ra; round 0 CNAME about.netwerk1.lab; about.netwerk1.lab 0 CNAME round"))
        #expect(answer.utf8.count < 1000)
    }

    /// A lease does not take an alias's name.
    @Test func keepsAnAlias() {
        var zone = Self.zone
        zone.apply(.store(Lease(address: "192.168.150.30", mac: "52:54:00:00:00:30", hostName: "db")))
        #expect(decision(zone, "db").hasPrefix("NOERROR aa ra; db 0 CNAME"))
    }

    @Test(
        arguments: [
            // the domain and everything below it
            ("sink.example", .a, "NOERROR aa ra; sink.example 0 A 10.0.0.1"),
            ("a.b.Sink.example", .a, "NOERROR aa ra; a.b.Sink.example 0 A 10.0.0.1"),
            ("a.sink.example", .aaaa, "NOERROR aa ra; authority: sink.example 0 SOA sink.example 0"),
            ("sinks.example", .a, "forward to 9.9.9.9"),
            // both families
            ("x.dual.example", .aaaa, "NOERROR aa ra; x.dual.example 0 AAAA fd00::1"),
            // blocked
            ("blocked.example", .a, "NXDOMAIN aa ra; authority: blocked.example 0 SOA blocked.example 0"),
            // above a name that exists (RFC 8020, section 2)
            ("ads.example", .a, "NOERROR aa ra; authority: ads.example 0 SOA ads.example 0"),
            ("x.ads.example", .txt, "NXDOMAIN aa ra; authority: ads.example 0 SOA ads.example 0"),
            // a longer domain counts, fixed or forwarded
            ("x.good.ads.example", .a, "forward to 10.0.0.53"),
            ("x.pin.ads.example", .a, "NOERROR aa ra; x.pin.ads.example 0 A 10.0.0.2"),
            // a record of one name counts
            ("host.ads.example", .a, "NOERROR aa ra; host.ads.example 0 A 10.0.0.3"),
            // everything of the network's own domain
            ("nobody.netwerk1.lab", .a, "NOERROR aa ra; nobody.netwerk1.lab 0 A 10.0.0.4"),
            ("vm1.netwerk1.lab", .a, "NOERROR aa ra; vm1.netwerk1.lab 0 A 192.168.150.5"),
            // nobody is asked
            ("x.closed.example", .a, "NXDOMAIN aa ra; authority: closed.example 0 SOA closed.example 0"),
        ] as [(DNSName, DNSRecordType, String)])
    func answersAboutFixedDomains(name: DNSName, type: DNSRecordType, expected: String) {
        let zone = lab {
            $0.fixedDomains = [
                .init(name: "sink.example", addresses: ["10.0.0.1"]),
                .init(name: "dual.example", addresses: ["10.0.0.1", "fd00::1"]),
                .init(name: "ads.example", addresses: []), .init(name: "blocked.example", addresses: []),
                .init(name: "pin.ads.example", addresses: ["10.0.0.2"]),
                .init(name: "netwerk1.lab", addresses: ["10.0.0.4"]),
            ]
            $0.hosts.append(.init(name: "host.ads.example", addresses: ["10.0.0.3"]))
            $0.forwarders += [
                .init(domain: "good.ads.example", servers: [.init(address: "10.0.0.53")]),
                .init(closing: "closed.example"),
            ]
        }
        #expect(decision(zone, name, type) == expected)
    }

    /// The bridge has its name and reverse names where nobody else has them.
    @Test func namesTheBridge() {
        let bridge = ServiceConfiguration.DNS.Host(name: "virbr1", addresses: ["192.168.150.1", "fd00:150::1"])
        let zone = lab {
            $0.bridge = bridge
            $0.hosts = [.init(name: "vm1", addresses: ["192.168.150.1"])]
        }
        #expect(decision(zone, "virbr1.netwerk1.lab") == "NOERROR aa ra; virbr1.netwerk1.lab 0 A 192.168.150.1")
        #expect(decision(zone, "virbr1", .aaaa) == "NOERROR aa ra; virbr1 0 AAAA fd00:150::1")
        let reverse: DNSName = "1.150.168.192.in-addr.arpa"
        #expect(decision(zone, reverse, .ptr) == "NOERROR aa ra; \(reverse) 0 PTR vm1.netwerk1.lab")
        let address: IPAddress = "fd00:150::1"
        let reverse6 = DNSName(address.reverseName) ?? .root
        #expect(decision(zone, reverse6, .ptr) == "NOERROR aa ra; \(reverse6) 0 PTR virbr1.netwerk1.lab")
        let other = lab {
            $0.bridge = bridge
            $0.hosts = [.init(name: "virbr1", addresses: ["192.168.150.9"])]
        }
        #expect(decision(other, "virbr1") == "NOERROR aa ra; virbr1 0 A 192.168.150.9")
    }

    /// Reverse names of a subnet that others know too are asked for, those that are known here are not.
    @Test func asksAboutOpenReverseNames() {
        let zone = lab {
            $0.subnets = ["8.8.8.0/24"]
            $0.reverseSubnets = []
            $0.hosts = [.init(name: "vm1", addresses: ["8.8.8.5"])]
        }
        #expect(decision(zone, "5.8.8.8.in-addr.arpa", .ptr).hasPrefix("NOERROR aa ra; 5.8.8.8.in-addr.arpa 0 PTR vm1"))
        #expect(decision(zone, "6.8.8.8.in-addr.arpa", .ptr) == "forward to 9.9.9.9")
    }
}
