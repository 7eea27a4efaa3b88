internal import Foundation
internal import TestSupport
internal import Testing

@Suite(.requiresRoot)
struct PortTests {
    /// A port as `--json` prints it.
    private struct Port: Decodable {
        var tap: String
        var mac: String
        var owner: Int
    }

    private func link(_ site: Site, _ tap: String) async throws -> String {
        try await site.host.namespace.run("ip", "-d", "-o", "link", "show", tap).output
    }

    @Test func `attach prints the tap, which is on the bridge and belongs to its owner`() async throws {
        try await withSite { site in
            let uuid = "5f0b1c2d-0000-4000-8000-000000000004"
            try await site.host.run(network("lab", extra: "<mtu size='1400'/>", uuid: uuid))
            let attach = try await site.host.must(
                "attach", "lab", "--name", "vm1", "--mac", "52:54:00:00:00:01", "--owner", "nobody")
            #expect(attach.lines.count == 1)
            let tap = attach.text
            let link = try await link(site, tap)
            #expect(link.contains("master br-lab"))
            #expect(link.contains(",UP"))
            #expect(link.contains("mtu 1400"))
            #expect(link.contains("alias vnet:\(uuid):vm1"))
            // The kernel gives a bridge its lowest port's address, and hears frames to the tap's own: hence the high octet.
            #expect(link.contains("link/ether fe:54:00:00:00:01"))
            #expect(link.contains("persist on"))
            let owner = try await site.host.namespace.run("cat", "/sys/class/net/\(tap)/owner")
            #expect(owner.text == "65534")
            let ports = try await site.host.must("ports").output
            #expect(ports.contains(" lab       vm1    \(tap)   52:54:00:00:00:01   nobody   no"))

            let qemu = try await site.host.must("attach", "lab", "--name", "vm2", "--qemu").text
            #expect(qemu.hasPrefix("-netdev tap,id=vnet0,ifname="))
            #expect(qemu.contains("script=no,downscript=no"))
            #expect(qemu.contains(" -device virtio-net-pci,netdev=vnet0,mac=52:54:00:"))
            #expect(qemu.contains("host_mtu=1400"))
            let json = try await site.host.must("attach", "lab", "--name", "vm3", "--json").output
            let port = try JSONDecoder().decode(Port.self, from: Data(json.utf8))
            #expect(try await self.link(site, port.tap).contains("master br-lab"))

            #expect(
                try await site.host.must("detach", "lab", "vm1").output == "Port vm1 of network lab detached\n")
            #expect(try await self.link(site, tap).isEmpty)
        }
    }

    @Test func `a bridge whose table is not the kernel's is told where guests are`() async throws {
        try requireTools("bridge", "python3")
        try await withSite { site in
            try await site.host.run(
                network("lab").replacing("delay='0'", with: "delay='0' macTableManager='libvirt'"))
            let port = try await site.attach("lab", "--name", "vm1", "--mac", "52:54:00:00:00:01")
            func table() async throws -> [String] {
                let flags = try await site.host.namespace.run("bridge", "-d", "link", "show", "dev", port.tap).output
                let entries = try await site.host.namespace.run("bridge", "fdb", "show", "dev", port.tap).output
                return [
                    flags.contains("learning off") ? "does not learn" : "learns",
                    flags.contains(" flood off") ? "is not flooded" : "is flooded",
                    entries.contains("52:54:00:00:00:01 master br-lab static") ? "fixed" : "\(entries)",
                ]
            }
            #expect(try await table() == ["does not learn", "is not flooded", "fixed"])
            let guest = try await site.guest("vm1", at: port, address: "192.168.150.9/24")
            #expect(try await guest.pings("192.168.150.1"))
            try await site.host.must("stop", "lab")
            try await site.host.must("start", "lab")
            #expect(try await table() == ["does not learn", "is not flooded", "fixed"])
            await site.lab.endPrograms()
            try await site.host.must("detach", "lab", "vm1")
        }
    }

    @Test func `an isolated port is one for the kernel too`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            let tap = try await site.host.must("attach", "lab", "--isolated").text
            let flags = try await site.host.namespace.run("bridge", "-d", "link", "show", "dev", tap).output
            #expect(flags.contains("isolated on"))
            try await site.host.must("stop", "lab")
            try await site.host.must("start", "lab")
            let again = try await site.host.namespace.run("bridge", "-d", "link", "show", "dev", tap).output
            #expect(again.contains("isolated on"))
        }
    }

    @Test func `ports keep their taps while the network is stopped, and are on it again afterwards`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            let tap = try await site.host.must("attach", "lab", "--name", "vm1").text
            let index = try await site.host.namespace.run("cat", "/sys/class/net/\(tap)/ifindex").text
            try await site.host.must("stop", "lab")
            #expect(try await !link(site, tap).contains("master"))
            #expect(try await site.host.must("ports", "lab").output.contains(tap))
            try await site.host.endDaemon()
            try await site.host.must("start", "lab")
            #expect(try await link(site, tap).contains("master br-lab"))
            #expect(try await site.host.namespace.run("cat", "/sys/class/net/\(tap)/ifindex").text == index)
            // Also while it does not run.
            try await site.host.must("stop", "lab")
            try await site.host.must("detach", "lab", "vm1")
            #expect(try await link(site, tap).isEmpty)
        }
    }

    @Test func `a network that is undefined takes its ports along`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            let tap = try await site.host.must("attach", "lab", "--name", "vm1").text
            try await site.host.must("stop", "lab")
            try await site.host.must("undefine", "lab")
            #expect(try await link(site, tap).isEmpty)
        }
    }

    /// What happens to a user without privileges who opens the tap of `owner`: QEMU does the same.
    @Test(arguments: [("nobody", "opened"), ("daemon", "refused")])
    func `a tap is its owner's to open, and nobody else's`(owner: String, fate: String) async throws {
        try requireTools("python3")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let tap = try await site.host.must("attach", "lab", "--name", "vm1", "--owner", owner).text
            // The device is opened first, since who may do that is the machine's to say. 0x400454ca: TUNSETIFF; 0x1002: a tap
            // without a packet header (linux/if_tun.h).
            let script = """
                import fcntl, os, struct
                device = os.open("/dev/net/tun", os.O_RDWR)
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                try:
                    fcntl.ioctl(device, 0x400454ca, struct.pack("16sH22x", b"\(tap)", 0x1002))
                    print("opened")
                except PermissionError:
                    print("refused")
                """
            #expect(try await site.host.namespace.run("python3", "-c", script).text == fate)
        }
    }

    @Test func `ports that are asked for at once have a tap and an address each`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
                for number in 0..<10 {
                    group.addTask { try await site.host.vnet("attach", "lab", "--name", "vm\(number)", "--json") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let ports = try outcomes.map { try JSONDecoder().decode(Port.self, from: Data($0.orThrow().output.utf8)) }
            #expect(Set(ports.map(\.tap)).count == 10)
            #expect(Set(ports.map(\.mac)).count == 10)
        }
    }

    /// Opens the taps named as QEMU would, joins them to each other where `loop` stands first, and prints their states.
    private static let holder = """
        import fcntl, os, select, struct, subprocess, sys, time
        loop, names = sys.argv[1] == "loop", sys.argv[2:]
        taps = []
        for name in names:
            tap = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1002))
            taps.append(tap)
        def state(name):
            link = subprocess.run(["bridge", "link", "show", "dev", name], capture_output=True, text=True).stdout
            return link.split("state ")[-1].split()[0]
        # The protocol would let a port forward after four seconds at the earliest.
        end = time.monotonic() + (20 if loop else 3)
        wanted = ["blocking", "forwarding"] if loop else ["forwarding"] * len(names)
        while True:
            states = [state(name) for name in names]
            if sorted(states) == wanted or time.monotonic() > end: break
            pause = time.monotonic() + 0.2
            while time.monotonic() < pause:
                for tap in select.select(taps, [], [], 0.1)[0]:
                    frame = os.read(tap, 70000)
                    if loop: os.write(taps[1] if tap == taps[0] else taps[0], frame)
        print("\\n".join(states))
        """

    private func states(_ site: Site, _ words: String...) async throws -> [String] {
        try await site.host.namespace.run(["python3", "-c", Self.holder] + words).orThrow().lines
    }

    /// Under the spanning tree protocol the kernel would keep a new port silent for four seconds.
    @Test func `a port forwards the moment its tap is opened, and a loop through two taps is blocked`() async throws {
        try requireTools("python3", "bridge")
        try await withSite { site in
            try await site.host.run(network("lab").replacing("stp='off'", with: "stp='on'"))
            let one = try await site.host.must("attach", "lab", "--name", "vm1").text
            let two = try await site.host.must("attach", "lab", "--name", "vm2").text
            #expect(try await states(site, "open", one, two) == ["forwarding", "forwarding"])
            #expect(try await states(site, "loop", one, two).sorted() == ["blocking", "forwarding"])
            let bridge = try await site.host.namespace.run("ip", "-d", "link", "show", "br-lab").output
            #expect(bridge.contains("stp_state 1"))
            try await site.host.must("detach", "lab", "vm1")
            try await site.host.must("detach", "lab", "vm2")
        }
    }

    @Test(arguments: [false, true])
    func `a guest's lease ends with its port where the network says so`(isReleased: Bool) async throws {
        try requireTools("udhcpc", "python3")
        try await withSite { site in
            let element = isReleased ? extensions("<vnet:releaseOnDetach>yes</vnet:releaseOnDetach>") : ""
            try await site.host.run(network("lab", extra: element))
            let port = try await site.attach("lab", "--name", "vm1", "--mac", "52:54:00:15:00:31")
            let guest = try await site.guest("vm1", at: port, address: "169.254.7.7/16")
            #expect(try await guest.udhcpc() != nil)
            #expect(try await site.host.leases("lab").count == 1)
            try await site.host.must("detach", "lab", "vm1")
            #expect(try await site.host.leases("lab").count == (isReleased ? 0 : 1))
        }
    }
}
