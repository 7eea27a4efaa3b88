internal import Foundation
internal import TestSupport
internal import Testing

/// Every refusal is one sentence on standard error with what, where and what to do, ends with code 1, and changes nothing.
@Suite(.requiresRoot)
struct RefusalTests {
    /// Expects that `body` is refused with these words, and that the host is as before.
    private func expectRefusal(
        _ site: Site, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Outcome
    ) async throws {
        let before = try await site.host.snapshot()
        let outcome = try await body()
        #expect(outcome.code == 1, "\(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.output.isEmpty, "\(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.errors.hasPrefix("error: "), "\(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.errors.filter { $0 == "\n" }.count == 1, "\(outcome)", sourceLocation: sourceLocation)
        for word in words {
            #expect(outcome.errors.contains(word), "\(outcome.errors)", sourceLocation: sourceLocation)
        }
        try await site.host.expectUnchanged(since: before, sourceLocation: sourceLocation)
    }

    private struct Document: Sendable, CustomTestStringConvertible {
        var name: String
        var xml: String
        var words: [String]
        init(_ name: String, _ xml: String, _ words: String...) {
            (self.name, self.xml, self.words) = (name, xml, words)
        }
        var testDescription: String { name }
    }

    private static let documents: [Document] = [
        .init("an element that is not closed", "<network>\n  <name>lab</name>\n  <forward>\n</network>\n", "line 4"),
        .init("nothing at all", "", "line 1"),
        .init("another document", "<domain/>", "<domain>"),
        // The forward element is in the third line of these.
        .init("an unknown forward mode", network("lab", mode: "teleport").lined, "line 3", "'teleport'"),
        .init(
            "a range outside the subnet",
            network("lab").replacing("192.168.150.199", with: "192.168.151.9"), "192.168.151.9", "192.168.150.0/24",
            "line"),
        .init(
            "a range backwards", network("lab").replacing("192.168.150.199", with: "192.168.150.9"), "192.168.150.9",
            "line"),
        .init("a bad MAC address", network("lab", extra: "<mac address='52:54:00'/>"), "52:54:00", "line"),
        .init("no name", network("lab").replacing("<name>lab</name>", with: ""), "name"),
        .init("a name that would leave the folder", network("../lab"), "../lab"),
        .init(
            "a netmask that is none", network("lab").replacing("255.255.255.0", with: "255.0.255.0"), "192.168.150.1"),
        .init(
            "an entity",
            "<!DOCTYPE network [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><network><name>&x;</name></network>",
            "line 1"),
    ]

    /// What libvirt takes, and nobody can have meant.
    private static let strange: [Document] = [
        .init("an unknown element", "<network>\n<name>lab</name>\n<frobnicate/>\n</network>", "line 3", "frobnicate"),
        .init(
            "a reservation outside the subnet",
            network("lab", hosts: "<host mac='52:54:00:00:00:01' ip='192.168.99.1'/>"), "line 7", "192.168.99.1"),
        .init(
            "a bridge name that is too long", network("lab", bridge: "a-name-of-16-oct"), "line 5", "a-name-of-16-oct",
            "cannot be started"),
    ]

