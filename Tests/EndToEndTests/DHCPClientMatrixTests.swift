internal import Foundation
internal import TestSupport
internal import Testing

/// Clients of other makes through a lease's whole life: new, renewed, rebound, after a reboot, given back.
@Suite(.requiresRoot)
struct DHCPClientMatrixTests {
    private static let gateway6 = "fd15:4c2a:7b90:150::1"
    private static let mac = "52:54:00:15:00:31"
    private static let domain = "<domain name='lab.test' localOnly='yes'/>"

    /// Both families, leases of two minutes, and prefixes for networks behind guests.
    private func document(_ elements: String = "", hasAddresses: Bool = true) -> String {
        let lease = "<lease expiry='2'/>"
        let range6 = "<range start='fd15:4c2a:7b90:150::100' end='fd15:4c2a:7b90:150::1ff'>\(lease)</range>"
        return network("lab", mode: "route", extra: extensions(elements) + Self.domain)
            .replacing("end='192.168.150.199'/>", with: "end='192.168.150.199'>\(lease)</range>")
            .replacing(
                "\n</network>",
                with: "<ip family='ipv6' address='\(Self.gateway6)' prefix='64'>"
                    + "\(hasAddresses ? "<dhcp>\(range6)</dhcp>" : "")</ip>\n</network>")
    }

    /// When the leases of the MAC address end, by their addresses.
    private func expiries(_ site: Site, _ mac: String = mac) async throws -> [String: Int64] {
        let leases = try await site.host.leases("lab").filter { $0.mac == mac }
        return Dictionary(leases.map { ("\($0.address)/\($0.prefixLength)", $0.expiry ?? 0) }) { $1 }
    }

    /// Waits until each of these leases ends later than it did.
    private func expectRenewed(
        _ site: Site, since before: [String: Int64], mac: String = mac, within time: Duration = .seconds(30),
        _ location: SourceLocation = #_sourceLocation, log: @autoclosure () -> String
    ) async throws {
        let isRenewed = try await eventually(within: time) {
            let now = try await expiries(site, mac)
            return before.allSatisfy { address, expiry in now[address].map { $0 > expiry } ?? false }
        }
        let now = try await expiries(site, mac)
        #expect(isRenewed && !before.isEmpty, "\(before) \(now)\n\(log())", sourceLocation: location)
    }

    /// dhcpcd with folders of its own, which last as long as the lab.
    private func dhcpcd(_ guest: Namespace, _ lines: String) async throws -> RunningProgram {
        let folder = "\(guest.lab.folder)/dhcpcd"
        let configuration = try guest.lab.file(
            "dhcpcd.conf",
            """
            duid
            hostname guest
            allowinterfaces eth0
            option routers, domain_name, domain_name_servers, dhcp6_name_servers
            \(lines)

            """)
        let hook = try await guest.lab.script(
            "dhcpcd-hook.sh",
            "#!/bin/sh\nenv >'\(guest.lab.folder)/dhcpcd-'$reason.new\n"
                + "mv '\(guest.lab.folder)/dhcpcd-'$reason.new '\(guest.lab.folder)/dhcpcd-'$reason.env\n")
        return try guest.start(
            "unshare", "-m", "--propagation", "private", "sh", "-ec",
            """
            mkdir -p '\(folder)' /var/lib/dhcpcd
            mount -t tmpfs none /run
            mkdir /run/dhcpcd
            mount --bind '\(folder)' /var/lib/dhcpcd
            exec dhcpcd -f '\(configuration)' -c '\(hook)' -B -d eth0
            """)
    }

    /// Speaks to a dhcpcd that runs.
    private func tell(_ program: RunningProgram, _ guest: Namespace, _ word: String) async throws {
        try await guest.run("nsenter", "-m", "-t", "\(program.pid)", "dhcpcd", word, "eth0").orThrow()
    }

