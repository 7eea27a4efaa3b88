internal import Foundation
internal import TestSupport
internal import Testing

@Suite(.requiresRoot)
struct DNSClientTests {
    private static let records = """
        <domain name='lab.test' localOnly='yes'/>
        <dns>
          <host ip='192.168.150.20'><hostname>printer</hostname><hostname>printer.office.test</hostname></host>
          <txt name='note.lab.test' value='hello there'/>
          <srv service='ldap' protocol='tcp' domain='lab.test' target='server.lab.test' port='389' priority='1' weight='10'/>
        </dns>
        """

    private struct Question: Sendable {
        var words: [String]
        /// What `dig +short` prints; empty for nothing.
        var answer: String
        var status: String
        init(_ words: String, _ answer: String, _ status: String = "NOERROR") {
            self.words = words.split(separator: " ").map { String($0) }
            (self.answer, self.status) = (answer, status)
        }
    }

    private static let questions: [Question] = [
        // A <host> of <dns>, with the domain, without, and under its second name.
        .init("printer.lab.test A", "192.168.150.20"),
        .init("printer A", "192.168.150.20"),
        .init("printer.office.test A", "192.168.150.20"),
        // A reservation has its name before its guest ever came.
        .init("server.lab.test A", "192.168.150.10"),
        .init("SERVER.Lab.Test A", "192.168.150.10"),
        // A lease, by the name that its guest sent.
        .init("vm1.lab.test A", "$LEASE"),
        .init("vm1 A", "$LEASE"),
        // It is there, but not of this type.
        .init("vm1.lab.test AAAA", ""),
        .init("note.lab.test TXT", "\"hello there\""),
        .init("_ldap._tcp.lab.test SRV", "1 10 389 server.lab.test."),
        // Backwards.
        .init("-x 192.168.150.20", "printer.lab.test.\nprinter.office.test."),
        .init("-x 192.168.150.10", "server.lab.test."),
        .init("-x $LEASE", "vm1.lab.test."),
        .init("-x 192.168.150.77", "", "NXDOMAIN"),
        // The own domain is known in full: nobody else is asked.
        .init("nobody.lab.test A", "", "NXDOMAIN"),
        // All else is the host's resolver's to say.
        .init("www.example.test A", "198.18.0.80"),
        .init("missing.example.test A", "", "NXDOMAIN"),
    ]

    /// Answers for example.test, and for a name in the network's own domain that must not be asked for here.
    private func serveUpstream(_ site: Site) async throws {
        _ = try site.outside.start(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
            "--bind-interfaces",
            "--listen-address=\(Site.outsideAddress)", "--address=/www.example.test/198.18.0.80",
            "--address=/nobody.lab.test/198.18.0.66", "--local=/example.test/", "--user=root", "--pid-file",
            "--log-queries", "--log-facility=\(site.lab.folder)/upstream.log")
        let isUp = try await eventually {
            try await !site.outside.run("ss", "-Hlnu", "sport", "=", ":53").text.isEmpty
        }
        try #require(isUp)
    }

    private func dig(_ guest: Namespace, _ words: [String], _ transport: String) async throws -> (String, String) {
        let outcome = try await guest.run(
            ["dig", "@192.168.150.1", transport, "+tries=1", "+time=3", "+noall", "+comments", "+answer"] + words)
        let status = try #require(outcome.output.firstMatch(of: /status: ([A-Z]+)/), "\(outcome)").1
        let records = outcome.lines.filter { !$0.hasPrefix(";") && !$0.isEmpty }
        let data = records.map { line in
            line.split(maxSplits: 4, whereSeparator: \.isWhitespace).last.map { String($0) } ?? ""
        }
        return (data.joined(separator: "\n"), String(status))
    }

    @Test func `dig finds what the network knows, over UDP and over TCP`() async throws {
        try requireTools("dig", "dnsmasq", "udhcpc", "ss")
        try await withSite { site in
            try await serveUpstream(site)
            let host = "<host mac='52:54:00:00:01:05' name='server' ip='192.168.150.10'/>"
            try await site.host.run(network("lab", hosts: host, extra: Self.records))
            let guest = try await site.guest("vm1", on: "br-lab")
            let lease = try #require(try await guest.udhcpc(hostName: "vm1")?["ip"])
            for transport in ["+notcp", "+tcp"] {
                for question in Self.questions {
                    let words = question.words.map { $0.replacing("$LEASE", with: lease) }
                    let (answer, status) = try await dig(guest, words, transport)
                    let comment: Comment = "dig \(transport) \(words.joined(separator: " "))"
                    #expect(answer == question.answer.replacing("$LEASE", with: lease), comment)
                    #expect(status == question.status, comment)
                }
            }
            let asked = try String(contentsOfFile: "\(site.lab.folder)/upstream.log", encoding: .utf8)
            // Letters go out in upper and lower case at random.
            #expect(asked.lowercased().contains("www.example.test"))
            #expect(!asked.lowercased().contains("lab.test"))
            // Outside the network nobody is served.
            let outsider = try await site.outside.run(
                "dig", "@\(Site.hostAddress)", "+tries=1", "+time=1", "vm1.lab.test")
            #expect(!outsider.isSuccess)
        }
    }

