internal import Foundation
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
            try await second.expectUnchanged(since: before)
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

    @Test func `a relative root is below the folder where the command runs`() async throws {
        try await withSite { site in
            let folder = "\(site.lab.folder)/elsewhere"
            let name = "\(site.lab.name)-relative"
            let outcome = try await site.host.namespace.run(
                "sh", "-c", "mkdir \(folder) && cd \(folder) && exec '\(VNetHost.binary)' --root \(name) list")
            #expect(outcome.isSuccess, "\(outcome)")
            #expect(FileManager.default.fileExists(atPath: "\(folder)/\(name)/run/vnet/vnet.sock"))
            #expect(!FileManager.default.fileExists(atPath: "/\(name)"))
            try await VNetHost(site.host.namespace, folder: "elsewhere/\(name)").endDaemon()
            try? FileManager.default.removeItem(atPath: "/\(name)")
        }
    }

    @Test func `a root may have blanks in its name`() async throws {
        try await withSite { site in
            let blank = VNetHost(site.host.namespace, folder: "a root")
            try await blank.run(network("lab"))
            let guest = try await site.guest("vm1", on: "br-lab")
            #expect(try await guest.udhcpc() != nil)
            try await blank.must("stop", "lab")
            try await blank.endDaemon()
        }
    }

    @Test func `a root that is too long for a socket's name is refused in words`() async throws {
        try await withSite { site in
            let long = VNetHost(site.host.namespace, folder: String(repeating: "x", count: 100))
            let outcome = try await long.vnet("list")
            #expect(outcome.code == 1)
            #expect(outcome.errors.hasPrefix("error: "))
            #expect(outcome.errors.contains("'\(long.root)'"), "\(outcome)")
            #expect(!FileManager.default.fileExists(atPath: long.root))
        }
    }

    @Test func `a definition that cannot be read keeps nobody else from running`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            try await site.host.must("define", "-", input: network("up", subnet: "203.0.113"))
            try await site.host.must("autostart", "lab")
            try await site.host.must("autostart", "up")
            try await site.host.endDaemon()
            let bad = "\(site.host.root)/etc/vnet/networks/bad.xml"
            try "<network>\n".write(toFile: bad, atomically: false, encoding: .utf8)
            try await site.lab.sh("rm -rf \(site.host.root)/run")
            // One definition is damaged, and one network's subnet is the host's own.
            #expect(try await site.host.must("list", "--name").text == "lab")
            #expect(site.host.log.contains("\(bad) is left out: line 2"))
            #expect(site.host.log.contains("autostart: subnet 203.0.113.0/24 of network 'up'"))
            let all = try await site.host.vnet("start", "--all")
            #expect(all.code == 1)
            try FileManager.default.removeItem(atPath: bad)
        }
    }
}
