internal import TestSupport
internal import Testing

@Suite(.requiresRoot)
struct InstanceTests {
    @Test func `two instances with the same network know nothing of each other`() async throws {
        try requireTools("udhcpc", "dig")
        try await withSite { site in
            let second = VNetHost(try await site.lab.namespace("host2"), folder: "root2")
            let before = try await second.snapshot()
            let xml = network(
                "lab", extra: "<domain name='lab.test' localOnly='yes'/>", uuid: "5f0b1c2d-0000-4000-8000-000000000001")
            try await site.host.run(xml)
            try await second.run(xml)

            let guest = try await site.guest("vm1", on: "br-lab")
            let other = try await site.lab.namespace("vm2")
            try await other.connect("eth0", to: second.namespace, "p-vm2")
            try await second.namespace.sh("ip link set p-vm2 master br-lab")
            let address = try #require(try await guest.udhcpc(hostName: "vm1")?["ip"])
            let otherAddress = try #require(try await other.udhcpc(hostName: "vm2")?["ip"])
            #expect(try await site.host.leases("lab").map(\.hostName) == ["vm1"])
            #expect(try await second.leases("lab").map(\.hostName) == ["vm2"])
            let own = try await guest.run("dig", "@192.168.150.1", "+short", "vm1.lab.test")
            #expect(own.text == address)
            let foreign = try await other.run("dig", "@192.168.150.1", "+short", "vm1.lab.test")
            #expect(foreign.text.isEmpty)
            #expect(try await other.run("dig", "@192.168.150.1", "+short", "vm2.lab.test").text == otherAddress)

            // The end of one is none of the other's business.
            try await second.namespace.sh("ip link del p-vm2")
            try await second.must("stop", "lab")
            try await second.must("undefine", "lab")
            try await second.endDaemon()
            #expect(try await second.snapshot().changes(since: before).isEmpty)
            #expect(try await eventually { try await second.namespace.processes().isEmpty })
            #expect(try await guest.udhcpc(hostName: "vm1")?["ip"] == address)
        }
    }

    @Test func `the root may stand before and after the subcommand, and in the environment`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            let plain = ["env", "-u", "VNET_ROOT", VNetHost.binary]
            for words in [
                ["--root", site.host.root, "list", "--all", "--name"],
                ["--root=\(site.host.root)", "list", "--all", "--name"],
                ["list", "--root", site.host.root, "--all", "--name"],
                ["list", "--all", "--name", "--root=\(site.host.root)"],
            ] {
                let outcome = try await site.host.namespace.run(plain + words)
                #expect(outcome.text == "lab", "\(words)")
            }
        }
    }

    @Test func `a second daemon for the same root says which one holds it`() async throws {
        try await withSite { site in
            try await site.host.must("list")
            let processes = try await site.host.processes()
            let outcome = try await site.host.vnet("daemon")
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("another vnet daemon (process \(processes.daemon))"))
            #expect(try await site.host.processes() == processes)
        }
    }

    @Test func `commands that come at once start one daemon`() async throws {
        try await withSite { site in
            let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
                for _ in 0..<8 { group.addTask { try await site.host.vnet("list") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for outcome in outcomes { #expect(outcome.isSuccess, "\(outcome)") }
            // The daemon and its responder.
            #expect(try await eventually { try await site.host.namespace.processes().count == 2 })
        }
    }
}
