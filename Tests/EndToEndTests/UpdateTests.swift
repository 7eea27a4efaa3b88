internal import Foundation
internal import TestSupport
internal import Testing

/// What `vnet update` changes on a network that runs.
@Suite(.requiresRoot)
struct UpdateTests {
    private func dig(_ guest: Namespace, _ words: String...) async throws -> String {
        try await guest.run(["dig", "@192.168.150.1", "+short", "+tries=2", "+time=3"] + words).text
    }

    @Test func `names and reservations change while guests are served by the same processes`() async throws {
        try requireTools("udhcpc", "dig", "curl")
        try await withSite { site in
            try await site.host.run(network("lab", extra: "<domain name='lab.test' localOnly='yes'/>"))
            let before = try await site.host.processes()
            let guest = try await site.guest("vm1", on: "br-lab", mac: "52:54:00:00:00:77")

            let host = "<host mac='52:54:00:00:00:77' name='seven' ip='192.168.150.7'/>"
            let added = try await site.host.must("update", "lab", "add", "ip-dhcp-host", host, "--live", "--config")
            #expect(added.output == "Updated network lab persistent config and live state\n")
            #expect(try await guest.udhcpc()?["ip"] == "192.168.150.7")
            #expect(try await dig(guest, "seven.lab.test") == "192.168.150.7")

            try await site.host.must(
                "update", "lab", "add", "dns-host", "<host ip='192.168.150.9'><hostname>nine</hostname></host>")
            #expect(try await dig(guest, "nine.lab.test") == "192.168.150.9")
            try await site.host.must(
                "update", "lab", "add-first", "dns-txt", "<txt name='note' value='hello'/>", "--live")
            #expect(try await dig(guest, "note.lab.test", "TXT") == "\"hello\"")
            try await site.host.must("update", "lab", "delete", "dns-txt", "<txt name='note'/>", "--live")
            #expect(try await dig(guest, "note.lab.test", "TXT").isEmpty)
            #expect(try await site.host.processes() == before)

            // What was changed live alone is not on disk, and what was changed in both is.
            let disk = try await site.host.must("dumpxml", "lab", "--inactive").output
            #expect(disk.contains("192.168.150.7") && !disk.contains("nine"))
            #expect(try await site.host.must("dumpxml", "lab").output.contains("nine"))
        }
    }

    @Test func `an update has ended when guests are answered by it`() async throws {
        try requireTools("dig", "curl")
        try await withSite { site in
            try await site.host.run(network("lab", extra: "<domain name='lab.test' localOnly='yes'/>"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.9/24": "192.168.150.1"])
            let responder = try await site.host.processes().responder
            kill(responder, SIGSTOP)
            let update = try site.host.start([
                "update", "lab", "add", "dns-host", "<host ip='192.168.150.9'><hostname>nine</hostname></host>",
            ])
            try await Task.sleep(for: .seconds(2))
            #expect(update.isRunning)
            kill(responder, SIGCONT)
            #expect(await update.outcome().isSuccess)
            #expect(try await dig(guest, "nine.lab.test") == "192.168.150.9")
        }
    }

    @Test func `the first range opens DHCP, and the last one closes it`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            try await site.host.run(network("lab", range: false))
            let guest = try await site.guest("vm1", on: "br-lab")
            #expect(try await guest.udhcpc(tries: 2) == nil)
            let range = "<range start='192.168.150.50' end='192.168.150.59'/>"
            try await site.host.must("net-update", "lab", "add", "ip-dhcp-range", range)
            #expect(try await guest.udhcpc()?["ip"]?.hasPrefix("192.168.150.5") == true)
            try await site.host.must("net-update", "lab", "delete", "ip-dhcp-range", range)
            #expect(try await guest.udhcpc(tries: 2) == nil)
        }
    }

