internal import Foundation
internal import TestSupport
internal import Testing

/// Who watches a network is told what happens to it.
@Suite(.requiresRoot)
struct EventTests {
    private struct Event: Decodable {
        var kind: String
        var network: String?
        var detail: String?
    }

    /// Starts a program that watches, and waits until it does: a moment after its connection stands, in which the daemon takes
    /// its request.
    private func watch(_ site: Site, _ words: String...) async throws -> RunningProgram {
        let program = try site.host.start(words)
        let stands = try await eventually {
            try await site.host.namespace.run("ss", "-Hxp").lines.contains {
                $0.contains("ESTAB") && $0.contains("pid=\(program.pid),")
            }
        }
        #expect(stands, "\(program.errorsSoFar)")
        try await Task.sleep(for: .seconds(1))
        return program
    }

    @Test func `each thing that happens is told once, and of the network that was asked for`() async throws {
        try requireTools("udhcpc", "ss")
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            try await site.host.must("define", "-", input: network("other", subnet: "192.168.151"))
            let program = try await watch(site, "events", "lab", "--json")
            try await Task.sleep(for: .milliseconds(300))
            try await site.host.must("start", "lab")
            try await site.host.must("start", "other")
            try await site.host.must("update", "lab", "add", "dns-txt", "<txt name='a' value='b'/>", "--live")
            try await site.host.must("desc", "lab", "hello")
            try await site.host.namespace.sh("ip address del 192.168.150.1/24 dev br-lab")
            let isRepaired = try await eventually { program.outputSoFar.contains("repaired") }
            #expect(isRepaired)
            try await site.host.must("attach", "lab", "--name", "vm1")
            try await site.host.must("detach", "lab", "vm1")
            let guest = try await site.guest("vm2", on: "br-lab", mac: "52:54:00:00:00:22")
            #expect(try await guest.udhcpc() != nil)
            // An extension is no news.
            #expect(try await guest.udhcpc() != nil)
            try await site.host.must("define", "-", input: network("lab", uuid: site.host.must("uuid", "lab").text))
            try await site.host.must("stop", "lab")
            try await site.host.must("undefine", "lab")
            let expected = [
                "started", "updated", "metadata-changed", "port-attached", "port-detached", "lease-added", "defined",
                "stopped", "undefined",
            ]
            let decoder = JSONDecoder()
            // How often something is put back depends on how much the kernel says of it.
            func events() throws -> [Event] {
                try program.outputSoFar.split(separator: "\n").map {
                    try decoder.decode(Event.self, from: Data($0.utf8))
                }.filter { $0.kind != "repaired" }
            }
            let isComplete = try await eventually { try events().count >= expected.count }
            let found = try events()
            #expect(isComplete)
            #expect(found.map(\.kind) == expected)
            #expect(found.allSatisfy { $0.network == "lab" })
            #expect(found.first { $0.kind == "lease-added" }?.detail?.contains("of 52:54:00:00:00:22") == true)
            program.signal(SIGINT)
            #expect(await program.outcome().code == 0)
        }
    }

    @Test func `vnet event is virsh net-event`() async throws {
        try requireTools("ss")
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            // One event, and no more.
            let once = try await watch(
                site, "net-event", "--network", "lab", "--event", "lifecycle", "--timeout", "120")
            let loop = try await watch(
                site, "net-event", "--event", "lifecycle", "--loop", "--timestamp", "--timeout", "120")
            let metadata = try await watch(site, "event", "lab", "--event", "metadata-change", "--timeout", "120")
            try await Task.sleep(for: .milliseconds(300))
            try await site.host.must("start", "lab")
            #expect(
                await once.outcome().output
                    == "event 'lifecycle' for network lab: Started\nevents received: 1\n")
            try await site.host.must("metadata", "lab", "urn:x", "--key", "x", "--set", "<a/>")
            #expect(
                await metadata.outcome().output == """
                    event 'metadata-change' for network lab: type element, uri urn:x
                    events received: 1

                    """)
            try await site.host.must("stop", "lab")
            let sawBoth = try await eventually { loop.outputSoFar.contains("Stopped") }
            #expect(sawBoth)
            loop.signal(SIGINT)
            let outcome = await loop.outcome()
            #expect(outcome.code == 0)
            let time = #"2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: "#
            let expected = try Regex(
                "^\(time)event 'lifecycle' for network lab: Started\n\(time)event 'lifecycle' for network lab: Stopped\n"
                    + "event loop interrupted\nevents received: 2\n$")
            #expect(outcome.output.contains(expected), "\(outcome.output)")
        }
    }

    @Test func `an event that does not come is a failure, and so are words that mean none`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            let none = try await site.host.vnet("event", "lab", "--event", "lifecycle", "--timeout", "1")
            #expect(none.output == "event loop timed out\nevents received: 0\n")
            #expect(none.code == 1)
            #expect(try await site.host.must("event", "--list").lines.prefix(2) == ["lifecycle", "metadata-change"])
            #expect(try await site.host.vnet("event").code == 64)
            #expect(try await site.host.vnet("event", "--event", "nonsense").code == 64)
            let unknown = try await site.host.vnet("event", "nowhere", "--event", "lifecycle")
            #expect(unknown.code == 1)
            #expect(unknown.errors.hasPrefix("error: there is no network 'nowhere'"))
        }
    }

    /// Neither a reader that stopped reading, nor one that is there when the daemon ends, is in anyone's way.
    @Test func `watchers hold nothing up`() async throws {
        try requireTools("curl", "ss")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let first = try await site.host.namespace.run([
                "timeout", "2", "curl", "-sN", "--unix-socket", site.host.socket,
                "http://vnet/v1/events",
            ])
            #expect(first.output == "{\"kind\":\"subscribed\"}\n")
            let stopped = try await watch(site, "events")
            stopped.signal(SIGSTOP)
            for number in 0..<20 { try await site.host.must("desc", "lab", "number \(number)") }
            stopped.signal(SIGCONT)
            let caughtUp = try await eventually {
                stopped.outputSoFar.split(separator: "\n").count == 20
            }
            #expect(caughtUp, "\(stopped.outputSoFar)")
            try await site.host.endDaemon()
            let outcome = await stopped.outcome()
            #expect(outcome.code == 1)
            #expect(outcome.errors.hasPrefix("error: the daemon"))
        }
    }

    /// What guests' machines do to each other by mistake.
    @Test func `clones, declined addresses and an empty range are told of`() async throws {
        try requireTools("udhcpc", "python3")
        try await withSite { site in
            let xml = network("lab").replacing("192.168.150.199", with: "192.168.150.102")
            try await site.host.run(xml)
            let events = try site.host.start(["events", "lab", "--json"])
            for number in 1...2 {
                let guest = try await site.guest("vm\(number)", on: "br-lab", mac: "52:54:00:00:01:0\(number)")
                #expect(try await guest.udhcpc(extra: ["-C", "-x", "0x3d:ff00010203"]) != nil)
            }
            #expect(
                try await eventually {
                    events.outputSoFar.contains("client-cloned")
                        && events.outputSoFar.contains(
                            "52:54:00:00:01:01 and 52:54:00:00:01:02 have the same client identifier ff:00:01:02:03")
                }, "\(events.outputSoFar)")
            // A client that says that its address is in use, as those do that ask by ARP before they take it.
            let third = try await site.guest("vm3", on: "br-lab", mac: "52:54:00:00:01:03")
            let address = try #require(try await third.udhcpc()?["ip"])
            let script = """
                import socket
                link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                link.bind(("", 68))
                message = bytes([1, 1, 6, 0]) + bytes.fromhex("0badf00d") + bytes(20) + bytes.fromhex("525400000103") + bytes(202)
                message += bytes.fromhex("63825363") + bytes([53, 1, 4, 50, 4]) + socket.inet_aton("\(address)")
                message += bytes([54, 4]) + socket.inet_aton("192.168.150.1") + bytes([255])
                link.sendto(message.ljust(300, bytes(1)), ("255.255.255.255", 67))
                """
            try await third.run("python3", "-c", script).orThrow()
            #expect(
                try await eventually {
                    events.outputSoFar.contains("\(address) by 52:54:00:00:01:03, which found it in use")
                }, "\(events.outputSoFar)")
            // It is given to nobody for a while, and there is no other.
            let fourth = try await site.guest("vm4", on: "br-lab", mac: "52:54:00:00:01:04")
            #expect(try await fourth.udhcpc(tries: 2) == nil)
            #expect(
                try await eventually {
                    events.outputSoFar.contains("52:54:00:00:01:04 gets no address of IPv4: all are in use")
                }, "\(events.outputSoFar)")
            events.signal(SIGINT)
            _ = await events.outcome()
        }
    }
}
