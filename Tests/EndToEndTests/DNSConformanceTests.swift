internal import Foundation
internal import TestSupport
internal import Testing

/// What the RFCs ask of a name server, each case named by its section, asked with octets.
///
/// `VNET_DNS_SUBJECT=dnsmasq` or `unbound` points the same cases at that server instead, to test the test: where it differs,
/// one of the two is wrong, or the RFC leaves a choice.
@Suite(.requiresRoot)
struct DNSConformanceTests {
    private struct Case: Sendable {
        /// RFC, section, and what is asked.
        var name: String
        var transport = "udp"
        var octets: [UInt8]
        /// Words that the answer must have, in any order.
        var has: [String]
        /// Words that it must not have.
        var lacks: [String] = []

        init(_ name: String, _ octets: [UInt8], tcp: Bool = false, has: [String], lacks: [String] = []) {
            self.name = name
            transport = tcp ? "tcp" : "udp"
            self.octets = tcp ? [UInt8(octets.count >> 8), UInt8(octets.count & 0xFF)] + octets : octets
            (self.has, self.lacks) = (has, lacks)
        }
    }

    private static func name(_ text: String) -> [UInt8] {
        text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    /// A query: id 0x1234, flags, one question, and records behind it.
    private static func query(
        _ text: String = "printer.lab.test", _ type: UInt16 = 1, recordClass: UInt16 = 1, flags: UInt16 = 0x0100,
        additional: [[UInt8]] = []
    ) -> [UInt8] {
        [0x12, 0x34, UInt8(flags >> 8), UInt8(flags & 0xFF), 0, 1, 0, 0, 0, 0, 0, UInt8(additional.count)]
            + name(text) + [UInt8(type >> 8), UInt8(type & 0xFF), UInt8(recordClass >> 8), UInt8(recordClass & 0xFF)]
            + additional.flatMap { $0 }
    }

    private static func opt(
        version: UInt8 = 0, size: UInt16 = 1232, flags: UInt16 = 0, options: [UInt8] = []
    ) -> [UInt8] {
        [0, 0, 41, UInt8(size >> 8), UInt8(size & 0xFF), 0, version, UInt8(flags >> 8), UInt8(flags & 0xFF), 0]
            + [UInt8(options.count)] + options
    }

    private static let cases: [Case] = [
        .init("1035-4.1.1-id-and-question-come-back", query(), has: ["rcode 0", "qr", "an 1", "same-question"]),
        .init("1035-4.1.1-opcode-comes-back", query(flags: 0x2100), has: ["rcode 4", "opcode 4"]),
        .init("1035-4.1.1-an-answer-is-not-answered", query(flags: 0x8180), has: ["silent"]),
        .init("1035-4.2.2-tcp-with-length", query(), tcp: true, has: ["rcode 0", "an 1"]),
        .init("1035-2.3.4-label-of-63", query(String(repeating: "a", count: 63) + ".lab.test"), has: ["rcode 3"]),
        .init(
            "1035-4.1.4-no-compression-in-a-lone-question", Array(query().prefix(12)) + [0xC0, 12, 0, 1, 0, 1],
            has: ["rcode 1"]),
        .init("1035-4.1.1-cut-in-the-question", Array(query().prefix(20)), has: ["rcode 1"]),
        .init("2181-5.1-every-record-of-a-set", query("many.lab.test"), has: ["rcode 0", "an 3"]),
        .init("2181-9-tc-where-it-does-not-fit", query("large.lab.test", 16), has: ["tc"]),
        .init("2181-11-any-octet-in-a-label", query("a b@c.lab.test"), has: ["rcode 3"]),
        .init("2308-2.1-nxdomain-has-an-soa-record", query("nobody.lab.test"), has: ["rcode 3", "an 0", "ns 1"]),
        .init("2308-2.2-nodata-has-an-soa-record", query("printer.lab.test", 15), has: ["rcode 0", "an 0", "ns 1"]),
        .init("3597-3-an-unknown-type-is-answered", query("printer.lab.test", 65_280), has: ["rcode 0", "an 0"]),
        .init(
            "4343-3-case-does-not-matter-and-comes-back", query("PrInTeR.LaB.tEsT"),
            has: ["rcode 0", "an 1", "same-question"]),
        .init("6840-5.9-cd-comes-back", query(flags: 0x0110), has: ["cd", "rcode 0"]),
        .init("6891-6.1.1-opt-for-opt", query(additional: [opt()]), has: ["rcode 0", "opt 0"]),
        .init("6891-6.1.1-none-for-none", query(), has: ["ar 0"], lacks: ["opt"]),
        .init("6891-6.1.1-two-of-them", query(additional: [opt(), opt()]), has: ["rcode 1"]),
        .init(
            "6891-6.1.2-unknown-options-are-ignored", query(additional: [opt(options: [0xFD, 0xE9, 0, 2, 1, 2])]),
            has: ["rcode 0", "an 1", "opt 0", "options 0"]),
        .init(
            "6891-6.1.3-badvers-with-the-version-spoken", query(additional: [opt(version: 1)]),
            has: ["rcode 0", "opt 0", "extended 1", "an 0"]),
        .init("6891-6.1.4-do-comes-back", query(additional: [opt(flags: 0x8000)]), has: ["do", "an 1"]),
        .init(
            "6891-6.1.4-unknown-flags-do-not", query(additional: [opt(flags: 0x0040)]), has: ["rcode 0", "opt 0"],
            lacks: ["do"]),
        .init(
            "6891-6.2.5-a-size-below-512-means-512", query("many.lab.test", additional: [opt(size: 1)]), has: ["an 3"],
            lacks: ["tc"]),
        .init(
            "6891-6.2.3-no-more-than-the-client-takes", query("large.lab.test", 16, additional: [opt(size: 512)]),
            has: ["tc", "opt 0"]),
        .init(
            "7766-8-all-of-it-over-tcp", query("large.lab.test", 16), tcp: true, has: ["rcode 0", "an 8"], lacks: ["tc"]
        ),
        .init("8020-2-an-empty-non-terminal-exists", query("office.test"), has: ["rcode 0", "an 0"]),
        .init("8482-4-any-is-answered", query("printer.lab.test", 255), has: ["rcode 0", "qr"]),
        .init("8906-3.1.1-known-type", query("lab.test", 6), has: ["rcode 0", "an 1"]),
        .init("8906-3.1.2-unknown-type", query("lab.test", 1_000), has: ["rcode 0", "an 0"]),
        .init("8906-3.1.3-cd-ad-and-the-reserved-bit", query(flags: 0x0140), has: ["rcode 0", "an 1"], lacks: ["z"]),
        .init("8906-3.1.4-unknown-opcode", query(flags: 15 << 11), has: ["rcode 4", "opcode 15"]),
        .init("8906-3.1.5-tcp", query("lab.test", 6), tcp: true, has: ["rcode 0", "an 1"]),
        .init("8906-3.2.1-edns-0", query("lab.test", 6, additional: [opt()]), has: ["rcode 0", "opt 0"]),
        .init(
            "8906-3.2.2-unknown-version", query("lab.test", 6, additional: [opt(version: 100)]),
            has: ["opt 0", "extended 1"]),
        .init(
            "8906-3.2.3-unknown-option", query("lab.test", 6, additional: [opt(options: [0, 100, 0, 0])]),
            has: ["rcode 0", "opt 0", "options 0"]),
        .init(
            "8906-3.2.4-unknown-version-and-option",
            query("lab.test", 6, additional: [opt(version: 100, options: [0, 100, 0, 0])]),
            has: ["opt 0", "extended 1", "options 0"]),
        .init(
            "8906-3.2.5-unknown-flag", query("lab.test", 6, additional: [opt(flags: 0x0040)]),
            has: ["rcode 0", "opt 0"], lacks: ["do"]),
        .init(
            "8906-3.2.6-do-with-an-unknown-version", query("lab.test", 6, additional: [opt(version: 1, flags: 0x8000)]),
            has: ["opt 0", "extended 1"]),
    ]

    @Test func `each thing that an RFC asks for is done`() async throws {
        try requireTools("python3")
        try await withSite { site in
            try await startSubject(site)
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            let lines = Self.cases.map { test in
                "\(test.name) \(test.transport) " + test.octets.map { String(format: "%02x", $0) }.joined()
            }
            let probe = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Upstream/probe.py").path
            let outcome = try await guest.run(
                ["python3", probe, "192.168.150.1"], input: lines.joined(separator: "\n") + "\n")
            let answers = Dictionary(
                outcome.lines.compactMap { line -> (String, String)? in
                    line.firstIndex(of: " ").map { (String(line[..<$0]), " \(line[$0...].dropFirst()) ") }
                }
            ) { $1 }
            for test in Self.cases {
                let answer = answers[test.name] ?? "nothing: \(outcome.errors)"
                for word in test.has { #expect(answer.contains(" \(word) "), "\(test.name): \(answer)") }
                for word in test.lacks { #expect(!answer.contains(" \(word) "), "\(test.name): \(answer)") }
            }
        }
    }

    private static let texts = (0..<8).map { "\($0)" + String(repeating: "x", count: 100) }

    /// Starts the network, and in its name server's place the one that the environment names.
    private func startSubject(_ site: Site) async throws {
        let subject = ProcessInfo.processInfo.environment["VNET_DNS_SUBJECT"] ?? "vnet"
        let hosts =
            [("192.168.150.20", "printer"), ("192.168.150.20", "printer.office.test")]
            + [21, 22, 23].map { ("192.168.150.\($0)", "many") }
        let records =
            hosts.map { "<host ip='\($0.0)'><hostname>\($0.1)</hostname></host>" }.joined()
            + Self.texts.map { "<txt name='large.lab.test' value='\($0)'/>" }.joined()
        let isOwn = subject == "vnet"
        try await site.host.run(
            network(
                "lab", mode: nil, range: isOwn,
                extra: "<domain name='lab.test' localOnly='yes'/><dns enable='\(isOwn ? "yes" : "no")'>\(records)</dns>"
            ))
        switch subject {
        case "vnet": return
        case "dnsmasq":
            let names = hosts.map { "\($0.0) \($0.1)" }.joined(separator: "\n") + "\n"
            _ = try site.host.namespace.start(
                [
                    "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                    "--user=root",
                    "--bind-interfaces", "--listen-address=192.168.150.1", "--local=/lab.test/", "--local=/test/",
                    "--domain=lab.test", "--expand-hosts", "--pid-file",
                    "--addn-hosts=\(try site.lab.file("names", names))",
                ] + Self.texts.map { "--txt-record=large.lab.test,\($0)" })
        case "unbound":
            let data =
                hosts.map { "local-data: \"\($0.1.contains(".") ? $0.1 : $0.1 + ".lab.test") A \($0.0)\"" }
                + Self.texts.map { "local-data: 'large.lab.test TXT \"\($0)\"'" }
                + ["local-data: \"lab.test SOA lab.test nobody.invalid 1 3600 1200 604800 0\""]
            let configuration = """
                server:
                 interface: 192.168.150.1
                 access-control: 0.0.0.0/0 allow
                 do-daemonize: no
                 username: ""
                 chroot: ""
                 directory: "\(site.lab.folder)"
                 pidfile: ""
                 use-syslog: no
                 module-config: "iterator"
                 local-zone: "test." static
                 local-zone: "lab.test." static
                 \(data.joined(separator: "\n "))
                """
            _ = try site.host.namespace.start(
                ["unbound", "-d", "-c", try site.lab.file("unbound.conf", configuration + "\n")])
        default: throw ProgramError("VNET_DNS_SUBJECT is vnet, dnsmasq or unbound, not '\(subject)'")
        }
        let isUp = try await eventually {
            try await !site.host.namespace.run("ss", "-Hlnu", "sport", "=", ":53").text.isEmpty
        }
        try #require(isUp)
    }
}
