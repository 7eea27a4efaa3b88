internal import Foundation
internal import TestSupport
internal import Testing

/// Ports of the host that lead to guests.
@Suite(.requiresRoot)
struct PortForwardTests {
    private static let gateway6 = "fd15:4c2a:7b90:150::1"
    private static let guest6 = "fd15:4c2a:7b90:150::201"

    /// `<vnet:portForward>` with one range.
    private static func forward(
        _ proto: String, _ place: String, _ ports: String, to target: Int, guest: String
    ) -> String {
        let ends = ports.split(separator: "-")
        let range = "start='\(ends[0])'" + (ends.count > 1 ? " end='\(ends[1])'" : "")
        return "<vnet:portForward proto='\(proto)' \(place)><vnet:range \(range) to='\(target)' guest='\(guest)'/>"
            + "</vnet:portForward>"
    }

    private static let lab = network(
        "lab",
        extra: extensions(
            forward("tcp", "", "8080-8081", to: 80, guest: "192.168.150.201"),
            forward("udp", "", "8080", to: 80, guest: "192.168.150.201"),
            forward("tcp", "address='0.0.0.0'", "2200", to: 80, guest: "192.168.150.201"),
            forward("udp", "address='0.0.0.0'", "2200", to: 80, guest: "192.168.150.201"),
            forward("tcp", "address='198.51.100.1'", "2300", to: 81, guest: "192.168.150.201"),
            forward("tcp", "dev='up1'", "2400", to: 80, guest: "192.168.150.201"),
            forward("tcp", "address='::'", "2200", to: 80, guest: guest6),
            forward("udp", "address='::'", "2200", to: 80, guest: guest6)),
        ipv6: gateway6)
    private static let isolated = network(
        "isolated", mode: nil, subnet: "192.168.151",
        extra: extensions(forward("tcp", "", "8090", to: 80, guest: "192.168.151.201")))
    private static let routed = network(
        "routed", mode: "route", device: "up0", subnet: "192.168.152",
        extra: extensions(forward("tcp", "address='0.0.0.0'", "2500", to: 80, guest: "192.168.152.201")))

    /// Who asks, what, and what comes of it: the address that the guest saw, and the port that was reached.
    private static let table: [(from: String, question: Question, answer: String)] = [
        // The host at its loopback; the guest sees the bridge, which it can answer. Ranges are shifted.
        ("host", .tcp("127.0.0.1", 8080), "192.168.150.1 80"),
        ("host", .tcp("127.0.0.1", 8081), "192.168.150.1 81"),
        ("host", .udp("127.0.0.1", 8080), "192.168.150.1 80"),
        ("host", .tcp("127.0.0.1", 8082), "refused"),
        // Each address is the loopback too; and others of the host's.
        ("host", .tcp("127.0.0.1", 2200), "192.168.150.1 80"),
        ("host", .tcp("203.0.113.1", 2200), "203.0.113.1 80"),
        ("host", .tcp("2001:db8:1::1", 2200), "2001:db8:1::1 80"),
        ("host", .tcp("192.168.150.1", 2200), "192.168.150.1 80"),
        // Other hosts see themselves; what listens at the loopback is not for them.
        ("outside", .tcp("203.0.113.1", 2200), "203.0.113.2 80"),
        ("outside", .udp("203.0.113.1", 2200), "203.0.113.2 80"),
        ("outside", .tcp("2001:db8:1::1", 2200), "2001:db8:1::2 80"),
        ("outside", .udp("2001:db8:1::1", 2200), "2001:db8:1::2 80"),
        ("outside", .tcp("203.0.113.1", 8080), "refused"),
        // One address, one interface.
        ("outside2", .tcp("198.51.100.1", 2300), "198.51.100.2 81"),
        ("outside", .tcp("203.0.113.1", 2300), "refused"),
        ("outside2", .tcp("198.51.100.1", 2400), "198.51.100.2 80"),
        ("outside", .tcp("203.0.113.1", 2400), "refused"),
        // A guest of the same network, by any of the host's addresses.
        ("vm2", .tcp("203.0.113.1", 2200), "192.168.150.1 80"),
        ("vm2", .udp("203.0.113.1", 2200), "192.168.150.1 80"),
        ("vm2", .tcp("192.168.150.1", 2200), "192.168.150.1 80"),
        ("vm2", .tcp("2001:db8:1::1", 2200), "\(gateway6) 80"),
        ("vm2", .udp(gateway6, 2200), "\(gateway6) 80"),
        // An isolated network's guest is reached by the host alone,
        ("host", .tcp("127.0.0.1", 8090), "192.168.151.1 80"),
        ("outside", .tcp("203.0.113.1", 8090), "refused"),
        // a routed one's also by an interface that its other packets do not take.
        ("outside2", .tcp("198.51.100.1", 2500), "198.51.100.2 80"),
        ("outside2", .tcp("192.168.152.201", 80), "refused"),
        // Other networks stay apart.
        ("isolated1", .tcp("203.0.113.1", 2200), "refused"),
        ("vm1", .tcp("203.0.113.1", 2500), "refused"),
    ]

