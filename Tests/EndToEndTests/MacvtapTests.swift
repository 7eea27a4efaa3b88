internal import Foundation
internal import TestSupport
internal import Testing

/// Networks on the host's interfaces, each guest with a macvtap.
@Suite(.requiresRoot)
struct MacvtapTests {
    private static func lan(_ mode: String, _ interfaces: String...) -> String {
        let pool = interfaces.map { "<interface dev='\($0)'/>" }.joined()
        return "<network><name>lan</name><forward mode='\(mode)'>\(pool)</forward></network>"
    }

    /// Whether two guests on one interface reach each other, mode by mode; a veth has no switch that sends frames back.
    @Test(arguments: [("bridge", true), ("private", false), ("vepa", false)])
    func `guests are outside, and meet each other as the mode says`(mode: String, meet: Bool) async throws {
        try requireTools("python3")
        try await withSite { site in
            let before = try await site.host.snapshot()
            try await site.host.run(Self.lan(mode, "nosuch0", "up0"))
            let one = try await site.attach("lan", "--name", "vm1")
            let two = try await site.attach("lan", "--name", "vm2", "--inbound", "1000", "--outbound", "1000")
            #expect(one.interface == "up0")
            let link = try await site.host.namespace.run("ip", "-d", "link", "show", one.tap).output
            #expect(link.contains("macvtap mode \(mode)"))
            #expect(link.contains("link/ether \(one.mac)"))
            #expect(link.contains(":vm1"))
            let first = try await site.guest("vm1", at: one, address: "203.0.113.11/24")
            let second = try await site.guest("vm2", at: two, address: "203.0.113.12/24")
            #expect(try await first.pings(Site.outsideAddress))
            #expect(try await second.pings(Site.outsideAddress))
            #expect(try await first.pings("203.0.113.12") == meet)
            if mode == "bridge" {
                for (sender, receiver, address) in [
                    (site.outside, second, "203.0.113.12"), (second, site.outside, Site.outsideAddress),
                ] {
                    try await expectRate(1_000, "to \(address)") { try await sender.rate(to: receiver, at: address) }
                }
            }

            let xml = try await site.host.must("dumpxml", "lan").output
            #expect(xml.hasPrefix("<network connections='2'>"))
            #expect(xml.contains("<interface dev='nosuch0'/>"))
            #expect(xml.contains("<interface dev='up0' connections='2'/>"))
            let used = try await site.host.vnet(
                "update", "lan", "delete", "forward-interface", "<interface dev='up0'/>", "--live")
            #expect(used.code == 1)
            #expect(used.errors.contains("interface 'up0' of network 'lan' is in use by port 'vm1', 'vm2'"))
            try await site.host.must(
                "update", "lan", "add", "forward-interface", "<interface dev='up1'/>", "--live")
            // The interface with the fewest guests is next.
            #expect(try await site.attach("lan", "--name", "vm3").interface == "up1")

            let running = try await site.host.snapshot()
            let daemon = try await site.host.processes().daemon
            kill(daemon, SIGKILL)
            #expect(try await eventually { try await !site.host.namespace.processes().contains(daemon) })
            try await site.host.must("list")
            try await site.host.expectUnchanged(since: running)
            try await site.host.must("stop", "lan")
            #expect(try await !first.pings(Site.outsideAddress))
            try await site.host.must("start", "lan")
            #expect(try await first.pings(Site.outsideAddress))
            await site.lab.endPrograms()
            for name in ["vm1", "vm2", "vm3"] { try await site.host.must("detach", "lan", name) }
            try await site.host.must("stop", "lan")
            try await site.host.must("undefine", "lan")
            try await site.host.expectUnchanged(since: before)
        }
    }

    @Test func `passthrough gives an interface to one guest, and its address back`() async throws {
        try requireTools("python3")
        try await withSite { site in
            let address = try await site.host.namespace.run("cat", "/sys/class/net/up1/address").text
            try await site.host.must("define", "-", input: Self.lan("passthrough", "nosuch0"))
            let none = try await site.host.vnet("start", "lan")
            #expect(none.errors.contains("needs an interface of <forward>, and this host has none of 'nosuch0'"))
            try await site.host.must("undefine", "lan")
            try await site.host.run(Self.lan("passthrough", "up1"))
            let port = try await site.attach("lan", "--name", "vm1", "--mac", "52:54:00:00:00:11")
            let guest = try await site.guest("vm1", at: port, address: "198.51.100.11/24")
            #expect(try await guest.pings(Site.outsideAddress2))
            #expect(
                try await site.host.namespace.run("cat", "/sys/class/net/up1/address").text == "52:54:00:00:00:11")
            let second = try await site.host.vnet("attach", "lan")
            #expect(second.code == 1)
            #expect(second.errors.contains("all interfaces of network 'lan' are in use ('up1')"))
            let isolated = try await site.host.vnet("attach", "lan", "--isolated")
            #expect(isolated.errors.contains("has no bridge, so a port of it cannot be isolated"))
            await site.lab.endPrograms()
            try await site.host.must("detach", "lan", "vm1")
            #expect(try await site.host.namespace.run("cat", "/sys/class/net/up1/address").text == address)
            try await site.host.namespace.sh("ip link set up1 down")
            let down = try await site.host.vnet("attach", "lan")
            #expect(down.errors.contains("is down: switch it on, with ip link set up1 up"))
            try await site.host.namespace.sh(
                "ip link set up1 up; ip -6 address replace 2001:db8:2::1/64 dev up1 nodad")
        }
    }

    @Test func `QEMU gets the device open, and only its owner may open it`() async throws {
        try await withSite { site in
            try await site.host.run(Self.lan("bridge", "up0"))
            let line = try await site.host.must("attach", "lan", "--name", "vm1", "--owner", "nobody", "--qemu").text
            let match = try #require(
                line.wholeMatch(
                    of:
                        /-netdev tap,id=vnet0,fd=3(?:,vhost=on)? -device virtio-net-pci,netdev=vnet0,mac=[0-9a-f:]+ 3<>(.*)/
                ),
                "\(line)")
            let owner = try await site.host.namespace.run("stat", "-c", "%U %a %F", String(match.1)).text
            #expect(owner == "nobody 660 character special file")
            let script = "readlink /proc/$$/fd/3 /proc/$$/fd/4; echo $@"
            let run = try await site.host.must("qemu", "lan,name=a", "lan,name=b", "--", "sh", "-c", script, "sh")
            #expect(run.lines.count == 3, "\(run)")
            #expect(run.lines[0].contains("tap") && run.lines[1].contains("tap") && run.lines[0] != run.lines[1])
            #expect(run.lines[2].contains("id=vnet0,fd=3") && run.lines[2].contains("id=vnet1,fd=4"))
            #expect(try await site.host.must("ports", "lan").output.contains("vm1"))
            try await site.host.must("detach", "lan", "vm1")
        }
    }
}
