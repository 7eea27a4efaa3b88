import DNS
import NetworkModel
import TestSupport
import Testing

/// Who is asked about names that are not known here.
@Suite struct DNSZoneForwardingTests {
    static let ownSOA = DNSZoneTests.ownSOA

    /// An isolated network asks nobody: what is its own does not exist, and for the rest there is nobody to ask.
    @Test(
        arguments: [
            ("vm1", "NOERROR aa; vm1 0 A 192.168.150.5"),
            ("nobody.netwerk1.lab", "NXDOMAIN aa" + ownSOA),
            ("nobody", "NXDOMAIN aa; authority: . 0 SOA . 0"),
            ("7.0.0.10.in-addr.arpa", "NXDOMAIN aa; authority: 10.in-addr.arpa 60 SOA 10.in-addr.arpa 60"),
            ("www.debian.org", "REFUSED"),
            (".", "REFUSED"),
        ] as [(DNSName, String)])
    func isolated(name: DNSName, expected: String) {
        #expect(decision(lab(servers: []), name) == expected)
        // The domain being open for others' names changes nothing where there are no others.
        #expect(decision(lab(servers: []) { $0.localOnly = false }, name) == expected)
    }

    @Test func asksOthersAboutAnOpenDomain() {
        let zone = lab { $0.localOnly = false }
        #expect(decision(zone, "nobody.netwerk1.lab") == "forward to 9.9.9.9")
        #expect(decision(zone, "vm1.netwerk1.lab", .mx) == "NOERROR aa ra" + Self.ownSOA)
    }

    @Test func keepsPlainNamesWhereToldSo() {
        let closed = lab { $0.forwardPlainNames = false }
        #expect(decision(closed, "nobody") == "NXDOMAIN aa ra; authority: . 0 SOA . 0")
        #expect(decision(closed, "www.debian.org") == "forward to 9.9.9.9")
        #expect(decision(closed, "vm1") == "NOERROR aa ra; vm1 0 A 192.168.150.5")
        #expect(decision(lab(), "nobody") == "forward to 9.9.9.9")
    }

    /// RFC 8020, section 2: NXDOMAIN for `box` would deny `nas.box`, which is known here.
    @Test func doesNotDenyANameAboveAKnownOne() {
        let zone = lab {
            $0.forwardPlainNames = false
            $0.hosts += [.init(name: "nas.box", addresses: ["192.168.150.9"])]
        }
        #expect(decision(zone, "box") == "NOERROR aa ra; authority: . 0 SOA . 0")
    }

    /// The forwarder with the longest domain, whatever their order.
    @Test(
        arguments: [
            ("www.corp.example", "forward to 10.0.0.53 10.0.0.54"),
            ("CORP.example", "forward to 10.0.0.53 10.0.0.54"),
            ("a.dev.corp.example", "forward to 10.0.1.53"),
            ("xcorp.example", "forward to 9.9.9.9"),
            // without a server of its own: left to the common ones
            ("www.public.corp.example", "forward to 9.9.9.9"),
            // inside the network's own closed domain, a longer one
            ("a.sub.netwerk1.lab", "forward to 10.0.2.53"),
            ("nobody.netwerk1.lab", "NXDOMAIN aa ra" + ownSOA),
            // a plain name that is a forwarder's domain is more than plain
            ("intern", "forward to 10.0.3.53"),
            ("nobody", "NXDOMAIN aa ra; authority: . 0 SOA . 0"),
            // a forwarder for private addresses
            ("7.0.0.10.in-addr.arpa", "forward to 10.0.4.53"),
            ("7.0.16.172.in-addr.arpa", "NXDOMAIN aa ra; authority: 16.172.in-addr.arpa 60 SOA 16.172.in-addr.arpa 60"),
        ] as [(DNSName, String)])
    func choosesTheClosestForwarder(name: DNSName, expected: String) {
        let zone = lab {
            $0.forwardPlainNames = false
            $0.forwarders += [
                .init(domain: "corp.example", servers: [.init(address: "10.0.0.53")]),
                .init(domain: "dev.corp.example", servers: [.init(address: "10.0.1.53")]),
                .init(domain: "Corp.Example.", servers: [.init(address: "10.0.0.54")]),
                .init(domain: "public.corp.example", servers: []),
                .init(domain: "sub.netwerk1.lab", servers: [.init(address: "10.0.2.53")]),
                .init(domain: "intern", servers: [.init(address: "10.0.3.53")]),
                .init(domain: "10.in-addr.arpa", servers: [.init(address: "10.0.4.53")]),
            ]
        }
        #expect(decision(zone, name) == expected)
    }

    /// A forwarder for the network's own domain, or one above it, is asked what is not known here unless the domain is closed.
    @Test(arguments: ["netwerk1.lab", "lab"]) func asksTheDomainsForwarder(domain: String) {
        let forwarder = ServiceConfiguration.DNS.Forwarder(domain: domain, servers: [.init(address: "10.0.0.53")])
        #expect(decision(lab { $0.forwarders += [forwarder] }, "nobody.netwerk1.lab") == "NXDOMAIN aa ra" + Self.ownSOA)
        let open = lab {
            $0.localOnly = false
            $0.forwarders += [forwarder]
        }
        #expect(decision(open, "nobody.netwerk1.lab") == "forward to 10.0.0.53")
    }