    @Test func `dhcpcd, both families, and a network behind it`() async throws {
        try requireTools("dhcpcd", "unshare", "nsenter", "ping")
        try await withSite { site in
            try await site.host.run(
                document("<vnet:delegation prefix='fd15:4c2a:8000::/48' length='56' expiry='10'/>"))
            let guest = try await site.guest("vm1", on: "br-lab", mac: Self.mac)
            let behind = try await site.lab.namespace("behind")
            try await guest.connect("eth1", to: behind, "eth0")
            let lines = "noarp\ninterface eth0\n ipv6rs\n ia_na 1\n ia_pd 2 eth1/0"
            var program = try await dhcpcd(guest, lines)
            func bound() async throws -> Bool {
                try await eventually { try await expiries(site).count == 3 }
            }
            try #require(try await bound(), "\(program.errorsSoFar)")
            let first = try await expiries(site)
            let addresses = first.keys.sorted()
            #expect(addresses.contains { $0.hasPrefix("192.168.150.1") }, "\(addresses)")
            #expect(addresses.contains { $0.hasPrefix("fd15:4c2a:7b90:150::1") }, "\(addresses)")
            let prefix = try #require(addresses.first { $0.hasPrefix("fd15:4c2a:8000:") && $0.hasSuffix("/56") })

            // What it was told.
            let isTold = try await eventually {
                ["BOUND", "BOUND6"].allSatisfy {
                    ClientLease(environmentFile: "\(site.lab.folder)/dhcpcd-\($0).env") != nil
                }
            }
            try #require(isTold, "\(program.errorsSoFar)")
            let told = ClientLease(environmentFile: "\(site.lab.folder)/dhcpcd-BOUND.env")
            #expect(told?["new_routers"] == "192.168.150.1" && told?["new_domain_name"] == "lab.test", "\(told as Any)")
            let told6 = ClientLease(environmentFile: "\(site.lab.folder)/dhcpcd-BOUND6.env")
            #expect(told6?["new_dhcp6_name_servers"] == Self.gateway6, "\(told6 as Any)")

            // The network behind it is reached, from the host and through it, and nothing else of the block is.
            let far = prefix.replacing("::/56", with: "::9")
            try await guest.sh("sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.eth0.accept_ra=2")
            try await behind.sh(
                """
                sysctl -qw net.ipv6.conf.eth0.accept_ra=0
                ip address add \(far)/64 dev eth0 nodad
                ip -6 route add default via \(prefix.replacing("::/56", with: "::1"))
                """)
            try await site.outside.sh("ip -6 route replace fd15:4c2a:8000::/48 via \(Site.hostAddress6)")
            let route = try await site.host.namespace.run("ip", "-6", "route", "show", "dev", "br-lab", "proto", "dhcp")
            let own = try await guest.run("ip", "-6", "-o", "address", "show", "dev", "eth0", "scope", "link").output
            let near = try #require(own.firstMatch(of: /inet6 (fe80::[0-9a-f:]+)/)).1
            #expect(route.text.hasPrefix("\(prefix) via \(near) "), "\(route)")
            let isReached = try await eventually { try await site.outside.pings(far) }
            #expect(isReached)
            #expect(try await behind.pings(Site.outsideAddress6))
            // Who takes the route away, sees it again.
            try await site.host.namespace.sh("ip -6 route del \(prefix) dev br-lab")
            let isBack = try await eventually {
                try await site.host.namespace.run("ip", "-6", "route", "show", prefix).text != ""
            }
            #expect(isBack)
            // It outlives the daemon, and both of them.
            try await site.host.endDaemon()
            #expect(try await expiries(site).count == 3)
            let isStill = try await eventually { try await site.outside.pings(far) }
            #expect(isStill)

            for word in ["-N", "-n"] {
                let before = try await expiries(site)
                try await Task.sleep(for: .seconds(1.1))
                try await tell(program, guest, word)
                try await expectRenewed(site, since: before, log: program.errorsSoFar)
            }
            // After a reboot it asks for what it had.
            program.signal(SIGTERM)
            _ = await program.outcome()
            program = try await dhcpcd(guest, lines)
            let isBound = try await eventually {
                let log = program.errorsSoFar
                return log.contains("leased 192.168.150.") && log.contains("REPLY6 received")
            }
            #expect(isBound, "\(program.errorsSoFar)")
            #expect(try await expiries(site).keys.sorted() == addresses)
            try await tell(program, guest, "-k")
            let isReleased = try await eventually { try await expiries(site).isEmpty }
            #expect(isReleased, "\(program.errorsSoFar)")
            let isGone = try await eventually {
                try await site.host.namespace.run("ip", "-6", "route", "show", "dev", "br-lab", "proto", "dhcp").text
                    == ""
            }
            #expect(isGone)
            _ = await program.outcome()
        }
    }