    @Test func `an isolated network asks nobody outside`() async throws {
        try requireTools("dig", "dnsmasq", "ss")
        try await withSite { site in
            try await serveUpstream(site)
            try await site.host.run(network("lab", mode: nil, extra: Self.records))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            for transport in ["+notcp", "+tcp"] {
                let (own, _) = try await dig(guest, ["printer.lab.test"], transport)
                #expect(own == "192.168.150.20")
                let (foreign, status) = try await dig(guest, ["www.example.test"], transport)
                #expect(foreign.isEmpty)
                #expect(status != "NOERROR")
            }
            let asked = try String(contentsOfFile: "\(site.lab.folder)/upstream.log", encoding: .utf8)
            #expect(!asked.lowercased().contains("www.example.test"))
        }
    }

    @Test func `the host's resolvers are followed when they change`() async throws {
        try requireTools("dig", "dnsmasq", "ss")
        try await withSite { site in
            try await serveUpstream(site)
            let file = "/etc/netns/\(site.host.namespace.name)/resolv.conf"
            try "nameserver 203.0.113.99\n".write(toFile: file, atomically: false, encoding: .utf8)
            try await site.host.run(network("lab"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            // Written in place: the file itself is what is mounted over /etc/resolv.conf.
            try "nameserver \(Site.outsideAddress)\n".write(toFile: file, atomically: false, encoding: .utf8)
            let found = try await eventually {
                try await guest.run(
                    "dig", "@192.168.150.1", "+short", "+tries=1", "+time=1", "www.example.test"
                ).text == "198.18.0.80"
            }
            #expect(found)
        }
    }

    @Test func `a forwarder of the document is asked instead of the host's`() async throws {
        try requireTools("dig", "dnsmasq", "ss")
        try await withSite { site in
            try await serveUpstream(site)
            let file = "/etc/netns/\(site.host.namespace.name)/resolv.conf"
            try "nameserver 203.0.113.99\n".write(toFile: file, atomically: false, encoding: .utf8)
            try await site.host.run(network("lab", extra: "<dns><forwarder addr='\(Site.outsideAddress)'/></dns>"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            let (answer, _) = try await dig(guest, ["www.example.test"], "+notcp")
            #expect(answer == "198.18.0.80")
        }
    }

    @Test func `names and addresses of IPv6 are served, over IPv6`() async throws {
        try requireTools("dig")
        try await withSite { site in
            let records = """
                <domain name='lab.test' localOnly='yes'/>
                <dns><host ip='fd15:4c2a:7b90:150::20'><hostname>printer</hostname></host></dns>
                """
            try await site.host.run(network("lab", extra: records, ipv6: "fd15:4c2a:7b90:150::1"))
            let guest = try await site.guest(
                "vm1", on: "br-lab", addresses: ["fd15:4c2a:7b90:150::201/64": "fd15:4c2a:7b90:150::1"])
            for transport in ["+notcp", "+tcp"] {
                for (words, answer) in [
                    (["printer.lab.test", "AAAA"], "fd15:4c2a:7b90:150::20"),
                    (["printer.lab.test", "A"], ""),
                    (["-x", "fd15:4c2a:7b90:150::20"], "printer.lab.test."),
                ] {
                    let outcome = try await guest.run(
                        ["dig", "@fd15:4c2a:7b90:150::1", transport, "+short", "+tries=1", "+time=3"] + words)
                    #expect(outcome.isSuccess && outcome.text == answer, "\(transport) \(words): \(outcome)")
                }
            }
        }
    }

    @Test func `an answer too large for the client's datagrams comes over TCP`() async throws {
        try requireTools("dig")
        try await withSite { site in
            let texts = (0..<12).map {
                "<txt name='long.lab.test' value='\($0)-\(String(repeating: "x", count: 100))'/>"
            }
            let records = "<domain name='lab.test' localOnly='yes'/><dns>\(texts.joined())</dns>"
            try await site.host.run(network("lab", extra: records))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            let short = ["dig", "@192.168.150.1", "+noedns", "+ignore", "+tries=1", "+time=3", "long.lab.test", "TXT"]
            let truncated = try await guest.run(short)
            #expect(truncated.output.firstMatch(of: /flags:[a-z ]* tc/) != nil, "\(truncated)")
            // Without +ignore dig asks again over TCP by itself.
            let whole = try await guest.run(
                "dig", "@192.168.150.1", "+noedns", "+short", "+tries=1", "+time=3", "long.lab.test", "TXT")
            #expect(whole.lines.count == texts.count, "\(whole)")
        }
    }
}