    @Test func `a range that cannot be served changes nothing, and names go on being answered`() async throws {
        try requireTools("socat", "dig", "ss")
        try await withSite { site in
            try await site.host.run(network("lab", range: false, extra: "<domain name='lab.test' localOnly='yes'/>"))
            let host = "<host ip='192.168.150.9'><hostname>nine</hostname></host>"
            try await site.host.must("update", "lab", "add", "dns-host", host, "--live", "--config")
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            let holder = try site.host.namespace.start("socat", "-u", "UDP4-RECV:67", "STDOUT")
            let isHeld = try await eventually {
                try await !site.host.namespace.run("ss", "-Hlnu", "sport", "=", ":67").text.isEmpty
            }
            #expect(isHeld)
            let before = try await site.host.snapshot()
            let outcome = try await site.host.vnet(
                "update", "lab", "add", "ip-dhcp-range", "<range start='192.168.150.50' end='192.168.150.59'/>",
                "--live",
                "--config")
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("UDP port 67 is held by socat"), "\(outcome)")
            #expect(try await dig(guest, "nine.lab.test") == "192.168.150.9")
            try await site.host.expectUnchanged(since: before)
            holder.signal(SIGTERM)
            _ = await holder.outcome()
        }
    }

    @Test func `another uplink takes effect in the firewall at once`() async throws {
        try requireTools("socat", "ss")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            try await site.outside.serveMirror()
            try await site.outside2.serveMirror()
            try await site.host.must("update", "lab", "add", "forward-interface", "<interface dev='up1'/>")
            #expect(try await guest.probe(Site.outsideAddress) == .refused)
            #expect(try await guest.probe(Site.outsideAddress2) == .reached(seenAs: Site.hostAddress2))
            try await site.host.must("update", "lab", "delete", "forward-interface", "<interface dev='up1'/>")
            #expect(try await guest.probe(Site.outsideAddress) == .reached(seenAs: Site.hostAddress))
        }
    }

    /// Sections that libvirt knows and cannot update.
    @Test func `bridge, address, domain and mode change while the network runs`() async throws {
        try requireTools("dig")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            try await site.outside.serveMirror()
            let both = ["--live", "--config"]
            for words in [
                ["add", "domain", "<domain name='lab.test'/>"], ["modify", "bridge", "<bridge stp='on' delay='2'/>"],
                ["add", "ip", "<ip address='10.9.9.1' prefix='24'/>"],
                ["modify", "forward", "<forward mode='route'/>"],
            ] {
                try await site.host.namespace.run(
                    ["env", "VNET_ROOT=\(site.host.root)", VNetHost.binary, "net-update", "lab"] + words + both
                ).orThrow()
            }
            let bridge = try await site.host.namespace.run("ip", "-d", "link", "show", "br-lab")
            #expect(bridge.output.contains("stp_state 1"))
            #expect(try await guest.pings("10.9.9.1"))
            #expect(try await dig(guest, "host.lab.test", "SOA") == "")
            #expect(try await guest.probe(Site.outsideAddress) == .reached(seenAs: "192.168.150.201"))
            #expect(try await site.host.must("plan", "lab").output.isEmpty)
        }
    }

    /// Words of the command line, and what the refusal says.
    @Test(arguments: [
        // The same again.
        (
            ["add", "ip-dhcp-range", "<range start='192.168.150.100' end='192.168.150.199'/>"],
            "already: delete it first"
        ),
        (["modify", "ip-dhcp-range", "<range start='192.168.150.100' end='192.168.150.199'/>"], "cannot be modified"),
        (["add", "ip-dhcp-range", "<range start='10.0.0.1' end='10.0.0.9'/>"], "10.0.0.1"),
        (["delete", "ip-dhcp-host", "<host mac='52:54:00:00:00:01'/>"], "no such reservation"),
        (["add", "bridge", "<bridge name='x'/>"], "can only be modified"),
        (["modify", "ip", "<ip address='203.0.113.1' prefix='24'/>", "--parent-index", "0"], "203.0.113.0/24"),
        (["add", "dns-txt", "<srv/>"], "srv"),
        (["add", "dns-txt", "<txt name='a' value='b'"], "not well-formed"),
    ])
    func `what cannot be changed is refused, and nothing is`(words: [String], sentence: String) async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            let before = try await site.host.snapshot()
            let outcome = try await site.host.namespace.run(
                ["env", "VNET_ROOT=\(site.host.root)", VNetHost.binary, "update", "lab"] + words + [
                    "--live", "--config",
                ])
            #expect(outcome.code == 1)
            #expect(outcome.errors.hasPrefix("error: ") && outcome.errors.contains(sentence), "\(outcome)")
            try await site.host.expectUnchanged(since: before)
        }
    }
}
