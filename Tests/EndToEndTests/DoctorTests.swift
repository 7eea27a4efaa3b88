internal import Foundation
internal import TestSupport
internal import Testing

/// What keeps a network's packets from their way, found and undone, with packets that show it.
@Suite(.requiresRoot)
struct DoctorTests {
    /// As the doctor's JSON has it.
    private struct Finding: Decodable {
        struct Place: Decodable {
            var family: String
            var table: String
            var chain: String
            var handle: UInt64?
            var rule: String
        }

        var network: String?
        var severity: String
        var what: String
        var `where`: Place?
        var remedy: [String]
        var fixable: Bool
        var fixed: Bool

        /// `ip filter FORWARD`.
        var place: String { `where`.map { "\($0.family) \($0.table) \($0.chain)" } ?? "" }
    }

    /// What the doctor says; its exit code must go with it.
    private func findings(
        _ site: Site, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [Finding] {
        let outcome = try await site.host.namespace.run(
            ["env", "VNET_ROOT=\(site.host.root)", VNetHost.binary, "doctor", "--json"] + words)
        let found = try JSONDecoder().decode([Finding].self, from: Data(outcome.output.utf8))
        let bad = found.filter { $0.severity != "notice" }
        #expect(outcome.code == (bad.contains { !$0.fixed } ? 1 : 0), "\(outcome)", sourceLocation: sourceLocation)
        return bad
    }

    private func guest(_ site: Site, _ name: String = "vm1", _ number: Int = 201) async throws -> Namespace {
        try await site.guest(name, on: "br-lab", addresses: ["192.168.150.\(number)/24": "192.168.150.1"])
    }

    // MARK: Firewalls

    /// What somebody's firewall does, and what it takes from guests.
    struct Firewall: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Puts it into the kernel.
        var script: String
        /// Where packets end, in the doctor's order.
        var places: [String]
        /// The last rule of each, or policy.
        var rules: [String]
        /// How each remedy begins.
        var remedies: [String]
        /// Whether names are out of reach too.
        var takesNames: Bool
        /// How a rule of vnet's shows that the firewall's own tool still reads its table; nil for nft.
        var witness: (command: [String], line: String)?
    }

    static let firewalls = [
        Firewall(
            testDescription: "Docker", script: docker, places: ["ip filter FORWARD"], rules: ["policy drop"],
            remedies: ["iptables -I DOCKER-USER -i br-lab -o up0 -j ACCEPT"], takesNames: false,
            witness: (["iptables-save"], "-A DOCKER-USER -i br-lab -o up0 -m comment --comment \"vnet:")),
        Firewall(
            testDescription: "nftables.service", script: service,
            places: ["inet filter forward", "inet filter input"], rules: ["policy drop", "policy drop"],
            remedies: ["nft 'add rule inet filter forward iifname", "nft 'add rule inet filter input iifname"],
            takesNames: true),
        Firewall(
            testDescription: "ufw", script: ufw, places: ["ip filter FORWARD", "ip filter INPUT"],
            rules: ["policy drop", "policy drop"],
            remedies: ["ufw route allow in on br-lab out on up0", "ufw allow in on br-lab to any port 53 proto udp"],
            takesNames: true,
            witness: (["iptables-save"], "-A INPUT -i br-lab -p udp -m udp --dport 53 -m comment --comment \"vnet:")),
        Firewall(
            testDescription: "a rule behind jumps, maps and sets", script: maze,
            places: ["inet maze leave", "inet maze refuse"], rules: ["drop", "reject with icmpx admin-prohibited"],
            remedies: ["nft 'insert rule inet maze leave handle", "nft 'insert rule inet maze refuse handle"],
            takesNames: true),
    ]

    /// The rules of Docker's daemon for its default bridge, as iptables-nft puts them into the kernel.
    private static let docker = """
        iptables -P FORWARD DROP
        for chain in DOCKER DOCKER-ISOLATION-STAGE-1 DOCKER-ISOLATION-STAGE-2 DOCKER-USER; do iptables -N $chain; done
        iptables -A FORWARD -j DOCKER-USER
        iptables -A FORWARD -j DOCKER-ISOLATION-STAGE-1
        iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -o docker0 -j DOCKER
        iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
        iptables -A FORWARD -i docker0 -o docker0 -j ACCEPT
        iptables -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
        iptables -A DOCKER-ISOLATION-STAGE-1 -j RETURN
        iptables -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
        iptables -A DOCKER-ISOLATION-STAGE-2 -j RETURN
        iptables -A DOCKER-USER -j RETURN
        iptables -t nat -N DOCKER
        iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
        iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
        """

