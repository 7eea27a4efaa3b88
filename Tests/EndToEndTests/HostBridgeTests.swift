internal import Foundation
internal import TestSupport
internal import Testing

/// Networks on a bridge that the host has already.
@Suite(.requiresRoot)
struct HostBridgeTests {
    private static func lan(_ extra: String = "") -> String {
        "<network><name>lan</name><forward mode='bridge'/><bridge name='br0'/>\(extra)</network>"
    }

    @Test func `guests are on the host's bridge, which stays as it is`() async throws {
        try requireTools("python3")
        try await withSite { site in
            try await site.host.must("define", "-", input: Self.lan())
            let missing = try await site.host.vnet("start", "lan")
            #expect(missing.code == 1)
            #expect(missing.errors.contains("needs bridge 'br0', which this host does not have: make it, with ip link"))
            try await site.host.namespace.sh("ip link add br0 type ifb")
            let wrong = try await site.host.vnet("start", "lan")
            #expect(wrong.errors.contains("that is no bridge"))
            try await site.host.namespace.sh(
                """
                ip link del br0
                ip link add br0 address 52:54:00:aa:00:01 type bridge
                ip link set br0 up
                ip address add 10.9.0.1/24 dev br0
                """)
            let other = try await site.guest("other", on: "br0", addresses: ["10.9.0.8/24": "10.9.0.1"])
            try await site.host.namespace.sh("ip link set br0 mtu 1400")
            let before = try await site.host.snapshot()

            try await site.host.must("start", "lan")
            #expect(try await site.host.must("info", "lan").output.contains("br0"))
            try await site.host.expectUnchanged(since: before, except: "files")
            let port = try await site.attach("lan", "--name", "vm1")
            #expect(port.mtu == 1_400)
            let guest = try await site.guest("vm1", at: port, address: "10.9.0.9/24")
            #expect(try await guest.pings("10.9.0.1"))
            #expect(try await guest.pings("10.9.0.8"))
            let flags = try await site.attach("lan", "--name", "vm2", "--isolated")
            #expect(
                try await site.host.namespace.run("bridge", "-d", "link", "show", "dev", flags.tap).output
                    .contains("isolated on"))
            let xml = try await site.host.must("dumpxml", "lan").output
            #expect(xml.hasPrefix("<network connections='2'>"))
            #expect(!(try await site.host.must("dumpxml", "lan", "--inactive").output.contains("connections")))

            // A stop pulls the guests' cables, a start puts them back.
            try await site.host.must("stop", "lan")
            #expect(try await !guest.pings("10.9.0.8"))
            try await site.host.must("start", "lan")
            #expect(try await guest.pings("10.9.0.8"))
            let running = try await site.host.snapshot()
            let daemon = try await site.host.processes().daemon
            kill(daemon, SIGKILL)
            #expect(try await eventually { try await !site.host.namespace.processes().contains(daemon) })
            #expect(try await site.host.must("list").output.contains("lan    active"))
            try await site.host.expectUnchanged(since: running)
            await site.lab.endPrograms()
            for name in ["vm1", "vm2"] { try await site.host.must("detach", "lan", name) }
            try await site.host.must("stop", "lan")
            try await site.host.expectUnchanged(since: before)
            _ = other
            try await site.removeGuests()
            try await site.host.namespace.sh("ip link del br0")
        }
    }

    @Test func `a host bridge's limits are gone with the network, and nobody else's are touched`() async throws {
        try requireTools("python3", "tc")
        try await withSite { site in
            try await site.host.namespace.sh(
                """
                ip link add br0 type bridge
                ip link set br0 up
                ip address add 10.9.0.1/24 dev br0
                tc qdisc add dev br0 root handle 5: pfifo
                """)
            let guest = try await site.guest("vm1", on: "br0", addresses: ["10.9.0.8/24": "10.9.0.1"])
            let limits = "<bandwidth><inbound average='2000'/><outbound average='4000'/></bandwidth>"
            try await site.host.must("define", "-", input: Self.lan(limits))
            let foreign = try await site.host.vnet("start", "lan")
            #expect(foreign.code == 1)
            #expect(foreign.errors.contains("bridge 'br0' has a queueing discipline already, 'pfifo'"))
            try await site.host.namespace.sh("tc qdisc del dev br0 root")
            let before = try await site.host.snapshot()
            try await site.host.must("start", "lan")
            try await expectRate(2_000, "inbound") { try await site.host.namespace.rate(to: guest, at: "10.9.0.8") }
            try await expectRate(4_000, "outbound") {
                try await guest.rate(to: site.host.namespace, at: "10.9.0.1")
            }

            // The bridge goes while nobody looks: the next daemon leaves nothing of the network.
            try await site.host.endDaemon()
            try await site.removeGuests()
            try await site.host.namespace.sh("ip link del br0")
            #expect(try await site.host.must("list", "--name").text == "")
            let links = try await site.host.namespace.run("ip", "-o", "link", "show", "type", "ifb").output
            #expect(links == "")

            try await site.host.namespace.sh("ip link add br0 type bridge")
            try await site.host.must("start", "lan")
            try await site.host.must("stop", "lan")
            #expect(try await site.host.snapshot().sections["queues"] == before.sections["queues"])
            try await site.host.namespace.sh("ip link del br0")
        }
    }

    /// Milliseconds from the command to the death of the daemon that carries it out.
    @Test func `a daemon that is killed while a network starts or stops leaves all of it or nothing`() async throws {
        try await withSite { site in
            try await site.host.namespace.sh("ip link add br0 type bridge; ip link set br0 up")
            let limits = "<bandwidth><inbound average='2000'/><outbound average='4000'/></bandwidth>"
            try await site.host.must("define", "-", input: Self.lan(limits))
            for (verb, delay) in [("start", 4), ("stop", 4), ("start", 8), ("stop", 8), ("start", 14), ("stop", 20)] {
                try await site.host.must("list")
                let daemon = try await site.host.processes().daemon
                let command = try site.host.start([verb, "lan"])
                try await Task.sleep(for: .milliseconds(delay))
                kill(daemon, SIGKILL)
                _ = await command.outcome()
                let isActive = try await !site.host.must("list", "--name").text.isEmpty
                let snapshot = try await site.host.snapshot().sections
                #expect(snapshot["queues"]?.isEmpty == !isActive, "killed \(delay) ms after \(verb)")
                #expect(snapshot["links"]?.contains("ifb-br0") == isActive, "killed \(delay) ms after \(verb)")
                #expect(snapshot["files"]?.contains("intents") == false)
            }
            if try await !site.host.must("list", "--name").text.isEmpty { try await site.host.must("stop", "lan") }
            try await site.host.namespace.sh("ip link del br0")
        }
    }
}
