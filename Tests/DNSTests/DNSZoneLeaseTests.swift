import DNS
import NetworkModel
import TestSupport
import Testing

/// Names that guests give themselves.
@Suite struct DNSZoneLeaseTests {
    static func lease(_ address: IPv4Address, _ name: String?, mac: MACAddress = "52:54:00:00:00:01") -> Lease {
        Lease(address: address, mac: mac, hostName: name)
    }

    static func zone(_ leases: Lease...) -> DNSZone { DNSZone(labConfiguration(), leases: leases) }
    static let nobody = "NXDOMAIN aa ra" + DNSZoneTests.ownSOA

    @Test func followsALease() {
        var zone = Self.zone()
        #expect(decision(zone, "vm3.netwerk1.lab") == Self.nobody)
        zone.apply(.store(Self.lease("192.168.150.30", "vm3")))
        #expect(decision(zone, "vm3.netwerk1.lab") == "NOERROR aa ra; vm3.netwerk1.lab 0 A 192.168.150.30")
        zone.apply(.store(Self.lease("192.168.150.30", "renamed")))
        #expect(decision(zone, "vm3.netwerk1.lab") == Self.nobody)
        #expect(
            decision(zone, "30.150.168.192.in-addr.arpa", .ptr)
                == "NOERROR aa ra; 30.150.168.192.in-addr.arpa 0 PTR renamed.netwerk1.lab")
        zone.apply(.remove("192.168.150.30"))
        #expect(decision(zone, "renamed.netwerk1.lab") == Self.nobody)
        #expect(decision(zone, "renamed") == "forward to 9.9.9.9")
        #expect(decision(zone, "30.150.168.192.in-addr.arpa", .ptr) == "NXDOMAIN aa ra" + DNSZoneTests.reverseSOA)
        zone.apply(.remove("192.168.150.30"))
        #expect(decision(zone, "renamed.netwerk1.lab") == Self.nobody)
    }

    /// A guest that was installed anew is found, though the lease of its former Ethernet address still runs.
    @Test func givesANameToTheLatest() {
        var zone = Self.zone(Self.lease("192.168.150.30", "vm3"), Self.lease("192.168.150.31", "vm3"))
        #expect(decision(zone, "vm3") == "NOERROR aa ra; vm3 0 A 192.168.150.31")
        // A renewal asks for nothing new.
        zone.apply(.store(Self.lease("192.168.150.30", "vm3")))
        #expect(decision(zone, "vm3") == "NOERROR aa ra; vm3 0 A 192.168.150.31")
        zone.apply(.remove("192.168.150.31"))
        #expect(decision(zone, "vm3") == "NOERROR aa ra; vm3 0 A 192.168.150.30")
        zone.apply(.remove("192.168.150.30"))
        #expect(decision(zone, "vm3.netwerk1.lab") == Self.nobody)
    }

    /// What the configuration says, no guest can change.
    @Test(
        arguments: [
            ("gateway", "gateway", "NOERROR aa ra; gateway 0 A 192.168.150.1"),
            ("Gateway", "gateway.netwerk1.lab", "NOERROR aa ra; gateway.netwerk1.lab 0 A 192.168.150.1"),
            // names programs trust
            ("localhost", "localhost.netwerk1.lab", nobody),
            ("wpad", "wpad.netwerk1.lab", nobody),
            // names of more than one label, which a lease cannot have
            ("www.debian.org", "www.debian.org", "forward to 9.9.9.9"),
            ("", "netwerk1.lab", "NOERROR aa ra" + DNSZoneTests.ownSOA),
            ("a..b", "netwerk1.lab", "NOERROR aa ra" + DNSZoneTests.ownSOA),
        ] as [(String, DNSName, String)])
    func refusesAName(wanted: String, asked: DNSName, expected: String) {
        let zone = Self.zone(Self.lease("192.168.150.66", wanted))
        #expect(decision(zone, asked) == expected)
        #expect(decision(zone, "66.150.168.192.in-addr.arpa", .ptr) == "NXDOMAIN aa ra" + DNSZoneTests.reverseSOA)
    }

    /// The network's domain itself is no guest's name, even where it has one label.
    @Test func refusesTheDomain() {
        let zone = DNSZone(labConfiguration { $0.domain = "lab" }, leases: [Self.lease("192.168.150.66", "lab")])
        #expect(decision(zone, "lab") == "NOERROR aa ra; authority: lab 0 SOA lab 0")
        #expect(decision(zone, "lab.lab") == "NXDOMAIN aa ra; authority: lab 0 SOA lab 0")
    }

    /// A name with an IPv6 address or a text from the configuration may have its IPv4 address from a lease.
    @Test func completesAName() {
        let zone = DNSZone(
            labConfiguration {
                $0.hosts = [.init(name: "dual", addresses: ["fd00:150::9"])]
                $0.texts = [.init(name: "dual", value: "x")]
            }, leases: [Self.lease("192.168.150.9", "dual")])
        #expect(
            decision(zone, "dual", .any)
                == #"NOERROR aa ra; dual 0 AAAA fd00:150::9; dual 0 TXT "x"; dual 0 A 192.168.150.9"#)
    }

    /// The families have their names each for themselves.
    @Test func namesAddressesOfBothFamilies() {
        let lease6 = IPv6Lease(
            "fd00:150::66/128", duid: [0, 4, 1], iaid: 1, mac: "52:54:00:00:00:01", hostName: "dual")
        var zone = DNSZone(
            labConfiguration { $0.subnets.append("fd00:150::/64") },
            leases: [Self.lease("192.168.150.66", "dual")], ipv6Leases: [lease6])
        let reverse = DNSName(IPv6Address("fd00:150::66").reverseName) ?? .root
        #expect(decision(zone, "dual") == "NOERROR aa ra; dual 0 A 192.168.150.66")
        #expect(decision(zone, "dual", .aaaa) == "NOERROR aa ra; dual 0 AAAA fd00:150::66")
        #expect(decision(zone, reverse, .ptr) == "NOERROR aa ra; \(reverse) 0 PTR dual.netwerk1.lab")
        zone.apply(.remove("192.168.150.66"))
        #expect(decision(zone, "dual", .any) == "NOERROR aa ra; dual 0 AAAA fd00:150::66")
        zone.apply(.removeIPv6(lease6.prefix))
        #expect(decision(zone, "dual.netwerk1.lab") == Self.nobody)
        // A prefix that is delegated is not an address.
        zone.apply(
            .storeIPv6(IPv6Lease("fd01::/56", kind: .prefix, duid: [0, 4, 1], iaid: 1, mac: nil, hostName: "x")))
        #expect(decision(zone, "x.netwerk1.lab") == Self.nobody)
    }

    /// The lease of a reservation says what the configuration has said already.
    @Test func doesNotDoubleAReservation() {
        var zone = Self.zone(Self.lease("192.168.150.1", "gateway"))
        #expect(decision(zone, "gateway") == "NOERROR aa ra; gateway 0 A 192.168.150.1")
        zone.apply(.remove("192.168.150.1"))
        #expect(decision(zone, "gateway") == "NOERROR aa ra; gateway 0 A 192.168.150.1")
        #expect(
            decision(zone, "1.150.168.192.in-addr.arpa", .ptr)
                == "NOERROR aa ra; 1.150.168.192.in-addr.arpa 0 PTR gateway.netwerk1.lab")
    }

    /// Leases that come and go in any order leave the zone that the leases that are left make.
    @Test(arguments: 0..<50) func changesAddUp(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var zone = Self.zone()
        var left: [IPv4Address: Lease] = [:]
        let names = ["a", "b", "c", "gateway", nil]
        for _ in 0..<100 {
            let address = IPv4Address(0xC0A8_9600 | .random(in: 1...6, using: &random))
            if Bool.random(using: &random) {
                let lease = Self.lease(address, names.randomElement(using: &random) ?? nil)
                zone.apply(.store(lease))
                left[address] = lease
            } else {
                zone.apply(.remove(address))
                left[address] = nil
            }
        }
        for address in left.keys { zone.apply(.remove(address)) }
        for name in ["a.netwerk1.lab", "b.netwerk1.lab", "c.netwerk1.lab"] as [DNSName] {
            #expect(decision(zone, name) == Self.nobody)
        }
        for lease in left.values.sorted(by: { $0.address < $1.address }) { zone.apply(.store(lease)) }
        let fresh = DNSZone(labConfiguration(), leases: left.values.sorted { $0.address < $1.address })
        for name in ["a", "b.netwerk1.lab", "c", "gateway"] as [DNSName] {
            #expect(decision(zone, name, .any) == decision(fresh, name, .any))
        }
        for host in 1...6 {
            let name = DNSName(IPv4Address(0xC0A8_9600 | UInt32(host)).reverseName) ?? .root
            #expect(decision(zone, name, .ptr) == decision(fresh, name, .ptr))
        }
    }
}