    /// A host that lets in what it serves and forwards nothing.
    private static let service = """
        nft -f - <<END
        table inet filter {
            chain input {
                type filter hook input priority filter; policy drop;
                iif lo accept
                ct state vmap { established : accept, related : accept, invalid : drop }
                icmp type echo-request accept
                tcp dport { 22, 80 } accept
            }
            chain forward { type filter hook forward priority filter; policy drop; }
            chain output { type filter hook output priority filter; policy accept; }
        }
        END
        """

    /// The chains of ufw with its defaults, deny incoming and deny routed, as iptables-nft puts them into the kernel.
    private static let ufw = """
        for hook in input forward output; do
            upper=$(echo $hook | tr a-z A-Z)
            for kind in before-logging before after after-logging reject track; do
                iptables -N ufw-$kind-$hook
                iptables -A $upper -j ufw-$kind-$hook
            done
            iptables -N ufw-user-$hook
            iptables -N ufw-skip-to-policy-$hook
        done
        for chain in ufw-logging-deny ufw-not-local; do iptables -N $chain; done
        iptables -A ufw-skip-to-policy-input -j DROP
        iptables -A ufw-logging-deny -m conntrack --ctstate INVALID -m limit --limit 3/min --limit-burst 10 -j RETURN
        iptables -A ufw-before-input -i lo -j ACCEPT
        iptables -A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny
        iptables -A ufw-before-input -m conntrack --ctstate INVALID -j DROP
        iptables -A ufw-before-input -p icmp --icmp-type 8 -j ACCEPT
        iptables -A ufw-before-input -p udp --sport 67 --dport 68 -j ACCEPT
        iptables -A ufw-before-input -j ufw-not-local
        iptables -A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
        iptables -A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
        iptables -A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
        iptables -A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny
        iptables -A ufw-not-local -j DROP
        iptables -A ufw-before-input -d 224.0.0.251 -p udp --dport 5353 -j ACCEPT
        iptables -A ufw-before-input -j ufw-user-input
        iptables -A ufw-user-input -p tcp --dport 22 -j ACCEPT
        iptables -A ufw-after-input -p udp --dport 137 -j ufw-skip-to-policy-input
        iptables -A ufw-after-input -p udp --dport 67 -j ufw-skip-to-policy-input
        iptables -A ufw-after-input -m addrtype --dst-type BROADCAST -j ufw-skip-to-policy-input
        iptables -A ufw-after-logging-input -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny
        iptables -A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A ufw-before-forward -p icmp --icmp-type 8 -j ACCEPT
        iptables -A ufw-before-forward -j ufw-user-forward
        iptables -A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -P INPUT DROP
        iptables -P FORWARD DROP
        """

    /// Rules that must be understood to be believed: what is in the way is the last of many that are not.
    private static let maze = """
        nft -f - <<END
        table inet maze {
            set inner { type ifname; elements = { "eth7", "br-other", "br-third", "br-fourth", "br-fifth", "br-sixth" } }
            set own { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.150.0/24 } }
            map ways { type ifname : verdict; elements = { "br-other" : accept, "up0" : jump come } }
            chain forward {
                type filter hook forward priority -10; policy accept;
                iifname @inner drop
                oifname "docker*" drop
                meta mark 0x7 drop
                ct state invalid drop
                limit rate over 1000000/second drop
                iifname vmap @ways
                meta nfproto ipv4 tcp dport { 25, 137-139 } drop comment "accept"
                oifname { "up1", "up2" } drop
                ip saddr @own goto leave
            }
            chain come { ct state new drop; }
            chain leave {
                ip daddr 10.0.0.0/8 accept
                meta l4proto udp return
                log prefix "accept " drop
            }
            chain input {
                type filter hook input priority 10; policy accept;
                iifname != "lo" ip saddr @own jump refuse
            }
            chain refuse {
                tcp dport 22 accept
                icmp type echo-request accept
                reject with icmpx admin-prohibited
            }
        }
        END
        """

