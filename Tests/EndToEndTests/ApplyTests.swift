internal import Foundation
internal import TestSupport
internal import Testing

/// `vnet apply`, `plan` and `diff`: a network becomes what its file says, while guests stay.
@Suite(.requiresRoot)
struct ApplyTests {
    private func file(_ site: Site, _ name: String, _ xml: String) throws -> String { try site.lab.file(name, xml) }

    @Test func `a first apply defines and starts, and a second one does nothing`() async throws {
        try await withSite { site in
            let file = try file(site, "lab.xml", network("lab"))
            let first = try await site.host.must("apply", file)
            #expect(first.lines.first == "# network lab: define it")
            #expect(first.output.contains("\nip addr add 192.168.150.1/24 dev br-lab\n"))
            #expect(first.lines.last == "Network lab started as \(file) says")
            let before = try await site.host.snapshot()
            let second = try await site.host.must("apply", file)
            #expect(second.output == "Network lab is as \(file) says already\n")
            #expect(try await site.host.must("plan", "lab").output.isEmpty)
            #expect(try await site.host.must("plan", file, "--exit-code").output.isEmpty)
            #expect(try await site.host.must("diff", file).output.isEmpty)
            try await site.host.expectUnchanged(since: before)
        }
    }

    @Test func `a plan changes nothing, needs no privilege, and tells whether there is something to do`() async throws {
        try requireTools("setpriv")
        try await withSite { site in
            let uuid = "8e24f487-90ca-4620-b131-1feb9360bfca"
            let mac = "<mac address='52:54:00:12:34:56'/>"
            let file = try file(site, "lab.xml", network("lab", extra: mac, uuid: uuid))
            try await site.lab.sh("chmod 644 \(file)")
            let before = try await site.host.snapshot()
            let plan = try await site.host.namespace.run(
                [
                    "setpriv", "--reuid", "65534", "--clear-groups", "env", "VNET_ROOT=\(site.host.root)",
                    VNetHost.binary, "plan", file, "--exit-code",
                ])
            #expect(plan.code == 2 && plan.errors.isEmpty, "\(plan)")
            #expect(plan.output.contains("\nip link set br-lab up\n"))
            let asRoot = try await site.host.vnet("plan", file, "--exit-code")
            #expect(asRoot.code == 2)
            #expect(asRoot.output == plan.output)
            try await site.host.expectUnchanged(since: before)
            #expect(try await site.host.vnet("diff", file).code == 2)
        }
    }