    @Test func `forwards lead from where they listen, and from nowhere else`() async throws {
        try requireTools("python3")
        try await withSite { site in
            for document in [Self.lab, Self.isolated, Self.routed] { try await site.host.run(document) }
            var places = ["host": site.host.namespace, "outside": site.outside, "outside2": site.outside2]
            for (name, number) in [("vm1", 201), ("vm2", 202)] {
                places[name] = try await site.guest(
                    name, on: "br-lab",
                    addresses: [
                        "192.168.150.\(number)/24": "192.168.150.1", "fd15:4c2a:7b90:150::\(number)/64": Self.gateway6,
                    ])
            }
            places["isolated1"] = try await site.guest(
                "isolated1", on: "br-isolated", addresses: ["192.168.151.201/24": "192.168.151.1"])
            places["routed1"] = try await site.guest(
                "routed1", on: "br-routed", addresses: ["192.168.152.201/24": "192.168.152.1"])
            for name in ["vm1", "isolated1", "routed1"] { try await places[name]?.answer(on: [80, 81]) }
            try await expect(Self.table, among: places, "as it is")
            // Docker and others make a bridge's frames walk the inet tables.
            let toggles = "/proc/sys/net/bridge/bridge-nf-call-iptables /proc/sys/net/bridge/bridge-nf-call-ip6tables"
            guard
                try await site.host.namespace.run(["test", "-w", "/proc/sys/net/bridge/bridge-nf-call-iptables"])
                    .isSuccess
            else { return }
            try await site.host.namespace.sh("for toggle in \(toggles); do echo 1 > $toggle; done")
            try await expect(Self.table, among: places, "with bridge-nf-call-iptables")
            try await site.host.namespace.sh("for toggle in \(toggles); do echo 0 > $toggle; done")
        }
    }

    /// The setting that forwards from the loopback need would let a guest send there, and from there.
    @Test func `what only the host may reach stays out of guests' reach`() async throws {
        try requireTools("python3")
        try await withSite { site in
            try await site.host.run(Self.lab)
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            #expect(try await guest.pings("192.168.150.1"))
            let service = """
                import socket
                link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                link.bind(("0.0.0.0", 7777))
                print("ready", flush=True)
                while True: print(link.recvfrom(99)[1][0], flush=True)
                """
            let listener = try site.host.namespace.start("python3", "-c", service)
            #expect(try await eventually { listener.outputSoFar.contains("ready") })
            // To and from the loopback, and at last one that is as it should be.
            let script = """
                import socket, struct, sys
                mac = bytes.fromhex(sys.argv[1].replace(":", ""))
                link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
                link.bind(("eth0", 0x0800))
                def total(data):
                    sum_ = sum(struct.unpack(f">{len(data) // 2}H", data))
                    while sum_ >> 16: sum_ = (sum_ & 0xffff) + (sum_ >> 16)
                    return ~sum_ & 0xffff
                for source, target in (("192.168.150.201", "127.0.0.1"), ("127.0.0.1", "192.168.150.1"), ("192.168.150.201", "192.168.150.1")):
                    udp = struct.pack(">HHHH", 5000, 7777, 12, 0) + b"test"
                    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 32, 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(target))
                    head = head[:10] + struct.pack(">H", total(head)) + head[12:]
                    link.send(mac + link.getsockname()[4] + bytes([8, 0]) + head + udp)
                """
            let mac = try await site.host.namespace.run("cat", "/sys/class/net/br-lab/address").text
            _ = try await guest.run("python3", "-c", script, mac).orThrow()
            #expect(try await eventually { listener.outputSoFar.contains("192.168.150.201") })
            #expect(listener.outputSoFar == "ready\n192.168.150.201\n")
        }
    }