    @Test func `a port that is guarded sends from its prefix, and from no other's`() async throws {
        try requireTools("dhcpcd", "unshare", "python3", "ping")
        try await withSite { site in
            try await site.host.run(
                document(
                    "<vnet:antiSpoof>yes</vnet:antiSpoof><vnet:delegation prefix='fd15:4c2a:8000::/48'/>",
                    hasAddresses: false))
            let port = try await site.attach("lab", "--name", "vm1", "--mac", Self.mac)
            let guest = try await site.guest("vm1", at: port, address: "192.168.150.250/24")
            let program = try await dhcpcd(guest, "noipv4\ninterface eth0\n ipv6rs\n ia_pd 2 -")
            let isBound = try await eventually { try await expiries(site).count == 1 }
            try #require(isBound, "\(program.errorsSoFar)")
            let prefix = try #require(try await expiries(site).keys.first)
            try #require(prefix.hasSuffix("::/64"))
            let (own, foreign) = (prefix.replacing("::/64", with: "::7"), "fd15:4c2a:8000:ffff::7")
            try await site.outside.sh("ip -6 route replace fd15:4c2a:8000::/48 via \(Site.hostAddress6)")
            try await guest.sh(
                """
                ip address add \(own)/128 dev lo
                ip address add \(foreign)/128 dev lo
                """)
            let isHeard = try await eventually { try await guest.pings(Site.outsideAddress6, from: own) }
            #expect(isHeard, "\(program.errorsSoFar)")
            try await site.host.namespace.sh("ip -6 route add \(foreign) via fe80::5054:ff:fe15:31 dev br-lab")
            #expect(try await !guest.pings(Site.outsideAddress6, from: foreign))
            try await site.host.namespace.sh("ip -6 route del \(foreign)")
            program.signal(SIGTERM)
            _ = await program.outcome()
        }
    }

    /// systemd's client, with its own folders and without a bus or udev, to which a /sys that is read-only tells it.
    private func networkd(_ guest: Namespace) async throws -> RunningProgram {
        try guest.start(
            "unshare", "-m", "--propagation", "private", "sh", "-ec",
            """
            mkdir -p '\(guest.lab.folder)/networkd-\(guest.role)'
            mount -t tmpfs none /run
            mkdir -p /run/systemd/network /run/systemd/netif
            mount --bind '\(guest.lab.folder)/networkd-\(guest.role)' /run/systemd/netif
            mkdir -p /run/systemd/netif/leases /run/systemd/netif/links
            chown -R systemd-network:systemd-network /run/systemd/netif
            mount -t tmpfs none /etc/systemd/network
            mount -o remount,ro /sys
            cat >/run/systemd/network/eth0.network <<'END'
            [Match]
            Name=eth0
            [Network]
            DHCP=yes
            IPv6AcceptRA=yes
            [DHCPv4]
            ClientIdentifier=mac
            UseDomains=yes
            END
            SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console exec /lib/systemd/systemd-networkd
            """)
    }