    /// Whether a guest gets out, and is told names.
    private struct Reach: Hashable {
        var out: Bool
        var names: Bool
    }

    private func reach(_ guest: Namespace) async throws -> Reach {
        async let answers = guest.ask([.tcp(Site.outsideAddress, 80)])
        async let names = guest.run("dig", "+tries=1", "+time=2", "@192.168.150.1", "-x", "192.168.150.1")
        return try await Reach(out: answers == ["\(Site.hostAddress) 80"], names: names.isSuccess)
    }

    /// The rules in the kernel besides vnet's.
    private func foreignRules(_ host: Namespace) async throws -> String {
        try await host.sh(
            """
            nft list tables | grep -v ' vnet$' | while read line; do nft -s list $line 2>/dev/null; done
            """
        ).output
    }

    @Test(arguments: firewalls)
    func `a firewall that drops is named, lets the network pass, and is as it was after the stop`(
        firewall: Firewall
    ) async throws {
        try requireTools("iptables", "nft", "dig", "python3")
        try await withSite { site in
            let host = site.host.namespace
            try await site.outside.answer(on: [80])
            try await site.host.run(network("lab"))
            let guest = try await guest(site)
            #expect(try await reach(guest) == Reach(out: true, names: true))
            #expect(try await site.host.must("doctor", "lab").text == "Nothing is in the way of network lab")

            try await host.sh(firewall.script)
            let rules = try await foreignRules(host)
            let cut = Reach(out: false, names: !firewall.takesNames)
            #expect(try await reach(guest) == cut)
            let found = try await findings(site, "lab")
            #expect(found.map(\.place) == firewall.places)
            #expect(zip(found, firewall.rules).allSatisfy { $0.where?.rule.hasSuffix($1) == true }, "\(found)")
            #expect(zip(found, firewall.remedies).allSatisfy { $0.remedy.first?.hasPrefix($1) == true }, "\(found)")
            #expect(found.allSatisfy { $0.network == "lab" && $0.severity == "error" && $0.fixable && !$0.fixed })
            let text = try await site.host.vnet("doctor")
            #expect(text.code == 1)
            for finding in found { #expect(text.output.contains(finding.what), "\(text)") }

            // By hand, as it is printed, where the tool is there.
            let commands = found.flatMap(\.remedy)
            if !commands.contains(where: { $0.hasPrefix("ufw ") }) {
                try await host.sh(commands.joined(separator: "\n"))
                #expect(try await reach(guest) == Reach(out: true, names: true))
                #expect(try await findings(site).isEmpty)
                for line in try await host.run("nft", "list", "tables").lines where !line.hasSuffix(" vnet") {
                    try await host.sh("nft delete \(line)")
                }
                try await host.sh(firewall.script)
                #expect(try await reach(guest) == cut)
            }

            let fixed = try await findings(site, "lab", "--fix")
            #expect(fixed.map(\.place) == firewall.places)
            #expect(!fixed.contains { !$0.fixed }, "\(fixed)")
            #expect(try await reach(guest) == Reach(out: true, names: true))
            #expect(try await findings(site).isEmpty)
            #expect(try await findings(site, "--fix").isEmpty)
            if let witness = firewall.witness {
                let saved = try await host.run(witness.command).orThrow().output
                #expect(saved.contains(witness.line), "\(saved)")
            }

            // A daemon that is killed has written down what it did.
            let daemon = try await site.host.processes().daemon
            kill(daemon, SIGKILL)
            #expect(try await eventually { try await !host.processes().contains(daemon) })
            #expect(try await findings(site).isEmpty)
            try await site.host.must("stop", "lab")
            #expect(try await foreignRules(host) == rules)
            try await host.sh("nft flush ruleset")
        }
    }

    @Test func `a rule that names the network stays, and its removal is what is advised`() async throws {
        try requireTools("nft", "python3")
        try await withSite { site in
            let host = site.host.namespace
            try await site.host.run(network("lab"))
            let guest = try await guest(site)
            try await host.sh(
                """
                nft add table inet mine
                nft add chain inet mine forward '{ type filter hook forward priority 0; }'
                nft add rule inet mine forward iifname br-lab ip daddr 198.41.0.0/16 drop
                nft add rule inet mine forward iifname br-lab drop
                """)
            #expect(try await !guest.pings(Site.outsideAddress))
            let found = try await findings(site, "--fix")
            #expect(Set(found.map(\.place)) == ["inet mine forward"])
            #expect(!found.contains { $0.fixable || $0.fixed })
            // One rule is in the way after the other.
            for _ in 0..<2 {
                let left = try await findings(site)
                try await host.sh(try #require(left.first?.remedy.first))
            }
            #expect(try await guest.pings(Site.outsideAddress))
            #expect(try await findings(site).isEmpty)
            try await host.sh("nft delete table inet mine")
        }
    }

    @Test func `neighbour discovery that the host's firewall drops is found`() async throws {
        try requireTools("nft", "python3")
        try await withSite { site in
            let host = site.host.namespace
            let gateway = "fd15:4c2a:7b90:150::1"
            try await host.sh(Self.service)
            try await host.sh("nft add rule inet filter input iifname up0 meta l4proto ipv6-icmp accept")
            try await site.host.run(network("lab", ipv6: gateway))
            let guest = try await site.guest(
                "vm1", on: "br-lab", addresses: ["fd15:4c2a:7b90:150::201/64": gateway])
            #expect(try await !guest.pings(Site.outsideAddress6))
            let found = try await findings(site, "--fix")
            #expect(found.map(\.place) == ["inet filter forward", "inet filter input"])
            #expect(found.last?.what.contains("neighbour discovery") == true)
            // The guest has just given up looking for its gateway, and may say so once more.
            #expect(try await eventually { try await guest.pings(Site.outsideAddress6) })
            #expect(try await findings(site).isEmpty)
            try await site.host.must("stop", "lab")
            try await host.sh("nft flush ruleset")
        }
    }

    @Test func `frames between guests that a firewall drops are found`() async throws {
        try requireTools("iptables", "python3")
        try await withSite { site in
            let host = site.host.namespace
            let toggle = "/proc/sys/net/bridge/bridge-nf-call-iptables"
            guard try await host.run("test", "-w", toggle).isSuccess else {
                try Test.cancel("this kernel has no br_netfilter")
            }
            try await site.host.run(network("lab"))
            let (first, _) = try await (guest(site), guest(site, "vm2", 202))
            try await host.sh("iptables -P FORWARD DROP; echo 0 > \(toggle)")
            #expect(try await first.pings("192.168.150.202"))
            #expect(try await findings(site).first?.what.contains("each other") == false)
            try await host.sh("echo 1 > \(toggle)")
            #expect(try await !first.pings("192.168.150.202"))
            let found = try await findings(site, "--fix")
            #expect(found.map(\.place) == ["ip filter FORWARD"])
            #expect(found.first?.what.contains("what guests send each other") == true)
            #expect(found.first?.what.contains("bridge-nf-call-iptables") == true)
            #expect(try await first.pings("192.168.150.202"))
            try await site.host.must("stop", "lab")
            let left = try await host.run("iptables", "-S", "FORWARD").orThrow().lines
            #expect(left == ["-P FORWARD DROP"])
            try await host.sh("iptables -P FORWARD ACCEPT; nft flush ruleset")
        }
    }

    @Test func `firewalld's zone is named, and both of its remedies work`() async throws {
        try requireTools("firewalld", "firewall-cmd", "dbus-daemon", "nft", "dig", "python3")
        try await withSite { site in
            let host = site.host.namespace
            // A bus and a configuration of its own, in a mount namespace that later commands enter.
            let script = """
                mount -t tmpfs none /run
                mkdir -p /run/dbus
                dbus-daemon --system --nopidfile --nofork & echo $! > \(site.lab.folder)/bus.pid
                for round in $(seq 100); do [ -S /run/dbus/system_bus_socket ] && break; sleep 0.05; done
                firewalld --nofork --nopid --log-file=\(site.lab.folder)/firewalld.log & echo $! > \(site.lab.folder)/firewalld.pid
                wait
                """
            let program = try host.start(["unshare", "-m", "--propagation", "private", "sh", "-c", script])
            func command(_ words: String) async throws -> Outcome {
                try await host.run(
                    "sh", "-c", "exec nsenter -m -t $(cat \(site.lab.folder)/bus.pid) \(words)")
            }
            let runs = try await eventually(within: .seconds(20)) {
                try await command("firewall-cmd --state").isSuccess
            }
            try #require(runs, "\(program.errorsSoFar)")

            try await site.outside.answer(on: [80])
            try await site.host.run(network("lab"))
            let guest = try await guest(site)
            #expect(try await reach(guest) == Reach(out: false, names: false))
            let found = try await findings(site)
            #expect(
                found.map(\.place) == ["inet firewalld filter_FWD_public", "inet firewalld filter_IN_public"],
                "\(found)")
            let remedy = "firewall-cmd --zone=trusted --add-interface=br-lab"
            #expect(found.map(\.remedy) == [[remedy], [remedy]])
            try await command(remedy).orThrow()
            #expect(try await reach(guest) == Reach(out: true, names: true))
            #expect(try await findings(site).isEmpty)
            try await command("firewall-cmd --zone=trusted --remove-interface=br-lab").orThrow()
            #expect(try await reach(guest) == Reach(out: false, names: false))
            #expect(try await !findings(site, "--fix").isEmpty)
            #expect(try await reach(guest) == Reach(out: true, names: true))
            // What it loads anew has nothing of vnet's in it; that is put there again, also by a daemon that starts later.
            try await command("firewall-cmd --reload").orThrow()
            #expect(try await eventually { try await reach(guest) == Reach(out: true, names: true) })
            try await site.host.endDaemon()
            try await command("firewall-cmd --reload").orThrow()
            #expect(try await reach(guest) == Reach(out: false, names: false))
            #expect(try await findings(site).isEmpty)
            #expect(try await reach(guest) == Reach(out: true, names: true))
            try await site.host.must("stop", "lab")
            #expect(try await !foreignRules(host).contains("vnet:"))
            // It takes its table along when it ends, for which it needs the bus.
            try await host.sh(
                """
                pid=$(cat \(site.lab.folder)/firewalld.pid)
                kill $pid
                while kill -0 $pid 2>/dev/null; do sleep 0.05; done
                kill $(cat \(site.lab.folder)/bus.pid)
                """)
            _ = await program.outcome()
        }
    }

    // MARK: Routes and settings

    /// A host that only a default route leads to, behind the outside.
    private static let faraway = "192.0.2.9"

    @Test(arguments: ["br-lab", "up0"])
    func `forwarding that is off for one interface is found, and switched on until the stop`(
        interface: String
    ) async throws {
        try await withSite { site in
            let host = site.host.namespace
            try await site.host.run(network("lab"))
            let guest = try await guest(site)
            let setting = "net.ipv4.conf.\(interface).forwarding"
            try await host.sh("sysctl -qw \(setting)=0")
            #expect(try await !guest.pings(Site.outsideAddress))
            let found = try await findings(site)
            #expect(found.map(\.remedy) == [["sysctl -w \(setting)=1"]], "\(found)")
            try await host.sh(try #require(found.first?.remedy.first))
            #expect(try await guest.pings(Site.outsideAddress))
            try await host.sh("sysctl -qw \(setting)=0")
            let fixed = try await findings(site, "--fix")
            #expect(fixed.map(\.fixed) == [true])
            #expect(try await guest.pings(Site.outsideAddress))
            #expect(try await findings(site).isEmpty)
            // The next daemon knows of it.
            try await site.host.endDaemon()
            try await site.host.must("stop", "lab")
            if interface == "up0" { #expect(try await host.run("sysctl", "-n", setting).text == "0") }
        }
    }

    @Test func `forwarding that somebody keeps switching off is found`() async throws {
        try await withSite { site in
            let host = site.host.namespace
            try await site.host.run(network("lab"))
            let other = try host.start(
                "sh", "-c", "while :; do echo 0 > /proc/sys/net/ipv4/ip_forward; sleep 0.002; done")
            let isFound = try await eventually {
                try await findings(site).contains { finding in
                    finding.what.contains("net.ipv4.ip_forward to 0")
                        && finding.remedy == ["sysctl -w net.ipv4.ip_forward=1"]
                }
            }
            #expect(isFound)
            other.signal(SIGKILL)
            _ = await other.outcome()
            let guest = try await guest(site)
            #expect(try await eventually { try await guest.pings(Site.outsideAddress) })
            #expect(try await findings(site).isEmpty)
        }
    }

    @Test func `a strict filter of sources that drops answers is found, and is loose until the stop`() async throws {
        try await withSite { site in
            let host = site.host.namespace
            try await site.host.run(network("lab"))
            let guest = try await guest(site)
            // Guests go out by another uplink than the host itself, for the mark that somebody gives their packets.
            try await site.outside2.sh("ip address add \(Self.faraway)/32 dev lo")
            try await host.sh(
                """
                ip route add default via 198.51.100.2 dev up1 table 100
                ip rule add fwmark 1 table 100
                nft add table ip marks
                nft add chain ip marks prerouting '{ type filter hook prerouting priority mangle; }'
                nft add rule ip marks prerouting iifname br-lab meta mark set 1
                """)
            #expect(try await guest.pings(Self.faraway))
            #expect(try await findings(site).isEmpty)
            try await host.sh("sysctl -qw net.ipv4.conf.up1.rp_filter=1")
            #expect(try await findings(site).isEmpty)
            #expect(try await !guest.pings(Self.faraway))
            let found = try await findings(site)
            #expect(found.map(\.remedy) == [["sysctl -w net.ipv4.conf.up1.rp_filter=2"]], "\(found)")
            #expect(found.first?.what.contains("rp_filter is strict on 'up1'") == true)
            try await host.sh(try #require(found.first?.remedy.first))
            #expect(try await guest.pings(Self.faraway))
            #expect(try await findings(site).isEmpty)
            try await host.sh("sysctl -qw net.ipv4.conf.up1.rp_filter=1")
            #expect(try await findings(site, "--fix").map(\.fixed) == [true])
            #expect(try await guest.pings(Self.faraway))
            try await site.host.must("stop", "lab")
            #expect(try await host.run("sysctl", "-n", "net.ipv4.conf.up1.rp_filter").text == "1")
            try await host.sh(
                """
                sysctl -qw net.ipv4.conf.up1.rp_filter=0
                ip rule del fwmark 1 table 100
                ip route flush table 100
                nft delete table ip marks
                """)
        }
    }

    @Test func `a host without a default route is found`() async throws {
        try await withSite { site in
            let host = site.host.namespace
            try await site.host.run(network("lab"))
            let guest = try await guest(site)
            try await site.outside.sh("ip address add \(Self.faraway)/32 dev lo")
            #expect(try await guest.pings(Self.faraway))
            try await host.sh("ip route del default")
            #expect(try await !guest.pings(Self.faraway))
            let found = try await findings(site, "--fix")
            #expect(found.map(\.remedy) == [["ip route add default via GATEWAY"]], "\(found)")
            try await host.sh(try #require(found.first?.remedy.first).replacing("GATEWAY", with: Site.outsideAddress))
            #expect(try await guest.pings(Self.faraway))
            #expect(try await findings(site).isEmpty)
            // An isolated network needs none.
            try await host.sh("ip route del default")
            try await site.host.run(network("alone", mode: nil, subnet: "192.168.151"))
            #expect(try await findings(site, "alone").isEmpty)
            try await host.sh("ip route add default via \(Site.outsideAddress)")
        }
    }

    /// Fills the kernel's table of connections with ones that it takes for established, or empties it: ctnetlink's messages
    /// (linux/netfilter/nfnetlink_conntrack.h).
    private static let connections = """
        import socket, struct, sys
        link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        def attribute(kind, content): return struct.pack("=HH", 4 + len(content), kind) + content + bytes(-len(content) % 4)
        def message(kind, flags, content):
            return struct.pack("=IHHII", 20 + len(content), 0x100 | kind, flags, 0, 0) + bytes([2, 0, 0, 0]) + content
        if sys.argv[1] == "flush":
            link.send(message(2, 1, b""))
        else:
            def tuple_(kind, source, target, ports):
                addresses = attribute(0x8001, attribute(1, source) + attribute(2, target))
                return attribute(kind, addresses + attribute(0x8002, attribute(1, bytes([17])) + attribute(2, ports[:2]) + attribute(3, ports[2:])))
            ends = attribute(3, struct.pack(">I", 0xE)) + attribute(7, struct.pack(">I", 600))
            batch = []
            target = bytes([10, 255, 0, 1])
            for number in range(int(sys.argv[1])):
                source = struct.pack(">I", 0x0A000000 | number >> 8)
                ports = struct.pack(">HH", 1000 + (number & 255), 53)
                content = tuple_(0x8001, source, target, ports) + tuple_(0x8002, target, source, ports[2:] + ports[:2]) + ends
                batch.append(message(0, 0x601, content))
                if len(batch) == 200:
                    link.send(b"".join(batch))
                    batch = []
            if batch: link.send(b"".join(batch))
        """

    /// What the table may hold is the same for all namespaces, and only the machine's own can raise it: so that it is emptied
    /// is what shows that nothing else was in the way.
    @Test func `a full table of connections is found`() async throws {
        try requireTools("python3")
        try await withSite { site in
            let host = site.host.namespace
            try await site.host.run(network("lab"))
            let guest = try await guest(site)
            let most = try #require(Int(try await host.run("sysctl", "-n", "net.netfilter.nf_conntrack_max").text))
            guard most <= 300_000 else { try Test.cancel("too many connections to be made: \(most)") }
            #expect(try await guest.pings(Site.outsideAddress))
            let script = try await site.lab.script("connections.py", Self.connections)
            try await host.run(["python3", script, "\(most + 100)"]).orThrow()
            #expect(try await !guest.pings(Site.outsideAddress))
            let found = try await findings(site, "--fix")
            #expect(found.map(\.fixed) == [false] && found.first?.network == nil, "\(found)")
            #expect(found.first?.what.hasPrefix("the table of connections is full") == true, "\(found)")
            #expect(found.first?.remedy == ["sysctl -w net.netfilter.nf_conntrack_max=\(most * 2)"])
            try await host.run("python3", script, "flush").orThrow()
            #expect(try await guest.pings(Site.outsideAddress))
            #expect(try await findings(site).isEmpty)
        }
    }

    // MARK: The rest

    @Test func `leftovers, another DHCP server and networks that do not run are found`() async throws {
        try requireTools("dnsmasq")
        try await withSite { site in
            let host = site.host.namespace
            try await site.host.run(network("lab"))
            try await site.host.must("define", "-", input: network("idle", subnet: "192.168.151"))
            #expect(try await findings(site).isEmpty)
            let idle = try await findings(site, "idle")
            #expect(idle.map(\.remedy) == [["vnet start idle"]])
            #expect(try await site.host.vnet("doctor", "none").errors.contains("there is no network 'none'"))

            let mark = "vnet:55555555-5555-4555-8555-555555555555"
            try await host.sh("ip link add stray type bridge; ip link set stray alias \(mark)")
            let stray = try await findings(site)
            #expect(stray.map(\.remedy) == [["ip link delete stray"]])
            try await host.sh(try #require(stray.first?.remedy.first))

            let other = try host.start(
                "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=br-lab",
                "--bind-interfaces", "--dhcp-range=192.168.150.50,192.168.150.60",
                "--dhcp-leasefile=\(site.lab.folder)/other.leases", "--pid-file=\(site.lab.folder)/other.pid")
            let isFound = try await eventually {
                try await site.host.must("doctor", "lab").output.contains("notice: network lab: dnsmasq (process")
            }
            #expect(isFound, "\(other.errorsSoFar)")
            other.signal(SIGTERM)
            _ = await other.outcome()
            #expect(try await findings(site).isEmpty)

            // What cannot be looked into is said, and is no reason to fail.
            guard try await host.run("sh", "-c", "iptables-legacy -P FORWARD ACCEPT").isSuccess else { return }
            let notice = try await site.host.must("doctor").output
            #expect(notice.hasPrefix("Nothing is in the way of any network\n"), "\(notice)")
            #expect(notice.contains("notice: iptables-legacy has tables in the kernel (filter)"), "\(notice)")
        }
    }
}
