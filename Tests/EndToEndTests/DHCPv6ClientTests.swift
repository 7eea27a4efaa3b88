internal import Foundation
internal import TestSupport
internal import Testing

/// Guests that ask by DHCPv6, with ISC's client.
@Suite(.requiresRoot)
struct DHCPv6ClientTests {
    private static let gateway = "fd15:4c2a:7b90:150::1"
    private static let subnet = "fd15:4c2a:7b90:150::"

    /// A network with both families, whose IPv6 addresses are given out.
    private func document(mode: String? = "nat", hosts: String = "") -> String {
        network("lab", mode: mode, extra: "<domain name='lab.test' localOnly='yes'/>").replacing(
            "</network>",
            with: """
                <ip family='ipv6' address='\(Self.gateway)' prefix='64'>
                  <dhcp>
                    <range start='\(Self.subnet)100' end='\(Self.subnet)1ff'><lease expiry='10' unit='minutes'/></range>
                    \(hosts)
                  </dhcp>
                </ip>
                </network>
                """)
    }

    @Test func `a guest gets an address, keeps it when it comes back, and gives it up`() async throws {
        try requireTools("dhclient", "dig")
        try await withSite { site in
            try await site.host.run(document())
            let guest = try await site.guest("vm1", on: "br-lab", mac: "52:54:00:00:01:01")
            let (lease, log) = try await guest.dhclient6()
            let address = try #require(lease?["new_ip6_address"], "\(log)")
            #expect(address.hasPrefix(Self.subnet + "1"))
            #expect(lease?["new_dhcp6_name_servers"] == Self.gateway)
            #expect(lease?["new_dhcp6_domain_search"] == "lab.test.")
            #expect(lease?["new_max_life"] == "600")
            #expect(lease?["new_renew"] == "300")

            let listed = try #require(try await site.host.leases("lab").first)
            #expect(listed.address == address)
            #expect(listed.prefixLength == 64)
            #expect(listed.mac == "52:54:00:00:01:01")
            #expect(listed.hostName == "vm1")
            let table = try await site.host.must("leases", "lab").output
            #expect(table.contains("52:54:00:00:01:01   ipv6       \(address)/64"), "\(table)")

            // It has its name, forwards and backwards, and a way out.
            let dig = ["dig", "@\(Self.gateway)", "+short", "+time=5", "+tries=3"]
            #expect(try await guest.run(dig + ["vm1.lab.test", "AAAA"]).text == address)
            #expect(try await guest.run(dig + ["-x", address]).text == "vm1.lab.test.")
            #expect(try await guest.pings(Self.gateway))
            #expect(
                try await eventually {
                    try await guest.run("ip", "-6", "route", "show", "default").text.contains("proto ra")
                })

            // The responder's death and the daemon's leave the lease (Confirm: RFC 8415, section 18.2.3).
            try await site.host.endDaemon()
            #expect(try await site.host.leases("lab").map(\.address) == [address])
            _ = try await guest.run("sh", "-c", "kill $(cat \(site.lab.folder)/dhclient6-vm1.pid)")
            let (again, rebootLog) = try await guest.dhclient6()
            #expect(rebootLog.contains("Confirm"), "\(rebootLog)")
            #expect(again?["new_ip6_address"] == address, "\(rebootLog)")

            _ = try await guest.dhclient6("-r")
            #expect(try await eventually { try await site.host.leases("lab").isEmpty })
            #expect(try await guest.run(dig + ["vm1.lab.test", "AAAA"]).text == "")
        }
    }

    @Test func `a guest renews and rebinds`() async throws {
        try requireTools("dhclient")
        try await withSite { site in
            try await site.host.run(document())
            let guest = try await site.guest("vm1", on: "br-lab")
            let (lease, log) = try await guest.dhclient6()
            let address = try #require(lease?["new_ip6_address"], "\(log)")
            // Left alone it asks again when half of its time is over: the clock of the lease file is put back instead.
            for (passed, reason, message) in [(310, "RENEW6", "Renew"), (490, "REBIND6", "Rebind")] {
                _ = try await guest.run("sh", "-c", "kill $(cat \(site.lab.folder)/dhclient6-vm1.pid)")
                let file = "\(site.lab.folder)/dhclient6-vm1.leases"
                let text = try String(contentsOfFile: file, encoding: .utf8)
                let earlier = text.replacing(/starts ([0-9]+);/) { "starts \((Int($0.1) ?? 0) - passed);" }
                try earlier.write(toFile: file, atomically: true, encoding: .utf8)
                let (_, log) = try await guest.dhclient6()
                let isRenewed = try await eventually {
                    ClientLease(environmentFile: "\(site.lab.folder)/dhclient6-vm1.\(reason).env")?["new_ip6_address"]
                        == address
                }
                #expect(isRenewed, "\(message): \(log)")
            }
        }
    }

    @Test func `a reservation is found by DUID, and by the name that IPv4 gives a machine`() async throws {
        try requireTools("dhclient", "udhcpc")
        try await withSite { site in
            let duid = "00:03:00:01:52:54:00:00:01:01"
            let hosts = """
                <host id='\(duid)' name='first' ip='\(Self.subnet)a'/>
                <host name='second' ip='\(Self.subnet)b'/>
                """
            try await site.host.run(
                document(hosts: hosts).replacing(
                    "end='192.168.150.199'/>",
                    with: "end='192.168.150.199'/><host mac='52:54:00:00:01:02' name='second' ip='192.168.150.9'/>"))
            for (number, address, name) in [(1, "a", "first"), (2, "b", "second")] {
                let guest = try await site.guest("vm\(number)", on: "br-lab", mac: "52:54:00:00:01:0\(number)")
                let (lease, log) = try await guest.dhclient6("-D", "LL")
                #expect(lease?["new_ip6_address"] == Self.subnet + address, "\(log)")
                #expect(
                    try await site.host.leases("lab").contains {
                        $0.address == Self.subnet + address && $0.hostName == name
                    })
            }
        }
    }

    @Test func `information is given without an address, and temporary addresses`() async throws {
        try requireTools("dhclient")
        try await withSite { site in
            try await site.host.run(document(mode: nil))
            let guest = try await site.guest("vm1", on: "br-lab")
            let (information, log) = try await guest.dhclient6("-S")
            #expect(information?["new_dhcp6_name_servers"] == Self.gateway, "\(log)")
            #expect(try await site.host.leases("lab").isEmpty)
            let (temporary, second) = try await guest.dhclient6("-T")
            let address = try #require(temporary?["new_ip6_address"], "\(second)")
            #expect(try await site.host.leases("lab").map(\.address) == [address])
            // Addresses come from DHCPv6 alone here, and there is no way out of an isolated network.
            let own = try await guest.run("ip", "-6", "-o", "address", "show", "dev", "eth0", "scope", "global").text
            #expect(own.split(separator: "\n").count == 1 && own.contains(address), "\(own)")
            #expect(try await guest.run("ip", "-6", "route", "show", "default").text == "")
        }
    }

    @Test func `guests forget the router when the network stops`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab", ipv6: Self.gateway))
            let guest = try await site.guest("vm1", on: "br-lab")
            func hasRouter() async throws -> Bool {
                try await !guest.run("ip", "-6", "route", "show", "default").text.isEmpty
            }
            #expect(try await eventually { try await hasRouter() })
            try await site.host.must("stop", "lab")
            #expect(try await eventually { try await !hasRouter() })
        }
    }

    /// One of each kind of network: of one that gives addresses out, and of one where guests make themselves theirs.
    @Test func `addresses that guests give themselves are shown, and nobody else gets them`() async throws {
        try requireTools("dhclient", "ping")
        try await withSite { site in
            try await site.host.run(document().replacing("\(Self.subnet)1ff", with: "\(Self.subnet)101"))
            try await site.host.run(network("auto", subnet: "192.168.151", ipv6: "fd15:4c2a:7b90:151::1"))
            let events = try site.host.start(["events", "lab"])
            let squatter = try await site.guest("vm1", on: "br-lab", mac: "52:54:00:00:01:01")
            try await squatter.sh("ip -6 address add \(Self.subnet)100/64 dev eth0 nodad")
            #expect(try await squatter.pings(Self.gateway, from: "\(Self.subnet)100"))
            let line = /static +52:54:00:00:01:01 +ipv6 +fd15:4c2a:7b90:150::100\/64/
            #expect(try await eventually { try await site.host.must("leases", "lab").output.contains(line) })
            let guest = try await site.guest("vm2", on: "br-lab", mac: "52:54:00:00:01:02")
            let (lease, log) = try await guest.dhclient6()
            #expect(lease?["new_ip6_address"] == "\(Self.subnet)101", "\(log)")
            #expect(
                try await eventually {
                    events.outputSoFar.contains("\(Self.subnet)100 by 52:54:00:00:01:01, without a lease")
                }, "\(events.outputSoFar)")
            // Somebody takes what another one has leased.
            try await squatter.sh("ip -6 address add \(Self.subnet)101/64 dev eth0 nodad")
            _ = try await squatter.pings(Self.gateway, from: "\(Self.subnet)101")
            #expect(
                try await eventually {
                    events.outputSoFar.contains(
                        "\(Self.subnet)101 by 52:54:00:00:01:01, which another guest has leased")
                }, "\(events.outputSoFar)")

            let free = try await site.guest("vm3", on: "br-auto", mac: "52:54:00:00:01:03")
            #expect(try await eventually { try await free.pings("fd15:4c2a:7b90:151::1") })
            let made = /slaac +52:54:00:00:01:03 +ipv6 +fd15:4c2a:7b90:151:[0-9a-f:]+\/64/
            let isShown = try await eventually { try await site.host.must("leases", "auto").output.contains(made) }
            #expect(isShown)
            events.signal(SIGINT)
            _ = await events.outcome()
        }
    }
}