    /// The clients that keep their leases by clocks of their own, each in a guest.
    private struct Trio {
        static let macs = (4...9).map { "52:54:00:15:00:4\($0)" }
        let systemd, isc, busybox: Namespace
        let macs: [String]
        var networkd, udhcpc: RunningProgram
    }

    /// Starts three guests' clients and waits until all have their leases: of both families, but busybox's.
    private func trio(_ site: Site, from first: Int) async throws -> Trio {
        let macs = Array(Trio.macs[first..<first + 3])
        var guests: [Namespace] = []
        for (number, mac) in macs.enumerated() {
            guests.append(try await site.guest("vm\(first + number)", on: "br-lab", mac: mac))
        }
        let networkd = try await networkd(guests[0])
        _ = try await guests[1].dhclient()
        _ = try await guests[1].dhclient6()
        // It renews from the address that it has, which its script is to give it.
        let script = try await site.lab.script(
            "udhcpc-address.sh",
            """
            #!/bin/sh
            case "$1" in
                deconfig) ip address flush dev "$interface" scope global ;;
                bound | renew) ip address replace "$ip/$mask" dev "$interface" ;;
            esac

            """)
        let udhcpc = try guests[2].start("udhcpc", "-i", "eth0", "-f", "-s", script)
        let isBound = try await eventually {
            var counts: [Int] = []
            for mac in macs { counts.append(try await expiries(site, mac).count) }
            return counts == [2, 2, 1]
        }
        try #require(isBound, "\(networkd.errorsSoFar)\n\(udhcpc.errorsSoFar)")
        return Trio(
            systemd: guests[0], isc: guests[1], busybox: guests[2], macs: macs, networkd: networkd, udhcpc: udhcpc)
    }

