internal import Foundation
internal import TestSupport
internal import Testing

/// What is asked of other servers, and what is made of their answers.
@Suite(.requiresRoot)
struct DNSForwardingTests {
    /// Starts `Upstream/name-server.py` with the signed zone signed.test at the outside's address.
    private func serveZone(_ site: Site, _ behaviours: String...) async throws -> RunningProgram {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Upstream")
        let server = try site.outside.start(
            ["python3", "\(folder.path)/name-server.py", Site.outsideAddress, "\(folder.path)/signed-zone.txt"]
                + behaviours)
        try #require(try await eventually { server.outputSoFar.contains("ready") })
        return server
    }

    private func start(_ site: Site, extra: String = "") async throws -> Namespace {
        try await site.host.run(network("lab", extra: extra))
        return try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
    }

    private func dig(_ guest: Namespace, _ words: String...) async throws -> Outcome {
        try await guest.run(["dig", "@192.168.150.1", "+tries=1", "+time=5"] + words)
    }

    @Test func `an answer is remembered, counted down, shown and forgotten`() async throws {
        try requireTools("dig", "python3")
        try await withSite { site in
            let server = try await serveZone(site)
            let guest = try await start(site)
            for _ in 0..<3 { #expect(try await dig(guest, "+short", "www.signed.test").text == "198.18.0.80") }
            #expect(try await dig(guest, "+short", "+tcp", "WWW.signed.test").text == "198.18.0.80")
            #expect(try await dig(guest, "none.signed.test").output.contains("status: NXDOMAIN"))
            #expect(try await dig(guest, "none.signed.test", "MX").output.contains("status: NXDOMAIN"))
            #expect(
                server.outputSoFar.split(separator: "\n").dropFirst() == [
                    "udp www.signed.test 1 ", "udp none.signed.test 1 ",
                ])

            let statistics = try await site.host.must("dns", "cache", "lab", "--json").output
            #expect(statistics.contains("\"entries\" : 2") && statistics.contains("\"hits\" : 4"), "\(statistics)")
            try await Task.sleep(for: .seconds(1.1))
            let answer = try await dig(guest, "+noall", "+answer", "www.signed.test")
            #expect(answer.text.firstMatch(of: /\s2\d\d\sIN\sA\s/) != nil, "\(answer)")

            #expect(try await site.host.must("dns", "cache", "lab", "flush").text == "DNS cache of network lab flushed")
            #expect(try await site.host.must("dns", "cache", "lab").output.contains("Entries:        0"))
            _ = try await dig(guest, "www.signed.test")
            #expect(server.outputSoFar.split(separator: "\n").count == 4)
            let refused = try await site.host.vnet("dns", "cache", "nobody")
            #expect(!refused.isSuccess && refused.errors.contains("there is no network 'nobody'"))
        }
    }

