import DNS
import NetworkModel
import TestSupport
import Testing

/// What is answered about the network's own names.
@Suite struct DNSZoneTests {
    static let ownSOA = "; authority: netwerk1.lab 0 SOA netwerk1.lab 0"
    static let reverseSOA = "; authority: 150.168.192.in-addr.arpa 0 SOA 150.168.192.in-addr.arpa 0"

    @Test(
        arguments: [
            // a host in both families, with and without the domain, in the case that was asked for
            ("vm1", .a, "NOERROR aa ra; vm1 0 A 192.168.150.5"),
            ("vm1.netwerk1.lab", .a, "NOERROR aa ra; vm1.netwerk1.lab 0 A 192.168.150.5"),
            ("Vm1.Netwerk1.LAB", .aaaa, "NOERROR aa ra; Vm1.Netwerk1.LAB 0 AAAA fd00:150::5"),
            // a lease
            ("vm2", .a, "NOERROR aa ra; vm2 0 A 192.168.150.20"),
            ("vm2.netwerk1.lab", .a, "NOERROR aa ra; vm2.netwerk1.lab 0 A 192.168.150.20"),
            // a name with a dot is taken as it is
            ("www.example.com", .a, "NOERROR aa ra; www.example.com 0 A 192.168.150.5"),
            ("www.example.com.netwerk1.lab", .a, "NXDOMAIN aa ra" + ownSOA),
            // PTR in both families, with the domain, in the order of the configuration
            (
                "5.150.168.192.in-addr.arpa", .ptr,
                "NOERROR aa ra; 5.150.168.192.in-addr.arpa 0 PTR vm1.netwerk1.lab"
                    + "; 5.150.168.192.in-addr.arpa 0 PTR www.example.com"
            ),
            ("20.150.168.192.in-addr.arpa", .ptr, "NOERROR aa ra; 20.150.168.192.in-addr.arpa 0 PTR vm2.netwerk1.lab"),
            (
                "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.5.1.0.0.0.d.f.ip6.arpa", .ptr,
                "NOERROR aa ra; 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.5.1.0.0.0.d.f.ip6.arpa 0 PTR "
                    + "gateway.netwerk1.lab"
            ),
            // TXT and SRV (RFC 2782)
            ("vm1", .txt, #"NOERROR aa ra; vm1 0 TXT "role=db""#),
            ("vm1.netwerk1.lab", .txt, #"NOERROR aa ra; vm1.netwerk1.lab 0 TXT "role=db""#),
            ("key.example.com", .txt, #"NOERROR aa ra; key.example.com 0 TXT "abc""#),
            (
                "_ldap._tcp.netwerk1.lab", .srv,
                "NOERROR aa ra; _ldap._tcp.netwerk1.lab 0 SRV 10 5 389 vm1.netwerk1.lab"
            ),
            ("_imap._tcp.netwerk1.lab", .srv, "NOERROR aa ra; _imap._tcp.netwerk1.lab 0 SRV 0 0 0 ."),
            // the apex of a zone
            ("netwerk1.lab", .soa, "NOERROR aa ra; netwerk1.lab 0 SOA netwerk1.lab 0"),
            ("netwerk1.lab", .ns, "NOERROR aa ra; netwerk1.lab 0 NS netwerk1.lab"),
            ("150.168.192.in-addr.arpa", .ns, "NOERROR aa ra; 150.168.192.in-addr.arpa 0 NS 150.168.192.in-addr.arpa"),
            // RFC 8482 leaves ANY to the server: everything
            ("vm2", .any, "NOERROR aa ra; vm2 0 A 192.168.150.20"),
            (
                "vm1", .any,
                #"NOERROR aa ra; vm1 0 A 192.168.150.5; vm1 0 AAAA fd00:150::5; vm1 0 TXT "role=db""#
            ),
        ] as [(DNSName, DNSRecordType, String)])
    func answers(name: DNSName, type: DNSRecordType, expected: String) {
        #expect(decision(lab(), name, type) == expected)
    }

    /// RFC 2308, section 2, and RFC 8020: "not that type" and "no such name".
    @Test(
        arguments: [
            // the name is there, the type is not: nobody else is asked
            ("vm2.netwerk1.lab", .aaaa, "NOERROR aa ra" + ownSOA),
            ("vm1.netwerk1.lab", .mx, "NOERROR aa ra" + ownSOA),
            ("vm1.netwerk1.lab", .caa, "NOERROR aa ra" + ownSOA),
            ("netwerk1.lab", .a, "NOERROR aa ra" + ownSOA),
            // a name that was given here is a zone of its own, in whoever's domain it is
            ("www.example.com", .aaaa, "NOERROR aa ra; authority: www.example.com 0 SOA www.example.com 0"),
            ("vm2", .aaaa, "NOERROR aa ra; authority: vm2 0 SOA vm2 0"),
            // an empty non-terminal exists
            ("_tcp.netwerk1.lab", .a, "NOERROR aa ra" + ownSOA),
            ("_tcp.netwerk1.lab", .any, "NOERROR aa ra" + ownSOA),
            // no such name
            ("nobody.netwerk1.lab", .a, "NXDOMAIN aa ra" + ownSOA),
            ("below.vm1.netwerk1.lab", .a, "NXDOMAIN aa ra" + ownSOA),
            ("77.150.168.192.in-addr.arpa", .ptr, "NXDOMAIN aa ra" + reverseSOA),
            ("5.150.168.192.in-addr.arpa", .a, "NOERROR aa ra" + reverseSOA),
            // a domain above names that were given here is still somebody else's
            ("example.com", .a, "forward to 9.9.9.9"),
            ("other.example.com", .a, "forward to 9.9.9.9"),
            // a name that only ends like the network's
            ("xnetwerk1.lab", .a, "forward to 9.9.9.9"),
        ] as [(DNSName, DNSRecordType, String)])
    func denies(name: DNSName, type: DNSRecordType, expected: String) {
        #expect(decision(lab(), name, type) == expected)
    }

    /// RFC 6761, sections 6.3 and 6.4, and RFC 7686, section 2.
    @Test(
        arguments: [
            ("localhost", .a, "NOERROR aa ra; localhost 0 A 127.0.0.1"),
            ("LocalHost", .aaaa, "NOERROR aa ra; LocalHost 0 AAAA ::1"),
            ("a.b.localhost", .a, "NOERROR aa ra; a.b.localhost 0 A 127.0.0.1"),
            ("localhost", .mx, "NOERROR aa ra; authority: localhost 60 SOA localhost 60"),
            ("xlocalhost.example.com", .a, "forward to 9.9.9.9"),
            ("invalid", .a, "NXDOMAIN aa ra; authority: . 60 SOA . 60"),
            ("www.invalid", .a, "NXDOMAIN aa ra; authority: . 60 SOA . 60"),
            ("abc.onion", .a, "NXDOMAIN aa ra; authority: . 60 SOA . 60"),
        ] as [(DNSName, DNSRecordType, String)])
    func knowsSpecialNames(name: DNSName, type: DNSRecordType, expected: String) {
        #expect(decision(lab(), name, type) == expected)
    }

    /// RFC 2181, section 5: a set holds no record twice.
    @Test func namesAnAddressOnce() {
        let zone = lab { $0.hosts += [.init(name: "VM1", addresses: ["192.168.150.5", "192.168.150.6"])] }
        #expect(decision(zone, "vm1") == "NOERROR aa ra; vm1 0 A 192.168.150.5; vm1 0 A 192.168.150.6")
    }

    /// RFC 1035, section 3.3: a string has at most 255 octets, a text may have more.
    @Test func splitsALongText() {
        let zone = lab {
            $0.texts = [
                .init(name: "long", value: String(repeating: "x", count: 300)), .init(name: "empty", value: ""),
            ]
        }
        let parts = [255, 45].map { "\"" + String(repeating: "x", count: $0) + "\"" }
        #expect(decision(zone, "long", .txt) == "NOERROR aa ra; long 0 TXT \(parts[0]) \(parts[1])")
        #expect(decision(zone, "empty", .txt) == #"NOERROR aa ra; empty 0 TXT """#)
    }

    /// The data of a record has at most 65,535 octets: 256 strings of 255, each with its length, less one octet.
    @Test(arguments: [(65_279, true), (65_280, false)]) func leavesOutATextTooLong(count: Int, known: Bool) {
        let zone = lab { $0.texts = [.init(name: "long", value: String(repeating: "x", count: count))] }
        // One that fits into a record is still too large for an answer.
        #expect(decision(zone, "long", .txt) == (known ? "NOERROR aa tc ra" : "forward to 9.9.9.9"))
    }

    /// Without a domain there are plain names only.
    @Test func needsNoDomain() {
        let zone = lab { $0.domain = nil }
        #expect(decision(zone, "vm1") == "NOERROR aa ra; vm1 0 A 192.168.150.5")
        #expect(decision(zone, "vm1.netwerk1.lab") == "forward to 9.9.9.9")
        #expect(
            decision(zone, "20.150.168.192.in-addr.arpa", .ptr)
                == "NOERROR aa ra; 20.150.168.192.in-addr.arpa 0 PTR vm2")
    }

    /// A name that cannot be one is left out, and takes nothing else with it.
    @Test func survivesNamesThatAreNone() {
        let zone = lab {
            $0.domain = String(repeating: "a", count: 64)
            $0.hosts += [.init(name: "..", addresses: ["192.168.150.9"]), .init(name: "", addresses: [])]
            $0.texts += [.init(name: "", value: "x")]
            $0.services += [.init(name: "a..b", target: "..", port: 1, priority: 0, weight: 0)]
            $0.forwarders += [.init(domain: "a..b", servers: [.init(address: "9.9.9.10")])]
        }
        #expect(decision(zone, "vm1") == "NOERROR aa ra; vm1 0 A 192.168.150.5")
    }
}