    @Test(arguments: strange)
    private func `a document that is strange is kept, with a warning`(document: Document) async throws {
        try await withSite { site in
            let defined = try await site.host.must("define", "-", input: document.xml)
            for word in document.words { #expect(defined.errors.contains(word), "\(defined.errors)") }
            for line in defined.errors.split(separator: "\n") { #expect(line.hasPrefix("warning: ")) }
            try await site.host.must("undefine", "lab")
        }
    }

    @Test func `a document that is wrong is refused, with its line`() async throws {
        try await withSite { site in
            try await site.host.must("list")
            for document in Self.documents {
                for verb in ["define", "create"] {
                    let before = try await site.host.snapshot()
                    let outcome = try await site.host.vnet(verb, "-", input: document.xml)
                    #expect(outcome.code == 1, "\(verb) \(document.name): \(outcome)")
                    #expect(outcome.errors.hasPrefix("error: "), "\(verb) \(document.name): \(outcome.errors)")
                    for word in document.words {
                        #expect(outcome.errors.contains(word), "\(verb) \(document.name): \(outcome.errors)")
                    }
                    try await site.host.expectUnchanged(since: before)
                }
            }
            try await expectRefusal(site, "/no/such/file") { try await site.host.vnet("define", "/no/such/file") }
            try await expectRefusal(site, "no template 'nonsense'", "netwerk1") {
                try await site.host.vnet("define", "--template", "nonsense")
            }
        }
    }

    @Test func `a network in the way of the host or of another network is refused, and what is there is named`()
        async throws
    {
        try await withSite { site in
            let host = site.host
            // The host's own address.
            try await host.must("define", "-", input: network("lab", subnet: "203.0.113"))
            try await expectRefusal(site, "203.0.113.0/24", "203.0.113.1/24", "'up0'") {
                try await host.vnet("start", "lab")
            }
            try await host.must("undefine", "lab")
            // A route of the host's to a part of the subnet.
            try await host.must("define", "-", input: network("lab"))
            try await host.namespace.sh("ip route add 192.168.150.128/25 via 203.0.113.2")
            try await expectRefusal(site, "192.168.150.0/24", "192.168.150.128/25", "'up0'") {
                try await host.vnet("start", "lab")
            }
            try await host.namespace.sh("ip route del 192.168.150.128/25")
            // The bridge's name belongs to another interface.
            try await host.namespace.sh("ip link add br-lab type bridge")
            try await expectRefusal(site, "'br-lab'", "exists already") { try await host.vnet("start", "lab") }
            try await host.namespace.sh("ip link del br-lab")
            // Another network has the subnet, or the bridge.
            try await expectRefusal(site, "192.168.150.0/24", "'other'", "'lab'") {
                try await host.vnet("define", "-", input: network("other"))
            }
            try await expectRefusal(site, "192.168.150.0/24", "'lab'") {
                try await host.vnet("create", "-", input: network("other"))
            }
            try await expectRefusal(site, "bridge 'br-lab'", "'lab'") {
                try await host.vnet("define", "-", input: network("other", bridge: "br-lab", subnet: "192.168.151"))
            }
            // The same name with another UUID, and the same UUID with another name.
            let uuid = "5f0b1c2d-0000-4000-8000-000000000002"
            try await expectRefusal(site, "'lab' exists already with UUID") {
                try await host.vnet("define", "-", input: network("lab", uuid: uuid))
            }
            try await host.must("define", "-", input: network("second", subnet: "192.168.152", uuid: uuid))
            try await expectRefusal(site, uuid, "'second'") {
                try await host.vnet("define", "-", input: network("third", subnet: "192.168.153", uuid: uuid))
            }
        }
    }

    @Test func `what does not fit the state of a network is refused`() async throws {
        try await withSite { site in
            let host = site.host
            try await host.must("define", "-", input: network("lab"))
            try await expectRefusal(site, "'lab' is not active") { try await host.vnet("stop", "lab") }
            try await expectRefusal(site, "'lab' is not active") { try await host.vnet("attach", "lab") }
            try await host.must("start", "lab")
            try await expectRefusal(site, "'lab' is already active") { try await host.vnet("start", "lab") }
            try await expectRefusal(site, "no port 'nobody'") { try await host.vnet("detach", "lab", "nobody") }
            try await host.must("attach", "lab", "--name", "vm1", "--mac", "52:54:00:00:00:01")
            try await expectRefusal(site, "'vm1'") { try await host.vnet("attach", "lab", "--name", "vm1") }
            try await expectRefusal(site, "52:54:00:00:00:01", "'vm1'") {
                try await host.vnet("attach", "lab", "--mac", "52:54:00:00:00:01")
            }
            try await expectRefusal(site, "53:54:00:00:00:01") {
                try await host.vnet("attach", "lab", "--mac", "53:54:00:00:00:01")
            }
            try await expectRefusal(site, "'../vm2'") { try await host.vnet("attach", "lab", "--name", "../vm2") }
            try await expectRefusal(site, "'no-such-user'") {
                try await host.vnet("attach", "lab", "--owner", "no-such-user")
            }
            try await host.must("create", "-", input: network("short", subnet: "192.168.151"))
            try await expectRefusal(site, "'short' is transient") { try await host.vnet("undefine", "short") }
            try await expectRefusal(site, "'short' is transient") { try await host.vnet("autostart", "short") }
            let nowhere = "there is no network 'nowhere'"
            for words in [
                ["start", "nowhere"], ["stop", "nowhere"], ["undefine", "nowhere"], ["info", "nowhere"],
                ["dumpxml", "nowhere"], ["autostart", "nowhere"], ["leases", "nowhere"], ["ports", "nowhere"],
                ["attach", "nowhere"], ["detach", "nowhere", "vm1"],
            ] {
                try await expectRefusal(site, nowhere) {
                    try await host.namespace.run(["env", "VNET_ROOT=\(host.root)", VNetHost.binary] + words)
                }
            }
        }
    }

    @Test func `a wrong command line ends with code 64`() async throws {
        try await withSite { site in
            for words in [
                ["frobnicate"], ["start"], ["define"], ["list", "--frobnicate"], ["list", "--name", "--json"],
            ] {
                let outcome = try await site.host.namespace.run(
                    ["env", "VNET_ROOT=\(site.host.root)", VNetHost.binary] + words)
                #expect(outcome.code == 64, "\(outcome)")
            }
        }
    }

    @Test func `without privilege nothing is done, and the sentence says what would help`() async throws {
        try requireTools("setpriv")
        try await withSite { site in
            // Where nobody can execute it.
            let binary = "\(site.lab.folder)/vnet"
            try await site.lab.sh("cp '\(VNetHost.binary)' \(binary) && chmod 755 \(binary)")
            let nobody = [
                "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "env", "VNET_ROOT=\(site.host.root)",
                binary,
            ]
            // No daemon runs: nobody may not start one.
            try await expectRefusal(site, "sudo") { try await site.host.namespace.run(nobody + ["list"]) }
            #expect(!FileManager.default.fileExists(atPath: site.host.root))
            // One runs: nobody may not speak with it.
            try await site.host.must("define", "-", input: network("lab"))
            for words in [["list"], ["start", "lab"], ["undefine", "lab"]] {
                try await expectRefusal(site, "sudo", "vnet.sock") {
                    try await site.host.namespace.run(nobody + words)
                }
            }
            // A daemon of nobody's own, in a root that is nobody's, would be of no use.
            try await site.lab.sh("mkdir \(site.lab.folder)/mine && chown nobody \(site.lab.folder)/mine")
            let outcome = try await site.host.namespace.run(
                nobody + ["daemon", "--root", "\(site.lab.folder)/mine"])
            #expect(outcome.code == 1, "\(outcome)")
            #expect(outcome.errors.contains("root") || outcome.errors.contains("CAP_NET_ADMIN"), "\(outcome)")
        }
    }

    @Test func `a network whose DHCP port somebody holds does not start, and the holder is named`() async throws {
        try requireTools("socat")
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            let holder = try site.host.namespace.start("socat", "-u", "UDP4-RECV:67", "/dev/null")
            #expect(try await eventually { try await site.host.namespace.holds("udp", 67) })
            try await expectRefusal(site, "port 67", "socat (process \(holder.pid))", "'lab'") {
                try await site.host.vnet("start", "lab")
            }
            // Without DHCP it needs no such port.
            try await site.host.must("create", "-", input: network("plain", subnet: "192.168.151", range: false))
            holder.signal(SIGKILL)
            _ = await holder.outcome()
            try await site.host.must("start", "lab")
        }
    }

    /// Which protocol's port 53 is held: one is enough to be in the way.
    @Test(arguments: ["UDP4-RECV:53", "TCP4-LISTEN:53,fork,reuseaddr"])
    func `a network whose DNS port somebody holds starts, names the holder, and serves its guests`(
        held: String
    )
        async throws
    {
        try requireTools("socat", "dig")
        try await withSite { site in
            let holder = try site.host.namespace.start("socat", "-u", held, "/dev/null")
            let kind = held.hasPrefix("UDP") ? "udp" : "tcp"
            #expect(try await eventually { try await site.host.namespace.holds(kind, 53) })
            let records =
                "<domain name='lab.test'/><dns><host ip='192.168.150.20'><hostname>printer</hostname></host></dns>"
            try await site.host.must("define", "-", input: network("lab", extra: records))
            let start = try await site.host.must("start", "lab")
            #expect(
                start.errors.hasPrefix("warning: port 53 of 192.168.150.1 is held by socat (process \(holder.pid))"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            for transport in ["+notcp", "+tcp"] {
                let answer = try await guest.run(
                    "dig", "@192.168.150.1", transport, "+short", "+tries=1", "+time=3", "printer.lab.test")
                #expect(answer.text == "192.168.150.20", "\(transport): \(answer)")
            }
            // The next daemon takes the redirect over, as it is.
            let before = try await site.host.snapshot()
            try await site.host.endDaemon()
            try await site.host.must("list")
            try await site.host.expectUnchanged(since: before)
            let answer = try await guest.run(
                "dig", "@192.168.150.1", "+short", "+tries=1", "+time=3", "printer.lab.test")
            #expect(answer.text == "192.168.150.20")
            holder.signal(SIGKILL)
        }
    }

    @Test func `without the kernel's tun device there are networks, but no ports`() async throws {
        try await withSite { site in
            let daemon = try site.host.namespace.start(
                "unshare", "--mount", "sh", "-c",
                "mount -t tmpfs none /dev/net && exec '\(VNetHost.binary)' daemon --root '\(site.host.root)'")
            #expect(try await eventually { try await site.host.namespace.listens(at: site.host.socket) })
            try await site.host.run(network("lab"))
            try await expectRefusal(site, "/dev/net/tun") { try await site.host.vnet("attach", "lab") }
            try await expectRefusal(site, "/dev/net/tun") {
                try await site.host.vnet("qemu", "lab,name=vm1", "--", "true")
            }
            #expect(daemon.isRunning)
        }
    }
}

extension Namespace {
    /// Whether somebody has a socket on the port.
    fileprivate func holds(_ kind: String, _ port: Int) async throws -> Bool {
        try await !run("ss", "-Hln", "--\(kind)", "sport", "=", ":\(port)").text.isEmpty
    }
}

extension String {
    /// Without the lines that a document's absent parts left empty.
    fileprivate var lined: String {
        split(separator: "\n").filter { !$0.allSatisfy(\.isWhitespace) }.joined(separator: "\n")
    }
}