    @Test func `what guests ask is written down where that is wished`() async throws {
        try requireTools("dig", "python3")
        try await withSite { site in
            let server = try await serveZone(site)
            // As systemd starts it: nobody has made a folder for its log.
            let daemon = try site.host.start(["daemon"])
            try #require(try await eventually { try await site.host.namespace.listens(at: site.host.socket) })
            let name = "queries-lab.log"
            let wished = network("lab", extra: extensions("<vnet:queryLog>yes</vnet:queryLog>"))
            try await site.host.run(wished)
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            for (name, words) in [
                ("www.signed.test", []), ("WWW.signed.test", ["+tcp"]), ("none.signed.test", ["MX"]),
                ("1.150.168.192.in-addr.arpa", ["PTR"]),
            ] {
                _ = try await guest.run(["dig", "@192.168.150.1", "+tries=1", name] + words)
            }
            // Whoever is not answered by anyone hears so, and that is written too.
            server.signal(SIGTERM)
            _ = await server.outcome()
            _ = try await dig(guest, "late.signed.test")
            let lines = try await site.host.must("dns", "log", "lab").text.split(separator: "\n").map { line in
                #expect(
                    line.contains(#/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /#) && line.contains(#/ \d+\.\dms$/#),
                    "\(line)")
                return line.split(separator: " ").dropFirst().dropLast().joined(separator: " ")
            }
            #expect(
                lines == [
                    "192.168.150.201 udp www.signed.test A NOERROR \(Site.outsideAddress)",
                    "192.168.150.201 tcp WWW.signed.test A NOERROR cache",
                    "192.168.150.201 udp none.signed.test MX NXDOMAIN \(Site.outsideAddress)",
                    "192.168.150.201 udp 1.150.168.192.in-addr.arpa PTR NOERROR network",
                    "192.168.150.201 udp late.signed.test A SERVFAIL nobody",
                ])
            #expect(try await site.host.must("dns", "log", "lab", "--lines", "1").text.contains("late.signed.test"))
            // Only where it is wished, from that moment on.
            try await site.host.must("apply", "-", input: network("lab"))
            _ = try await dig(guest, "1.150.168.192.in-addr.arpa", "PTR")
            #expect(try await site.host.must("dns", "log", "lab").text.split(separator: "\n").count == lines.count)
            try await site.host.must("stop", "lab")
            try await site.host.must("undefine", "lab")
            #expect(!FileManager.default.fileExists(atPath: "\(site.host.root)/var/lib/vnet/log/\(name)"))
            try await site.host.run(network("lab"))
            let none = try await site.host.vnet("dns", "log", "lab")
            #expect(!none.isSuccess && none.errors.contains("keeps no log of queries"), "\(none)")
            try await site.host.must("stop", "lab")
            daemon.signal(SIGTERM)
            #expect(await daemon.outcome().code == 0)
        }
    }

    @Test func `signatures come through, and delv finds them right`() async throws {
        try requireTools("dig", "delv", "python3")
        try await withSite { site in
            let server = try await serveZone(site)
            let guest = try await start(site)
            let key = try await dig(guest, "+short", "signed.test", "DNSKEY").text.split(
                separator: " ", maxSplits: 3)
            try #require(key.count == 4)
            let anchor = try site.lab.file(
                "anchor",
                "trust-anchors { signed.test. static-key \(key[0]) \(key[1]) \(key[2]) \"\(key[3].filter { $0 != " " })\"; };"
            )
            // Twice, the second time from memory.
            for _ in 0..<2 {
                for (words, expected) in [
                    ("www.signed.test A", "; fully validated"), ("www.signed.test TYPE65534", "\\# 3 010203"),
                    ("alias.signed.test A", "198.18.0.80"),
                    ("none.signed.test A", "; negative response, fully validated"),
                    ("www.signed.test MX", "; negative response, fully validated"),
                ] {
                    let delv = try await guest.run(
                        ["delv", "@192.168.150.1", "-a", anchor, "+root=signed.test"]
                            + words.split(separator: " ").map(String.init))
                    let all = delv.output + delv.errors
                    #expect(all.contains(expected) && all.contains("fully validated"), "\(words): \(delv)")
                }
            }
            // CD goes out and comes back, and so do the signatures.
            let unchecked = try await dig(guest, "+dnssec", "+cdflag", "www.signed.test")
            #expect(unchecked.output.firstMatch(of: /flags:[a-z ]* cd/) != nil && unchecked.output.contains("RRSIG"))
            #expect(server.outputSoFar.contains(" do cd"))
            // Without DO, no signatures.
            let plain = try await dig(guest, "www.signed.test")
            #expect(!plain.output.contains("RRSIG"))
        }
    }

    @Test(arguments: ["plain", "truncate", "lowercase", "spoof", "cookie"])
    func `a server that is old, small, careless, imitated or careful is understood`(behaviour: String) async throws {
        try requireTools("dig", "python3")
        try await withSite { site in
            let server = try await serveZone(site, behaviour)
            let guest = try await start(site)
            let answer = try await dig(guest, "+short", "www.signed.test")
            #expect(answer.text == "198.18.0.80", "\(answer)\n\(server.outputSoFar)")
            let overTCP = server.outputSoFar.contains("tcp www.signed.test")
            #expect(overTCP == (behaviour == "truncate" || behaviour == "lowercase"))
        }
    }

    /// Asks about as many names as the first argument says, no more at a time than the second, none waiting for longer than the
    /// last, and tells how many were answered.
    private static let asker = """
        import select, socket, struct, sys, time
        count, window, limit = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.connect(('192.168.150.1', 53))
        waiting, asked, answered = {}, 0, 0
        while asked < count or waiting:
            while asked < count and len(waiting) < window:
                label = b'n%d' % asked
                name = bytes([len(label)]) + label + b'\\6signed\\4test\\0'
                link.send(struct.pack('>6H', asked, 0x100, 1, 0, 0, 0) + name + struct.pack('>2H', 1, 1))
                waiting[asked] = time.monotonic()
                asked += 1
            if select.select([link], [], [], 0.1)[0]:
                answered += waiting.pop(struct.unpack('>H', link.recv(4096)[:2])[0], None) is not None
            now = time.monotonic()
            waiting = {number: since for number, since in waiting.items() if now - since < limit}
        print(answered)
        """

    /// A busy network's ports are used again, but none often, nor in turn, and a quiet one's never (RFC 5452, section 9.2).
    @Test func `other servers are asked from ports that nobody can foresee`() async throws {
        try requireTools("python3", "ss")
        try await withSite { site in
            let server = try await serveZone(site, "ports")
            let guest = try await start(site)
            func ports(behind former: Int) -> [Int] {
                server.outputSoFar.split(separator: "\n").filter { $0.hasPrefix("port ") }.dropFirst(former).compactMap
                {
                    Int($0.dropFirst(5))
                }
            }
            #expect(try await guest.run(["python3", "-c", Self.asker, "12", "1", "5"]).text == "12")
            let quiet = ports(behind: 0)
            #expect(quiet.count == 12 && Set(quiet).count == 12, "\(quiet)")

            try await site.host.must("dns", "cache", "lab", "flush")
            #expect(try await guest.run(["python3", "-c", Self.asker, "2000", "40", "5"]).text == "2000")
            let busy = ports(behind: 12)
            #expect(busy.count == 2_000)
            let uses = Dictionary(grouping: busy) { $0 }.mapValues(\.count)
            // 32 times each; by chance the kernel chooses one twice.
            #expect(uses.values.allSatisfy { $0 <= 64 } && uses.values.count { $0 > 32 } < 5, "\(uses)")
            // That sockets are used again at all is what makes this fast.
            #expect((63...500).contains(uses.count), "\(uses.count) ports")
            #expect(zip(busy, busy.dropFirst()).count { $0 == $1 } < 200)
            // None is kept open.
            #expect(
                try await eventually {
                    try await site.host.namespace.run(["ss", "-Hun", "dst", Site.outsideAddress]).text.isEmpty
                })
        }
    }

    @Test func `the next server is asked, and what was true is told where none answers`() async throws {
        try requireTools("dig", "python3")
        try await withSite { site in
            let forwarders =
                "<dns><forwarder addr='\(Site.outsideAddress2)'/><forwarder addr='\(Site.outsideAddress)'/></dns>"
            let server = try await serveZone(site)
            let guest = try await start(site, extra: forwarders)
            // The first one's port is closed, which is known at once.
            var durations: [Duration] = []
            for _ in 0..<3 {
                try await site.host.must("dns", "cache", "lab", "flush")
                let start = ContinuousClock.now
                #expect(try await dig(guest, "+short", "www.signed.test").text == "198.18.0.80")
                durations.append(start.duration(to: .now))
            }
            #expect(durations.contains { $0 < .seconds(1.4) }, "\(durations)")
            server.signal(SIGKILL)
            _ = await server.outcome()
            #expect(try await dig(guest, "+short", "www.signed.test").text == "198.18.0.80")
            let failed = try await dig(guest, "ns.signed.test")
            #expect(failed.output.contains("status: SERVFAIL") && failed.output.contains("EDE: 22"), "\(failed)")
        }
    }

    @Test func `an alias of somebody else's name leads to its address`() async throws {
        try requireTools("dig", "python3")
        try await withSite { site in
            let server = try await serveZone(site)
            let guest = try await start(
                site,
                extra: """
                    <metadata><vnet:network xmlns:vnet='urn:vnet:1'><vnet:cname name='mirror' target='www.signed.test.'/>
                    </vnet:network></metadata><domain name='lab.test' localOnly='yes'/>
                    """)
            for _ in 0..<2 {
                #expect(try await dig(guest, "+short", "mirror.lab.test").text == "www.signed.test.\n198.18.0.80")
            }
            #expect(server.outputSoFar.split(separator: "\n").dropFirst() == ["udp www.signed.test 1 "])
        }
    }

    @Test func `aliases, whole domains and dnsmasq's options are names too`() async throws {
        try requireTools("dig")
        try await withSite { site in
            let extra = """
                <metadata><vnet:network xmlns:vnet='urn:vnet:1'>
                  <vnet:cname name='www' target='printer'/>
                  <vnet:address domain='sink.example' ip='192.168.150.9'/><vnet:address domain='ads.example'/>
                </vnet:network></metadata>
                <domain name='lab.test' localOnly='yes'/>
                <dns><host ip='192.168.150.20'><hostname>printer</hostname></host></dns>
                """
            let options = """
                <dnsmasq:options xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
                  <dnsmasq:option value='host-record=nas,192.168.150.30'/>
                </dnsmasq:options></network>
                """
            let xml = network("lab", mode: nil, extra: extra)
            try await site.host.run(xml.replacing(/<\/network>$/, with: options))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            for (words, expected) in [
                ("www.lab.test", "printer.lab.test.\n192.168.150.20"), ("a.b.sink.example", "192.168.150.9"),
                ("nas.lab.test", "192.168.150.30"), ("br-lab.lab.test", "192.168.150.1"),
                ("-x 192.168.150.1", "br-lab.lab.test."),
            ] {
                let answer = try await guest.run(
                    ["dig", "@192.168.150.1", "+short", "+tries=1"] + words.split(separator: " ").map { String($0) })
                #expect(answer.text == expected, "\(words): \(answer)")
            }
            #expect(try await dig(guest, "x.ads.example").output.contains("status: NXDOMAIN"))
        }
    }
}
