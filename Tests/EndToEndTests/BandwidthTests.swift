internal import Foundation
internal import TestSupport
internal import Testing

/// Limits, measured with real traffic.
@Suite(.requiresRoot)
struct BandwidthTests {
    @Test func `a network's limits hold in both directions, and over the daemon's death`() async throws {
        try requireTools("python3", "tc")
        try await withSite { site in
            let limits = "<bandwidth><inbound average='3000'/><outbound average='1500'/></bandwidth>"
            try await site.host.run(network("lab", mode: nil, extra: limits))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.9/24": "192.168.150.1"])
            let before = try await site.host.snapshot()
            #expect(before.sections["queues"]?.contains("htb") == true)
            #expect(try await site.host.namespace.run("ip", "-o", "link", "show", "type", "ifb").output == "")
            try await expectRate(3_000, "to the guest") {
                try await site.host.namespace.rate(to: guest, at: "192.168.150.9")
            }
            try await expectRate(1_500, "from the guest") {
                try await guest.rate(to: site.host.namespace, at: "192.168.150.1")
            }

            let daemon = try await site.host.processes().daemon
            kill(daemon, SIGKILL)
            #expect(try await eventually { try await !site.host.namespace.processes().contains(daemon) })
            try await site.host.must("list")
            try await site.host.expectUnchanged(since: before)
            try await site.host.must("stop", "lab")
            let links = try await site.host.namespace.run("ip", "-o", "link", "show", "type", "ifb").output
            #expect(links == "")
        }
    }

    /// Also where bridged frames walk the inet tables, as Docker has it: a detour of what the bridge receives would lose its
    /// connection there, and with it the translation.
    @Test(arguments: ["nat", "route", "open"], [false, true])
    func `a limited network forwards as fast as its limit`(mode: String, callsTables: Bool) async throws {
        try requireTools("python3")
        try await withSite { site in
            let toggle = "/proc/sys/net/bridge/bridge-nf-call-iptables"
            let hasToggle = try await site.host.namespace.run("test", "-w", toggle).isSuccess
            guard hasToggle || !callsTables else { return }
            if hasToggle { try await site.host.namespace.sh("echo \(callsTables ? 1 : 0) > \(toggle)") }
            let limits = "<bandwidth><inbound average='2000'/><outbound average='1000'/></bandwidth>"
            try await site.host.run(network("lab", mode: mode, extra: limits))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            let other = try await site.guest("vm2", on: "br-lab", addresses: ["192.168.150.202/24": "192.168.150.1"])
            try await expectRate(1_000, "to the outside") {
                try await guest.rate(to: site.outside, at: Site.outsideAddress)
            }
            try await expectRate(1_000, "to the host") {
                try await guest.rate(to: site.host.namespace, at: "192.168.150.1")
            }
            // Guests among themselves have no limit.
            #expect(try await guest.rate(to: other, at: "192.168.150.202") > 10_000)
        }
    }

    @Test func `a port's floor is its own, whatever others take`() async throws {
        try requireTools("python3", "tc")
        try await withSite { site in
            let limit = "<bandwidth><inbound average='3000'/></bandwidth>"
            try await site.host.run(network("lab", mode: nil, extra: limit))
            let unlimited = try await site.host.snapshot()
            let port = try await site.attach("lab", "--name", "vm1", "--floor", "2000")
            let greedy = try await site.host.vnet("attach", "lab", "--floor", "1001")
            #expect(greedy.code == 1)
            #expect(
                greedy.errors.contains("a floor of 1001 kB/s does not fit into network 'lab': of its 3000 kB/s ports"))
            let other = try await site.guest("vm2", on: "br-lab", addresses: ["192.168.150.8/24": "192.168.150.1"])
            let guest = try await site.guest("vm1", at: port, address: "192.168.150.9/24")
            // Both at once: what one of them sends alone is not held back by the other.
            var (fast, slow) = (0.0, 0.0)
            for _ in 0..<5 where !isNear(fast, 2_000) || !isNear(slow, 1_000) {
                async let rest = site.host.namespace.rate(to: other, at: "192.168.150.8")
                async let floor = site.host.namespace.rate(to: guest, at: "192.168.150.9")
                (fast, slow) = try await (floor, rest)
            }
            #expect(isNear(fast, 2_000), "the guest with the floor")
            #expect(isNear(slow, 1_000), "the other one")

            let running = try await site.host.snapshot()
            try await site.host.endDaemon()
            try await site.host.must("list")
            try await site.host.expectUnchanged(since: running)
            await site.lab.endPrograms()
            try await site.host.must("detach", "lab", "vm1")
            #expect(try await site.host.snapshot().sections["queues"] == unlimited.sections["queues"])
        }
    }

    private static let groups = """
        <portgroup name='slow'>
          <bandwidth><inbound average='1000'/><outbound average='2000'/></bandwidth>
        </portgroup>
        <portgroup name='usual' default='yes'>
          <bandwidth><inbound average='4000'/></bandwidth>
        </portgroup>
        <portgroup name='switch'><virtualport type='openvswitch'/></portgroup>
        """

    @Test func `a port has its group's limits or its own, in both directions`() async throws {
        try requireTools("python3", "tc")
        try await withSite { site in
            try await site.host.run(network("lab", mode: nil, extra: Self.groups))
            let before = try await site.host.snapshot()
            let port = try await site.attach("lab", "--name", "vm1", "--portgroup", "slow")
            #expect(port.portGroup == "slow")
            let guest = try await site.guest("vm1", at: port, address: "192.168.150.9/24")
            try await expectRate(1_000, "to the guest") {
                try await site.host.namespace.rate(to: guest, at: "192.168.150.9")
            }
            try await expectRate(2_000, "from the guest") {
                try await guest.rate(to: site.host.namespace, at: "192.168.150.1")
            }

            #expect(try await site.attach("lab", "--name", "vm2").portGroup == "usual")
            let own = try await site.attach("lab", "--name", "vm3", "--outbound", "500,800,64")
            #expect(own.portGroup == "usual")
            let queues = try await site.host.snapshot().sections["queues"] ?? ""
            #expect(queues.contains("dev ifb-\(own.tap)"))
            #expect(!queues.contains("dev \(own.tap) root"))
            let unknown = try await site.host.vnet("attach", "lab", "--portgroup", "nosuch")
            #expect(unknown.code == 1)
            #expect(
                unknown.errors
                    == "error: network 'lab' has no <portgroup> 'nosuch': it has 'slow', 'usual', 'switch'\n")
            let impossible = try await site.host.vnet("attach", "lab", "--portgroup", "switch")
            #expect(impossible.code == 1)
            #expect(impossible.errors.contains("<portgroup> 'switch' of network 'lab' has no place for a guest"))

            // Limits belong to the port, and outlive its network's stop and the daemon.
            let running = try await site.host.snapshot()
            try await site.host.must("stop", "lab")
            #expect(try await site.host.snapshot().sections["queues"] == running.sections["queues"])
            try await site.host.endDaemon()
            try await site.host.must("start", "lab")
            #expect(try await site.host.snapshot().sections["queues"] == running.sections["queues"])
            await site.lab.endPrograms()
            for name in ["vm1", "vm2", "vm3"] { try await site.host.must("detach", "lab", name) }
            #expect(try await site.host.snapshot().sections["queues"] == before.sections["queues"])
            let links = try await site.host.namespace.run("ip", "-o", "link", "show", "type", "ifb").output
            #expect(links == "")
        }
    }
}