    /// What a running network is changed to; a guest with a fixed address pings the host all the while.
    @Test func `a change of anything keeps taps and traffic`() async throws {
        try requireTools("ping", "dig", "udhcpc")
        try await withSite { site in
            try await site.host.must("apply", try file(site, "first.xml", network("lab")))
            try await site.host.must("attach", "lab", "--name", "vm1")
            let guest = try await site.guest("vm2", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            let ping = try guest.start("ping", "-n", "-i", "0.01", "-w", "300", "192.168.150.1")
            let processes = try await site.host.processes()
            let steps: [(what: String, xml: String)] = [
                ("range and domain", network("lab", extra: "<domain name='other.test'/>")),
                ("isolated", network("lab", mode: nil)),
                ("routed, MTU", network("lab", mode: "route", extra: "<mtu size='1400'/>")),
                ("no DHCP", network("lab", range: false)),
                (
                    "a second subnet, of IPv6",
                    network("lab", extra: "<ip family='ipv6' address='fd00:150::1' prefix='64'/>")
                ),
                ("STP on, another MAC", network("lab", extra: "<mac address='52:54:00:12:34:56'/>", stp: true)),
            ]
            for (what, xml) in steps {
                let changed = try await site.host.must("apply", try file(site, "next.xml", xml))
                #expect(changed.lines.last?.contains("changed as") == true, "\(what): \(changed)")
                #expect(try await site.host.must("plan", "lab").output.isEmpty, "\(what)")
            }
            #expect(try await site.host.processes() == processes)
            ping.signal(SIGINT)
            let outcome = await ping.outcome()
            // The bridge's own address changed in the last step: what was on its way then is lost, at most a second of it.
            let lost = outcome.output.firstMatch(of: /(\d+) packets transmitted, (\d+) received/)
            let (sent, received) = (Int(lost?.1 ?? "") ?? 0, Int(lost?.2 ?? "") ?? -9)
            #expect(sent > 20 && sent - received <= 100, "\(outcome)")
            let tap = try await site.host.namespace.run("bridge", "link", "show", "dev", "vtap0")
            #expect(tap.output.contains("master br-lab"))
            try await site.host.must("detach", "lab", "vm1")
        }
    }

    @Test func `guests get addresses of a subnet that came while the network ran`() async throws {
        try requireTools("dig", "udhcpc")
        try await withSite { site in
            try await site.host.must("apply", try file(site, "lab.xml", network("lab")))
            let guest = try await site.guest("vm1", on: "br-lab")
            #expect(try await guest.udhcpc()?["ip"]?.hasPrefix("192.168.150.") == true)
            try await site.host.must("apply", try file(site, "lab.xml", network("lab", subnet: "10.77.0")))
            #expect(try await guest.udhcpc()?["ip"]?.hasPrefix("10.77.0.") == true)
            let answer = try await guest.run("dig", "@10.77.0.1", "+short", "+tries=2", "-x", "10.77.0.1")
            #expect(answer.isSuccess, "\(answer)")
        }
    }

    @Test func `a bridge of another name takes the ports along, and the plan says so`() async throws {
        try await withSite { site in
            try await site.host.must("apply", try file(site, "lab.xml", network("lab")))
            try await site.host.must("attach", "lab", "--name", "vm1")
            let renamed = try file(site, "lab.xml", network("lab", bridge: "br-new"))
            let plan = try await site.host.must("plan", renamed)
            #expect(plan.errors.contains("'br-new' is made, the ports move to it, and 'br-lab' goes"), "\(plan)")
            try await site.host.must("apply", renamed)
            let links = try await site.host.namespace.run("bridge", "link", "show", "dev", "vtap0")
            #expect(links.output.contains("master br-new"))
            #expect(!(try await site.host.namespace.run("ip", "link", "show", "br-lab").isSuccess))
            try await site.host.must("detach", "lab", "vm1")
        }
    }

    /// What a file asks for that cannot be; the network runs as before, and the definition on disk is the one before.
    @Test func `an apply that is refused leaves the network as it was`() async throws {
        try requireTools("socat", "ss")
        try await withSite { site in
            try await site.host.must("apply", try file(site, "lab.xml", network("lab", range: false)))
            let holder = try site.host.namespace.start("socat", "-u", "UDP4-RECV:67", "STDOUT")
            let isHeld = try await eventually {
                try await !site.host.namespace.run("ss", "-Hlnu", "sport", "=", ":67").text.isEmpty
            }
            #expect(isHeld)
            let before = try await site.host.snapshot()
            let refusals: [(xml: String, sentence: String)] = [
                // The host's own subnet.
                (network("lab", subnet: "203.0.113"), "203.0.113.0/24"),
                // A bridge that is somebody else's.
                (network("lab", bridge: "up0"), "'up0' exists already"),
                // DHCP, at the very end of the change, when all else of it has been done.
                (network("lab", mode: "route", extra: "<mtu size='1300'/>"), "held by socat"),
            ]
            for (xml, sentence) in refusals {
                let outcome = try await site.host.vnet("apply", try file(site, "next.xml", xml))
                #expect(outcome.code == 1)
                #expect(outcome.errors.contains(sentence), "\(outcome)")
                try await site.host.expectUnchanged(since: before)
            }
            // With another bridge too, the network is back, on a bridge made anew.
            let other = try file(site, "next.xml", network("lab", bridge: "br-new"))
            #expect(try await site.host.vnet("apply", other).errors.contains("held by socat"))
            #expect(try await site.host.must("plan", "lab").output.isEmpty)
            #expect(!(try await site.host.namespace.run("ip", "link", "show", "br-new").isSuccess))
            holder.signal(SIGTERM)
            _ = await holder.outcome()
        }
    }
}
