internal import Foundation
internal import TestSupport
internal import Testing

@Suite(.requiresRoot)
struct LifeCycleTests {
    private static let uuid = "5f0b1c2d-0000-4000-8000-000000000003"

    @Test func `a network is shown as virsh shows it`() async throws {
        try await withSite { site in
            let host = site.host
            let define = try await host.must("define", "-", input: network("lab", uuid: Self.uuid))
            #expect(define.output == "Network lab defined from -\n")
            #expect(
                try await host.must("list", "--all").output == """
                     Name   State      Autostart   Persistent
                    -------------------------------------------
                     lab    inactive   no          yes

                    """)
            #expect(try await host.must("start", "lab").output == "Network lab started\n")
            #expect(
                try await host.must("list").output == """
                     Name   State    Autostart   Persistent
                    -----------------------------------------
                     lab    active   no          yes

                    """)
            #expect(
                try await host.must("info", Self.uuid).output.hasPrefix(
                    """
                    Name:           lab
                    UUID:           \(Self.uuid)
                    Active:         yes
                    Persistent:     yes
                    Autostart:      no
                    Bridge:         br-lab

                    """))
            #expect(try await host.must("list", "--name").output == "lab\n")
            #expect(try await host.must("list", "--uuid").output == "\(Self.uuid)\n")
            #expect(try await host.must("list", "--inactive", "--name").output.isEmpty)
            #expect(try await host.must("autostart", "lab").output == "Network lab marked as autostarted\n")
            #expect(
                try await host.must("autostart", "lab", "--disable").output == "Network lab unmarked as autostarted\n")
            #expect(try await host.must("stop", Self.uuid).output == "Network lab stopped\n")
            #expect(try await host.must("undefine", "lab").output == "Network lab has been undefined\n")
            #expect(try await host.must("list", "--all", "--name").output.isEmpty)
        }
    }

    @Test func `the document comes back in libvirt's form`() async throws {
        try await withSite { site in
            try await site.host.must(
                "define", "-",
                input: network(
                    "lab", extra: "<mac address='52:54:00:00:00:aa'/><domain name='lab.test' localOnly='yes'/>",
                    uuid: Self.uuid))
            let expected = """
                <network>
                  <name>lab</name>
                  <uuid>\(Self.uuid)</uuid>
                  <forward mode='nat'/>
                  <bridge name='br-lab' stp='off' delay='0'/>
                  <mac address='52:54:00:00:00:aa'/>
                  <domain name='lab.test' localOnly='yes'/>
                  <ip address='192.168.150.1' netmask='255.255.255.0'>
                    <dhcp>
                      <range start='192.168.150.100' end='192.168.150.199'/>
                    </dhcp>
                  </ip>
                </network>

                """
            #expect(try await site.host.must("dumpxml", "lab").output == expected)
            let file = try String(contentsOfFile: "\(site.host.root)/etc/vnet/networks/lab.xml", encoding: .utf8)
            #expect(file.hasSuffix(expected))
            try await site.host.must("start", "lab")
            #expect(try await site.host.must("dumpxml", "lab", "--inactive").output == expected)
            // What it prints defines the same again.
            try await site.host.must("define", "-", input: expected)
            #expect(try await site.host.must("dumpxml", "lab", "--inactive").output == expected)
        }
    }

    @Test func `virsh's names of the verbs work`() async throws {
        try await withSite { site in
            let host = site.host
            try await host.must("net-define", "-", input: network("lab"))
            try await host.must("net-start", "lab")
            #expect(try await host.must("net-list").output.contains("lab"))
            #expect(try await host.must("net-info", "lab").output.contains("br-lab"))
            #expect(try await host.must("net-dumpxml", "lab").output.contains("br-lab"))
            #expect(try await host.must("net-dhcp-leases", "lab").output.contains("IP address"))
            try await host.must("net-autostart", "lab")
            try await host.must("net-destroy", "lab")
            try await host.must("net-undefine", "lab")
            try await host.must("net-create", "-", input: network("lab"))
            try await host.must("destroy", "lab")
        }
    }

    @Test func `stop puts the host back, without undefine and without the daemon's end`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab", ipv6: "fd15:4c2a:7b90:150::1"))
            try await site.host.must("define", "-", input: network("open", mode: "open", subnet: "192.168.151"))
            try await site.host.must("define", "-", input: network("alone", mode: nil, subnet: "192.168.152"))
            let before = try await site.host.snapshot()
            for _ in 0..<3 {
                try await site.host.must("start", "--all")
                #expect(try await site.host.namespace.run("sysctl", "-n", "net.ipv4.ip_forward").text == "1")
                try await site.host.must("stop", "lab")
                // The open network still needs it.
                #expect(try await site.host.namespace.run("sysctl", "-n", "net.ipv4.ip_forward").text == "1")
                try await site.host.must("stop", "--all")
                try await site.host.expectUnchanged(since: before)
            }
        }
    }

    @Test func `forwarding that the host had on stays on`() async throws {
        try await withSite { site in
            try await site.host.namespace.sh("sysctl -qw net.ipv4.ip_forward=1")
            try await site.host.run(network("lab"))
            try await site.host.must("stop", "lab")
            #expect(try await site.host.namespace.run("sysctl", "-n", "net.ipv4.ip_forward").text == "1")
            try await site.host.namespace.sh("sysctl -qw net.ipv4.ip_forward=0")
        }
    }

    @Test func `other firewall rules, addresses and links on the host are left alone`() async throws {
        try await withSite { site in
            try await site.host.namespace.sh(
                """
                nft add table inet filter
                nft 'add chain inet filter input { type filter hook input priority 0; policy accept; }'
                nft add rule inet filter input tcp dport 22 counter accept
                ip link add other0 type bridge
                ip link set other0 up
                ip address add 10.77.0.1/24 dev other0
                """)
            let before = try await site.host.snapshot()
            try await site.host.run(network("lab"))
            let rules = try await site.host.namespace.run("nft", "list", "ruleset").output
            #expect(rules.contains("tcp dport 22"))
            try await site.host.must("stop", "lab")
            try await site.host.must("undefine", "lab")
            try await site.host.expectUnchanged(since: before)
            try await site.host.namespace.sh("nft delete table inet filter; ip link del other0")
        }
    }

    @Test func `a transient network is gone when it stops`() async throws {
        try await withSite { site in
            #expect(
                try await site.host.must("create", "-", input: network("lab")).output == "Network lab created from -\n")
            let list = try await site.host.must("list").lines
            #expect(list.last == " lab    active   no autostart   no")
            // It outlives its daemon.
            try await site.host.endDaemon()
            #expect(try await site.host.must("list", "--name").output == "lab\n")
            try await site.host.must("stop", "lab")
            #expect(try await site.host.must("list", "--all", "--name").output.isEmpty)
        }
    }

    @Test func `a network that is undefined while it runs goes on as a transient one`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            try await site.host.must("undefine", "lab")
            #expect(try await site.host.must("info", "lab").output.contains("Persistent:     no"))
            #expect(try await guest.pings(Site.outsideAddress))
            try await site.host.must("stop", "lab")
            #expect(try await site.host.must("list", "--all", "--name").output.isEmpty)
        }
    }

    @Test func `a running network's new definition waits for its next start`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab", uuid: Self.uuid))
            try await site.host.must(
                "define", "-", input: network("lab", mode: "route", subnet: "192.168.160", uuid: Self.uuid))
            #expect(try await site.host.must("dumpxml", "lab").output.contains("192.168.150.1"))
            #expect(try await site.host.must("dumpxml", "lab", "--inactive").output.contains("192.168.160.1"))
            // The next daemon knows both.
            try await site.host.endDaemon()
            #expect(try await site.host.must("dumpxml", "lab").output.contains("192.168.150.1"))
            #expect(try await site.host.must("dumpxml", "lab", "--inactive").output.contains("192.168.160.1"))
            try await site.host.must("stop", "lab")
            try await site.host.must("start", "lab")
            let addresses = try await site.host.namespace.run("ip", "-o", "address", "show", "dev", "br-lab").output
            #expect(addresses.contains("192.168.160.1/24"))
            #expect(!addresses.contains("192.168.150.1"))
        }
    }

    @Test func `autostart is for the start of the machine, not of the daemon`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            try await site.host.must("define", "-", input: network("other", subnet: "192.168.151"))
            try await site.host.must("autostart", "lab")
            try await site.host.endDaemon()
            #expect(try await site.host.must("list", "--name").output.isEmpty)
            try await site.host.endDaemon()
            // After a boot `run` is empty.
            try await site.lab.sh("rm -rf \(site.host.root)/run")
            #expect(try await site.host.must("list", "--name").output == "lab\n")
            #expect(try await site.host.must("list").output.contains("lab    active   yes         yes"))
            try await site.host.must("stop", "lab")
            try await site.host.endDaemon()
            #expect(try await site.host.must("list", "--name").output.isEmpty)
        }
    }

    @Test func `after a reboot that vnet did not see, networks are inactive and start again`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            let processes = try await site.host.processes()
            kill(processes.daemon, SIGKILL)
            #expect(try await eventually { try await site.host.namespace.processes().isEmpty })
            // A machine that crashes keeps its disk, and here `run` too, but nothing of its kernel's state.
            try await site.lab.sh("echo another > \(site.host.root)/run/vnet/autostarted")
            try await site.host.namespace.sh("ip link del br-lab; nft flush ruleset; sysctl -qw net.ipv4.ip_forward=0")
            #expect(try await site.host.must("list", "--name").output.isEmpty)
            try await site.host.must("start", "lab")
            #expect(try await site.host.must("list", "--name").output == "lab\n")
        }
    }

    @Test(arguments: ["a b", "b\u{FC}ro", "50%", "-dash", "x'y&lt;z"])
    func `a network may be called what libvirt allows`(name: String) async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network(name, bridge: "br0", uuid: Self.uuid))
            let shown = name.replacing("&lt;", with: "<")
            #expect(try await site.host.must("list", "--all", "--name").text == shown)
            try await site.host.must("start", "--", shown)
            #expect(try await site.host.must("info", "--", shown).output.contains("Active:         yes"))
            try await site.host.endDaemon()
            #expect(try await site.host.must("list", "--name").text == shown)
            try await site.host.must("stop", Self.uuid)
            try await site.host.must("undefine", "--", shown)
        }
    }

    @Test func `of two starts at once one wins, and the other is told`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
                for _ in 0..<6 { group.addTask { try await site.host.vnet("start", "lab") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count(where: \.isSuccess) == 1, "\(outcomes)")
            for outcome in outcomes where !outcome.isSuccess {
                #expect(outcome.code == 1)
                #expect(outcome.errors.hasPrefix("error: network 'lab' is "), "\(outcome)")
            }
        }
    }

    @Test func `networks come and go side by side, and guests of another do not notice`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            let ping = try guest.start("ping", "-n", "-i", "0.05", "-W", "1", Site.outsideAddress)
            try await withThrowingTaskGroup { group in
                for number in 0..<6 {
                    let name = "net\(number)"
                    let mode = ["nat", "route", "open"][number % 3]
                    let xml = network(
                        name, mode: mode, subnet: "192.168.\(160 + number)", ipv6: "fd15:4c2a:7b90:\(number)::1")
                    group.addTask {
                        try await site.host.must("define", "-", input: xml)
                        for _ in 0..<3 {
                            try await site.host.must("start", name)
                            try await site.host.must("stop", name)
                        }
                    }
                }
                try await group.waitForAll()
            }
            ping.signal(SIGINT)
            let outcome = await ping.outcome()
            #expect(outcome.output.contains(" 0% packet loss"), "\(outcome)")
        }
    }
}
