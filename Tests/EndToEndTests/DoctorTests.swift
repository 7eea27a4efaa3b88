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
        #expect(outcome.code == (found.allSatisfy(\.fixed) ? 0 : 1), "\(outcome)", sourceLocation: sourceLocation)
        return found
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
}