    /// Each of them by its own clock, side by side; those of `lost` have no answer to what only the server is asked.
    @Test func `systemd-networkd, ISC's client and busybox's renew and rebind in time, and keep their leases`()
        async throws
    {
        try requireTools("dhclient", "udhcpc", "unshare")
        try await withSite { site in
            try await site.host.run(document())
            var heard = try await trio(site, from: 0)
            let lost = try await trio(site, from: 3)
            let networkd = "'\(site.lab.folder)'/networkd"
            // It has its addresses, its router, and the name servers of both families.
            let isConfigured = try await eventually {
                let addresses = try await heard.systemd.run(
                    "ip", "-o", "address", "show", "dev", "eth0", "scope", "global")
                let text = try await site.lab.sh("cat \(networkd)-vm0/links/*").output
                return addresses.output.contains("inet 192.168.150.1")
                    && addresses.output.contains("inet6 fd15:4c2a:7b90:150::1")
                    && text.contains("DNS=192.168.150.1 \(Self.gateway6)") && text.contains("DOMAINS=lab.test\n")
            }
            let state = try await site.lab.sh("cat \(networkd)-vm0/links/*").output
            #expect(isConfigured, "\(state)\n\(heard.networkd.errorsSoFar)")

            // A RENEW, type 5 (RFC 8415, section 7.3), is sent to everyone and names its server.
            for guest in [lost.systemd, lost.isc, lost.busybox] {
                try await guest.sh(
                    """
                    nft -f - <<'END'
                    table netdev lost {
                        chain renewals {
                            type filter hook egress device "eth0" priority 0
                            ip daddr 192.168.150.1 udp dport 67 counter drop
                            udp dport 547 @th,64,8 5 counter drop
                        }
                    }
                    END
                    """)
            }
            var before: [String: [String: Int64]] = [:]
            for mac in Trio.macs { before[mac] = try await expiries(site, mac) }
            // T1 is after 60 s, T2 after 105 s, with DHCPv6 after 96 s.
            for mac in heard.macs + lost.macs {
                try await expectRenewed(
                    site, since: before[mac] ?? [:], mac: mac, within: .seconds(120),
                    log: "\(mac): \(heard.networkd.errorsSoFar)\n\(lost.networkd.errorsSoFar)")
            }
            for (guest, families) in [(lost.systemd, 2), (lost.isc, 2), (lost.busybox, 1)] {
                let rules = try await guest.run("nft", "list", "table", "netdev", "lost").output
                #expect(rules.matches(of: #/packets [1-9]/#).count == families, "\(guest.role): \(rules)")
            }
            for mac in Trio.macs {
                let (now, first) = (try await expiries(site, mac), before[mac] ?? [:])
                #expect(now.keys.sorted() == first.keys.sorted())
            }

            // Busybox's renews by a signal too, and after a reboot asks for what it had.
            let mac = heard.macs[2]
            let earlier = try await expiries(site, mac)
            try await Task.sleep(for: .seconds(1.1))
            heard.udhcpc.signal(SIGUSR1)
            try await expectRenewed(site, since: earlier, mac: mac, log: heard.udhcpc.errorsSoFar)
            heard.udhcpc.signal(SIGTERM)
            _ = await heard.udhcpc.outcome()

            // After a reboot each gets what it had, and what is given back is free.
            let addresses = try await expiries(site, heard.macs[0]).keys.sorted()
            heard.networkd.signal(SIGKILL)
            _ = await heard.networkd.outcome()
            heard.networkd = try await self.networkd(heard.systemd)
            let isBack = try await eventually {
                let log = heard.networkd.errorsSoFar
                return log.contains("DHCPv4 address 192.168.150.") && log.contains("DHCPv6 address fd15:4c2a:7b90:150:")
            }
            #expect(isBack, "\(heard.networkd.errorsSoFar)")
            #expect(try await expiries(site, heard.macs[0]).keys.sorted() == addresses)
            for program in [heard.networkd, lost.networkd] {
                program.signal(SIGTERM)
                _ = await program.outcome()
            }
            let isReleased = try await eventually { try await expiries(site, heard.macs[0]).count < 2 }
            #expect(isReleased, "\(heard.networkd.errorsSoFar)")
            for family in ["-4", "-6"] {
                let files = "\(site.lab.folder)/dhclient\(family == "-6" ? "6" : "")-\(heard.isc.role)"
                try await heard.isc.run(
                    "dhclient", family, "-r", "-v", "-lf", "\(files).leases", "-pf", "\(files).pid", "eth0"
                ).orThrow()
            }
            let isEmpty = try await eventually { try await expiries(site, heard.macs[1]).isEmpty }
            #expect(isEmpty)
        }
    }

    /// Kea's load generator, which counts what it misses: as a relay agent of IPv4, as clients of IPv6.
    @Test func `perfdhcp loses nothing, and its renewals and releases are taken`() async throws {
        try requireTools("perfdhcp")
        try await withSite { site in
            try await site.host.run(document("<vnet:delegation prefix='fd15:4c2a:8000::/48'/>"))
            let relay = try await site.guest("relay", on: "br-lab", addresses: ["192.168.150.250/24": "192.168.150.1"])
            // At the end it waits for what is still on its way, in microseconds.
            for words in [
                [
                    "-4", "-r", "200", "-R", "60", "-n", "600", "-f", "5", "-F", "5", "-l", "192.168.150.250",
                    "192.168.150.1",
                ],
                [
                    "-6", "-e", "address-and-prefix", "-r", "200", "-R", "60", "-n", "600", "-f", "5", "-F", "5", "-l",
                    "eth0",
                ],
            ] {
                let outcome = try await relay.run(["perfdhcp", "-W", "2000000"] + words)
                // A release of IPv4 has no answer, which is a drop to it.
                let exchanges = outcome.output.split(separator: "***Statistics for: ").dropFirst()
                    .filter { !$0.hasPrefix("RELEASE*") }
                #expect(exchanges.count >= 1 && exchanges.allSatisfy { $0.contains("drops: 0\n") }, "\(outcome)")
            }
            #expect(try await !site.host.leases("lab").isEmpty)
        }
    }
}
