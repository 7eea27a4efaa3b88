internal import Foundation
internal import TestSupport
internal import Testing

/// A guarded port sends as itself, and as nobody else.
@Suite(.requiresRoot)
struct AntiSpoofTests {
    /// Sends frames of one kind each, named on the command line, from `eth0`, whose MAC address is the port's.
    private static let sender = """
        import socket, struct, sys
        own, other = "192.168.150.100", "192.168.150.77"
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        link.bind(("eth0", 0))
        mac = link.getsockname()[4]
        stranger = bytes.fromhex("525400009999")
        everyone = b"\\xff" * 6
        def total(data):
            if len(data) % 2: data += b"\\0"
            value = sum(struct.unpack(f">{len(data) // 2}H", data))
            while value >> 16: value = (value & 0xffff) + (value >> 16)
            return ~value & 0xffff
        def frame(kind, payload, source=mac, target=everyone): return target + source + struct.pack(">H", kind) + payload
        def ipv4(source, payload, protocol=17, target="255.255.255.255"):
            head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, socket.inet_aton(source), socket.inet_aton(target))
            return head[:10] + struct.pack(">H", total(head)) + head[12:] + payload
        def udp(source, target, text): return struct.pack(">HHHH", source, target, 8 + len(text), 0) + text
        def arp(source, sender=mac): return struct.pack(">HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, sender, socket.inet_aton(source), bytes(6), socket.inet_aton("192.168.150.1"))
        def ipv6(source, payload, header=58, target="ff02::1"):
            source, target = socket.inet_pton(socket.AF_INET6, source), socket.inet_pton(socket.AF_INET6, target)
            if header == 58:
                pseudo = source + target + struct.pack(">II", len(payload), 58)
                payload = payload[:2] + struct.pack(">H", total(pseudo + payload)) + payload[4:]
            return struct.pack(">IHBB", 0x60000000, len(payload), header, 255) + source + target + payload
        def solicit(target): return bytes([135, 0, 0, 0, 0, 0, 0, 0]) + socket.inet_pton(socket.AF_INET6, target)
        def advertise(target): return bytes([136, 0, 0, 0, 0x20, 0, 0, 0]) + socket.inet_pton(socket.AF_INET6, target)
        def tagged(name): return b"frame=" + name.encode() + b";"
        frames = {
            "own": lambda name: frame(0x800, ipv4(own, udp(9, 9, tagged(name)))),
            "end": lambda name: frame(0x800, ipv4(own, udp(9, 9, tagged(name)))),
            "other": lambda name: frame(0x800, ipv4(other, udp(9, 9, tagged(name)))),
            "mac": lambda name: frame(0x800, ipv4(own, udp(9, 9, tagged(name))), source=stranger),
            "arp-own": lambda name: frame(0x806, arp(own) + tagged(name)),
            "arp-probe": lambda name: frame(0x806, arp("0.0.0.0") + tagged(name)),
            "arp-other": lambda name: frame(0x806, arp(other) + tagged(name)),
            "arp-mac": lambda name: frame(0x806, arp(own, stranger) + tagged(name)),
            "dhcp-client": lambda name: frame(0x800, ipv4("0.0.0.0", udp(68, 67, tagged(name)))),
            "dhcp-server": lambda name: frame(0x800, ipv4(own, udp(67, 68, tagged(name)))),
            "nobody": lambda name: frame(0x800, ipv4("0.0.0.0", udp(9, 9, tagged(name)))),
            "vlan": lambda name: frame(0x8100, struct.pack(">HH", 5, 0x800) + ipv4(other, udp(9, 9, tagged(name)))),
            "ra": lambda name: frame(0x86dd, ipv6("fe80::5", bytes([134, 0, 0, 0, 64, 0, 7, 8]) + bytes(8) + tagged(name))),
            "dhcp6-server": lambda name: frame(0x86dd, ipv6("fe80::5", udp(547, 546, tagged(name)), 17)),
            "unclaimed": lambda name: frame(0x86dd, ipv6("fd00::66", udp(9, 9, tagged(name)), 17)),
            "off-link": lambda name: frame(0x86dd, ipv6("2001:db8::66", udp(9, 9, tagged(name)), 17)),
            "gateway": lambda name: frame(0x86dd, ipv6("fd00::1", udp(9, 9, tagged(name)), 17)),
            "taken": lambda name: frame(0x86dd, ipv6("fd00::68", udp(9, 9, tagged(name)), 17)),
            "claim": lambda name: frame(0x86dd, ipv6("::", solicit("fd00::67") + tagged(name))),
            "claimed": lambda name: frame(0x86dd, ipv6("fd00::67", udp(9, 9, tagged(name)), 17)),
            "na-claimed": lambda name: frame(0x86dd, ipv6("fd00::67", advertise("fd00::67") + tagged(name))),
            "na-gateway": lambda name: frame(0x86dd, ipv6("fd00::67", advertise("fd00::1") + tagged(name))),
            "claim-taken": lambda name: frame(0x86dd, ipv6("::", solicit("fd00::68") + tagged(name))),
        }
        for name in sys.argv[1:]: link.send(frames[name](name))
        """

