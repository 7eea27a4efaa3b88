internal import Foundation
internal import TestSupport
internal import Testing

/// Ports as a hypervisor of libvirt's asks for them, by virsh's commands.
@Suite(.requiresRoot)
struct NetworkPortTests {
    private static let uuid = "22222222-2222-2222-2222-222222222222"

    private func port(_ extra: String = "", uuid: String = uuid) -> String {
        """
        <networkport>
          <uuid>\(uuid)</uuid>
          <owner>
            <name>dd</name>
            <uuid>33333333-3333-3333-3333-333333333333</uuid>
          </owner>
          <mac address='52:54:00:01:02:03'/>
        \(extra)</networkport>

        """
    }

    private static let plugged = "  <plug type='network' bridge='br-lab'/>\n"

    @Test func `a port is recorded, shown, kept over a daemon's end, and deleted`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            let file = try site.lab.file("port.xml", port())
            #expect(try await site.host.must("net-port-list", "lab").output == " UUID\n-------\n")
            #expect(
                try await site.host.must("net-port-create", "--network", "lab", "--file", file).output
                    == "Network port \(Self.uuid) created from \(file)\n")
            #expect(
                try await site.host.must("net-port-list", "lab").output == """
                     UUID
                    ---------------------------------------
                     \(Self.uuid)

                    """)
            #expect(try await site.host.must("net-port-dumpxml", "lab", Self.uuid).output == port(Self.plugged))
            let ports = try await site.host.must("ports", "lab").lines.last
            #expect(ports?.split(separator: " ").prefix(4) == ["lab", "dd", "-", "52:54:00:01:02:03"])
            try await site.host.endDaemon()
            #expect(try await site.host.must("port-list", "lab", "--uuid").output == Self.uuid + "\n")
            #expect(
                try await site.host.must("net-port-delete", "lab", "--port", Self.uuid).output
                    == "Network port \(Self.uuid) deleted\n")
            #expect(try await site.host.must("port-list", "lab", "--uuid").output.isEmpty)
        }
    }

    @Test func `a port of vnet attach is one of libvirt's too`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            let tap = try await site.host.must("attach", "lab", "--name", "vm1", "--mac", "52:54:00:00:00:01").text
            let uuid = try await site.host.must("port-list", "lab", "--uuid").text
            let xml = try await site.host.must("port-dumpxml", "lab", uuid).output
            #expect(xml.contains("<name>vm1</name>") && xml.contains("<mac address='52:54:00:00:00:01'/>"))
            #expect(xml.contains(Self.plugged))
            try await site.host.must("net-port-delete", "lab", uuid)
            #expect(try await site.host.must("ports", "--json").text == "[\n\n]")
            #expect(try await site.host.namespace.run("ip", "link", "show", tap).code != 0)
        }
    }

    @Test func `a hypervisor's port has its floor of the network's bandwidth, and gives it back`() async throws {
        try requireTools("tc")
        try await withSite { site in
            try await site.host.run(network("lab", extra: "<bandwidth><inbound average='3000'/></bandwidth>"))
            let before = try await site.host.snapshot()
            func floor(_ rate: Int) -> String { "<bandwidth><inbound average='100' floor='\(rate)'/></bandwidth>\n" }
            let file = try site.lab.file("port.xml", port(floor(2_000)))
            try await site.host.must("net-port-create", "lab", file)
            let xml = try await site.host.must("net-port-dumpxml", "lab", Self.uuid).output
            #expect(
                xml.contains("<inbound average='100' floor='2000'/>") && xml.contains("<bandwidth classID='3'>"),
                "\(xml)")
            let classes = try await site.host.namespace.run("tc", "class", "show", "dev", "br-lab").output
            #expect(classes.contains(#/htb [0-9a-f]+:3 .* rate 16Mbit ceil 24Mbit/#), "\(classes)")

            // What is promised already counts, whoever asked for it.
            let other = "44444444-4444-4444-4444-444444444444"
            let more = try site.lab.file("more.xml", port(floor(1_001), uuid: other))
            let greedy = try await site.host.vnet("net-port-create", "lab", more)
            #expect(greedy.code == 1)
            #expect(greedy.errors.contains("of its 3000 kB/s ports are guaranteed 2000"), "\(greedy)")
            let tap = try await site.host.vnet("attach", "lab", "--floor", "1001")
            #expect(tap.code == 1 && tap.errors.contains("ports are guaranteed 2000"), "\(tap)")

            let running = try await site.host.snapshot()
            try await site.host.endDaemon()
            try await site.host.must("list")
            try await site.host.expectUnchanged(since: running)
            try await site.host.must("net-port-delete", "lab", Self.uuid)
            #expect(try await site.host.snapshot().sections["queues"] == before.sections["queues"])
        }
    }

    @Test func `what is wrong with a port is told, and nothing is recorded`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            let good = try site.lab.file("port.xml", port())
            let plug = try site.lab.file("plug.xml", port(Self.plugged))
            let strange = try site.lab.file("strange.xml", port("<colour/>"))
            let empty = try site.lab.file("empty.xml", "<networkport/>")
            func refused(_ words: String..., because message: String) async throws {
                let outcome = try await site.host.namespace.run(
                    ["env", "VNET_ROOT=\(site.host.root)", VNetHost.binary] + words)
                #expect(
                    outcome.code == 1 && outcome.errors.hasPrefix("error: ") && outcome.errors.contains(message),
                    "\(outcome)")
            }
            try await refused("port-create", "lab", good, because: "network 'lab' is not active")
            try await refused("port-list", "lab", because: "network 'lab' is not active")
            try await site.host.must("start", "lab")
            try await refused("port-create", "lab", plug, because: "the port has a <plug> already")
            try await refused("port-create", "lab", empty, because: "empty.xml:1:1: <networkport> has no UUID")
            try await refused("port-create", "lab", "/nowhere", because: "read '/nowhere'")
            try await refused(
                "port-create", "lab", strange, "--validate", because: "<colour>")
            try await refused("port-dumpxml", "lab", Self.uuid, because: "network 'lab' has no port with UUID")
            try await refused("port-delete", "lab", Self.uuid, because: "network 'lab' has no port with UUID")
            try await refused("port-delete", "lab", "nonsense", because: "'nonsense' is no port's UUID")
            #expect(try await site.host.must("port-list", "lab", "--uuid").output.isEmpty)
            try await site.host.must("port-create", "lab", good)
            try await refused("port-create", "lab", good, because: "network 'lab' has a port with UUID \(Self.uuid)")
            // As with libvirt, a network that stops has no guests any more.
            try await site.host.must("stop", "lab")
            try await site.host.must("start", "lab")
            #expect(try await site.host.must("port-list", "lab", "--uuid").output.isEmpty)
        }
    }
}