    @Test func `a forward to a name follows its lease`() async throws {
        try requireTools("python3", "udhcpc")
        try await withSite { site in
            try await site.host.run(
                network(
                    "lab", extra: extensions(Self.forward("tcp", "", "8080", to: 80, guest: "web"))))
            let asked = [Question.tcp("127.0.0.1", 8080)]
            #expect(try await site.host.namespace.ask(asked) == ["refused"])
            #expect(try await site.host.must("forward", "list", "lab").output.contains(" -    "))
            let first = try await site.guest("vm1", on: "br-lab")
            try await first.answer(on: [80])
            let lease = try #require(try await first.udhcpc(hostName: "web", thenRelease: false))
            #expect(try await eventually { try await site.host.namespace.ask(asked) == ["192.168.150.1 80"] })
            let list = try await site.host.must("forward", "list", "lab").output
            let address = try #require(lease["ip"])
            #expect(list.contains("tcp 127.0.0.1:8080") && list.contains(address), "\(list)")
            // The name moves on with a lease that ends later, and leads nowhere when nobody has it.
            try await first.sh("ip address flush dev eth0")
            let second = try await site.guest("vm2", on: "br-lab")
            try await second.answer(on: [80])
            _ = try await first.udhcpc(hostName: "other")
            let other = try #require(try await second.udhcpc(hostName: "web")?["ip"])
            #expect(try await eventually { try await site.host.must("forward", "list", "lab").output.contains(other) })
            #expect(try await eventually { try await site.host.namespace.ask(asked) == ["192.168.150.1 80"] })
            // A daemon that comes anew knows it from the leases on disk, and changes nothing.
            let rules = try await site.host.namespace.run("nft", "list", "ruleset").output
            try await site.host.endDaemon()
            #expect(try await site.host.must("forward", "list", "lab").output.contains(other))
            #expect(try await site.host.namespace.run("nft", "list", "ruleset").output == rules)
            _ = try await second.udhcpc(hostName: "web", thenRelease: true)
            #expect(
                try await eventually { try await site.host.must("forward", "list", "lab").output.contains(" -    ") })
        }
    }

    @Test func `forwards come and go while the network runs, and in its definition`() async throws {
        try requireTools("python3")
        try await withSite { site in
            let foreign = "<x:note xmlns:x=\"urn:x\">keep &lt;this&gt;</x:note>"
            try await site.host.run(network("lab", extra: "<metadata>\(foreign)</metadata>"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            try await guest.answer(on: [80])
            let added = try await site.host.must("forward", "add", "lab", "8080", "192.168.150.201:80")
            #expect(added.text == "Forward tcp 127.0.0.1:8080 to 192.168.150.201 added to network lab")
            #expect(try await site.host.namespace.ask([.tcp("127.0.0.1", 8080)]) == ["192.168.150.1 80"])
            for options in [[], ["--inactive"]] {
                let document = try await site.host.must(["dumpxml", "lab"] + options).output
                #expect(document.contains(foreign), "\(document)")
                #expect(
                    document.contains("<vnet:range start=\"8080\" to=\"80\" guest=\"192.168.150.201\"/>"), "\(document)"
                )
            }
            // Of the two one alone.
            try await site.host.must(
                "forward", "add", "lab", "0.0.0.0:90-91", "192.168.150.201", "--proto", "udp", "--live")
            try await site.host.must("forward", "add", "lab", "[::]:90", "vm1", "--dev", "up0", "--config")
            let list = try await site.host.must("forward", "list", "lab").lines.dropFirst(2).map { line in
                line.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
            }
            #expect(
                list == [
                    "tcp 127.0.0.1:8080 192.168.150.201 80 192.168.150.201 yes yes",
                    "udp 0.0.0.0:90-91 192.168.150.201 90 192.168.150.201 yes no",
                    "tcp [::]:90 on up0 vm1 90 - no yes",
                ])
            try await site.host.must("stop", "lab")
            try await site.host.must("start", "lab")
            #expect(try await site.host.must("forward", "list", "lab").lines.count == 4)
            try await site.host.namespace.sh("ip link set p-vm1 master br-lab")
            #expect(try await site.host.namespace.ask([.tcp("127.0.0.1", 8080)]) == ["192.168.150.1 80"])
            #expect(
                try await site.host.must("forward", "remove", "lab", "8080").text == "Forward removed from network lab")
            #expect(try await site.host.namespace.ask([.tcp("127.0.0.1", 8080)]) == ["refused"])
            let missing = try await site.host.vnet("forward", "remove", "lab", "8080")
            #expect(
                missing.errors
                    == "error: network 'lab' has no such forward: 'vnet forward list lab' shows those it has\n")
        }
    }

    @Test func `who is in a forward's way is called by name`() async throws {
        try requireTools("socat", "ss")
        try await withSite { site in
            try await site.host.run(
                network("lab", extra: extensions(Self.forward("tcp", "", "8080", to: 80, guest: "vm1"))))
            // Its own forward, another network's, a program's port.
            let own = try await site.host.vnet("forward", "add", "lab", "8070-8080", "vm2")
            #expect(own.errors.contains("network 'lab' forwards tcp 127.0.0.1:8080 already, to vm1"), "\(own)")
            try await site.host.must(
                "define", "-",
                input: network(
                    "other", subnet: "192.168.151",
                    extra: extensions(Self.forward("tcp", "address='0.0.0.0'", "8080", to: 80, guest: "vm1"))))
            let other = try await site.host.vnet("start", "other")
            #expect(
                other.errors.contains(
                    "cannot forward tcp 0.0.0.0:8080: network 'lab' forwards tcp 127.0.0.1:8080 to vm1 already"),
                "\(other)")
            let program = try site.host.namespace.start("socat", "TCP4-LISTEN:8090,bind=127.0.0.1,fork", "SYSTEM:true")
            #expect(
                try await eventually {
                    try await !site.host.namespace.run("ss", "-Hlnt", "sport", "=", ":8090").text.isEmpty
                })
            let taken = try await site.host.vnet("forward", "add", "lab", "0.0.0.0:8085-8095", "vm2")
            #expect(taken.errors.contains("socat (process "), "\(taken)")
            #expect(taken.errors.contains("listens on port 8090 there"), "\(taken)")
            #expect(try await site.host.must("forward", "list", "lab").lines.count == 3)
            program.signal(SIGTERM)
        }
    }
}