    /// Hears what arrives at `eth0`, and prints the names of the frames.
    private static let listener = """
        import re, socket
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        link.bind(("eth0", 3))
        print("ready", flush=True)
        while True:
            found = re.search(rb"frame=([a-z0-9-]+);", link.recv(2048))
            if found: print(found.group(1).decode(), flush=True)
        """

    /// As hosts do, though a lab's namespaces do not.
    private static let checkingDuplicates =
        "sysctl -qw net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.disable_ipv6=0"

    private static let passing = [
        "own", "arp-own", "arp-probe", "dhcp-client", "claim", "claimed", "unclaimed", "na-claimed",
    ]
    private static let dropped = [
        "other", "mac", "arp-other", "arp-mac", "dhcp-server", "nobody", "vlan", "ra", "dhcp6-server", "off-link",
        "gateway", "taken", "na-gateway", "claim-taken",
    ]

    @Test func `a guarded port sends from its own addresses only, from its first question for a lease on`() async throws
    {
        try requireTools("python3", "udhcpc")
        try await withSite { site in
            let host = "<host mac='52:54:00:00:00:01' ip='192.168.150.100'/>"
            try await site.host.run(
                network("lab", hosts: host, extra: extensions("<vnet:antiSpoof>yes</vnet:antiSpoof>"), ipv6: "fd00::1"))
            // What the kernel sends of itself would claim addresses in the test's place.
            let quiet = "sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1"
            let guest = try await site.portGuest("vm1", on: "lab", mac: "52:54:00:00:00:01")
            try await guest.sh(quiet)
            let second = try await site.portGuest("vm2", on: "lab")
            let witness = try await site.guest("vm3", on: "br-lab")
            let ears = try witness.start("python3", "-c", Self.listener)
            #expect(try await eventually { ears.outputSoFar.contains("ready") })
            func heard(_ names: [String], from place: Namespace) async throws -> [String] {
                let before = ears.outputSoFar.count
                _ = try await place.run(["python3", "-c", Self.sender] + names + ["end"]).orThrow()
                // The last is one that passes, after which nothing more comes.
                _ = try await eventually { ears.outputSoFar.dropFirst(before).hasSuffix("end\n") }
                return ears.outputSoFar.dropFirst(before).split(separator: "\n").map { String($0) }.dropLast()
            }

            // Another port claims an address first; one that nobody leased or reserved anything has no other.
            try await second.sh("\(quiet); \(Self.checkingDuplicates); ip address add fd00::68/64 dev eth0")
            #expect(try await guest.udhcpc()?["ip"] == "192.168.150.100")
            #expect(try await guest.pings("192.168.150.1"))
            // It is the other's when nobody has contradicted it.
            let isClaimed = try await eventually {
                let text = try await second.run("ip", "-6", "address", "show", "dev", "eth0", "scope", "global").output
                return text.contains("fd00::68") && !text.contains("tentative")
            }
            #expect(isClaimed)
            #expect(try await heard(Self.passing, from: guest) == Self.passing)
            #expect(try await heard(Self.dropped, from: guest) == [])

            // A lease opens the port, and its end closes it.
            let lease = try await second.udhcpc(thenRelease: true)
            #expect(lease != nil)
            #expect(try await eventually { try await !second.pings("192.168.150.1") })
            // A change of the document is one of all ports; those that are not vnet's are not guarded.
            try await site.host.must("detach", "lab", "vm2")
            let rules = try await site.host.namespace.run("nft", "list", "table", "bridge", "vnet").output
            #expect(!rules.contains("52:54:00:00:00:02") && rules.contains("52:54:00:00:00:01"))
        }
    }

    @Test func `a guest gives itself addresses by IPv6 and is reached at them`() async throws {
        try requireTools("python3")
        try await withSite { site in
            try await site.host.run(
                network("lab", extra: extensions("<vnet:antiSpoof>yes</vnet:antiSpoof>"), ipv6: "fd15:4c2a:7b90:150::1")
            )
            let guest = try await site.portGuest("vm1", on: "lab")
            try await guest.sh("sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1; \(Self.checkingDuplicates)")
            let hasAddress = try await eventually {
                try await guest.run("ip", "-6", "address", "show", "dev", "eth0").output.contains("fd15:4c2a:7b90:150:")
            }
            #expect(hasAddress)
            #expect(try await eventually { try await guest.pings("fd15:4c2a:7b90:150::1") })
        }
    }
}