    /// Where only some domains have forwarders, there is nobody to ask about the others.
    @Test func refusesWhatNoForwarderIsFor() {
        let zone = lab {
            $0.forwarders = [.init(domain: "corp.example", servers: [.init(address: "10.0.0.53")])]
        }
        #expect(decision(zone, "www.debian.org") == "REFUSED ra")
        #expect(decision(zone, "www.corp.example") == "forward to 10.0.0.53")
    }

    /// RFC 6303, section 4: one name of each zone, and names just outside.
    @Test(
        arguments: [
            ("1.2.3.10.in-addr.arpa", "10.in-addr.arpa"),
            ("1.0.16.172.in-addr.arpa", "16.172.in-addr.arpa"),
            ("1.0.31.172.in-addr.arpa", "31.172.in-addr.arpa"),
            ("1.0.32.172.in-addr.arpa", nil),
            ("1.1.168.192.in-addr.arpa", "168.192.in-addr.arpa"),
            ("1.1.169.192.in-addr.arpa", nil),
            ("0.0.0.0.in-addr.arpa", "0.in-addr.arpa"),
            ("1.0.0.127.in-addr.arpa", "127.in-addr.arpa"),
            ("1.1.254.169.in-addr.arpa", "254.169.in-addr.arpa"),
            ("1.2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa"),
            ("1.100.51.198.in-addr.arpa", "100.51.198.in-addr.arpa"),
            ("1.113.0.203.in-addr.arpa", "113.0.203.in-addr.arpa"),
            ("255.255.255.255.in-addr.arpa", "255.255.255.in-addr.arpa"),
            ("254.255.255.255.in-addr.arpa", nil),
            // RFC 7793
            ("1.1.64.100.in-addr.arpa", "64.100.in-addr.arpa"),
            ("1.1.127.100.in-addr.arpa", "127.100.in-addr.arpa"),
            ("1.1.128.100.in-addr.arpa", nil),
            ("1.1.1.1.in-addr.arpa", nil),
            // IPv6
            ("1.0.0.d.f.ip6.arpa", "d.f.ip6.arpa"),
            ("1.0.0.c.f.ip6.arpa", nil),
            ("0.8.e.f.ip6.arpa", "8.e.f.ip6.arpa"),
            ("0.b.e.f.ip6.arpa", "b.e.f.ip6.arpa"),
            ("0.c.e.f.ip6.arpa", nil),
            ("1.8.b.d.0.1.0.0.2.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"),
            ("1.9.b.d.0.1.0.0.2.ip6.arpa", nil),
        ] as [(DNSName, DNSName?)])
    func keepsPrivateReverseNames(name: DNSName, zone: DNSName?) {
        let expected = zone.map { "NXDOMAIN aa ra; authority: \($0) 60 SOA \($0) 60" } ?? "forward to 9.9.9.9"
        #expect(decision(lab(), name, .ptr) == expected)
    }

    /// RFC 6303, section 3: an empty zone has an apex.
    @Test func answersAboutAnEmptyZone() {
        #expect(decision(lab(), "10.in-addr.arpa", .soa) == "NOERROR aa ra; 10.in-addr.arpa 0 SOA 10.in-addr.arpa 60")
        #expect(decision(lab(), "10.in-addr.arpa", .ns) == "NOERROR aa ra; 10.in-addr.arpa 0 NS 10.in-addr.arpa")
        #expect(
            decision(lab(), "10.in-addr.arpa", .ptr)
                == "NOERROR aa ra; authority: 10.in-addr.arpa 60 SOA 10.in-addr.arpa 60")
    }

    /// Subnets whose prefix ends within a label.
    @Test(
        arguments: [
            // 203.0.112.0/23 holds two zones
            ("203.0.112.0/23", "9.112.0.203.in-addr.arpa", "112.0.203.in-addr.arpa"),
            ("203.0.112.0/23", "9.113.0.203.in-addr.arpa", "113.0.203.in-addr.arpa"),
            ("203.0.112.0/23", "9.114.0.203.in-addr.arpa", nil),
            // half of a /24: its zone is shared
            ("8.8.8.128/25", "128.8.8.8.in-addr.arpa", "8.8.8.in-addr.arpa"),
            ("8.8.8.128/25", "255.8.8.8.in-addr.arpa", "8.8.8.in-addr.arpa"),
            ("8.8.8.128/25", "127.8.8.8.in-addr.arpa", nil),
            ("8.8.8.128/25", "8.8.8.in-addr.arpa", nil),
            ("8.8.8.8/32", "8.8.8.8.in-addr.arpa", "8.8.8.in-addr.arpa"),
            // everything
            ("0.0.0.0/0", "8.8.8.8.in-addr.arpa", "8.in-addr.arpa"),
            // 2a00:100::/30 holds four nibbles
            ("2a00:100::/30", "0.3.0.1.0.0.0.a.2.ip6.arpa", "3.0.1.0.0.0.a.2.ip6.arpa"),
            ("2a00:100::/30", "0.4.0.1.0.0.0.a.2.ip6.arpa", nil),
        ] as [(IPSubnet, DNSName, DNSName?)])
    func ownsReverseNamesOfSubnets(subnet: IPSubnet, name: DNSName, zone: DNSName?) {
        let expected = zone.map { "NXDOMAIN aa ra; authority: \($0) 0 SOA \($0) 0" } ?? "forward to 9.9.9.9"
        #expect(decision(lab { $0.reverseSubnets = [subnet] }, name, .ptr) == expected)
    }
}
