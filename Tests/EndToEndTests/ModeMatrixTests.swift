internal import TestSupport
internal import Testing

/// The table of the four modes: who reaches whom by TCP, UDP and ICMP, IPv4 and IPv6, and under which address.
@Suite(.requiresRoot)
struct ModeMatrixTests {
    /// What becomes of a packet.
    private enum Fate {
        /// It arrives, from the address of the interface it was sent on.
        case own
        /// It arrives, from the host's address on the outside network; by IPv6 from its own, as nobody asks for NAT66.
        case masqueraded
        /// It is refused at once: nobody waits for a timeout.
        case refused
    }

    private struct Row: Sendable {
        var from: String
        var to: String
        var fate: Fate
        init(_ from: String, _ to: String, _ fate: Fate) { (self.from, self.to, self.fate) = (from, to, fate) }
    }

    /// `isolated`, `nat`, `route` and `open` stand for a guest of such a network, `same` for another one of the same.
    private static let table: [Row] = [
        // Guests of one network reach each other in every mode.
        .init("isolated", "same", .own),
        .init("nat", "same", .own),
        .init("route", "same", .own),
        .init("open", "same", .own),

        // Out of an isolated network nothing goes.
        .init("isolated", "outside", .refused),
        // NAT hides guests behind the host's address.
        .init("nat", "outside", .masqueraded),
        // A routed network's guests show their own, and an open one's too, as no rule says otherwise.
        .init("route", "outside", .own),
        .init("open", "outside", .own),

        // Into an isolated network nothing comes; into a NAT network only what was asked for.
        .init("outside", "isolated", .refused),
        .init("outside", "nat", .refused),
        .init("outside", "route", .own),
        .init("outside", "open", .own),

        // Networks of vnet's own: an isolated and a NAT network are for themselves.
        .init("isolated", "nat", .refused),
        .init("isolated", "route", .refused),
        .init("isolated", "open", .refused),
        .init("nat", "isolated", .refused),
        .init("nat", "route", .refused),
        .init("nat", "open", .refused),
        // A routed network's guests may go where the other network lets them in.
        .init("route", "isolated", .refused),
        .init("route", "nat", .refused),
        .init("route", "open", .own),
        // An open network brings no rules, but the others' hold.
        .init("open", "isolated", .refused),
        .init("open", "nat", .refused),
        .init("open", "route", .own),

        // The host's services are for its own policy, which here lets all in: at the gateway's address,
        .init("isolated", "gateway", .own),
        .init("nat", "gateway", .own),
        .init("route", "gateway", .own),
        .init("open", "gateway", .own),
        // and at its outer one, which no forwarding leads to.
        .init("isolated", "host", .own),
        .init("nat", "host", .own),
        .init("route", "host", .own),
        .init("open", "host", .own),

        // The host reaches all guests.
        .init("host", "isolated", .own),
        .init("host", "nat", .own),
        .init("host", "route", .own),
        .init("host", "open", .own),
    ]

    private static let modes = ["isolated", "nat", "route", "open"]
    private static func subnet(_ mode: String) -> String? {
        modes.firstIndex(of: mode).map { "192.168.\(151 + $0)" }
    }
    private static func prefix(_ mode: String) -> String? {
        modes.firstIndex(of: mode).map { "fd15:4c2a:7b90:\(151 + $0)" }
    }

    /// Four networks with two guests each, and all answer.
    private func build(_ site: Site) async throws -> [String: Namespace] {
        var places = ["host": site.host.namespace, "outside": site.outside]
        for mode in Self.modes {
            let subnet = try #require(Self.subnet(mode))
            let prefix = try #require(Self.prefix(mode))
            try await site.host.run(
                network(mode, mode: mode == "isolated" ? nil : mode, subnet: subnet, ipv6: "\(prefix)::1"))
            for (name, number) in [(mode, 201), ("\(mode)2", 202)] {
                places[name] = try await site.guest(
                    name, on: "br-\(mode)",
                    addresses: ["\(subnet).\(number)/24": "\(subnet).1", "\(prefix)::\(number)/64": "\(prefix)::1"])
            }
        }
        // The kernel tells one guest of six refusals, and then of one a second.
        try await site.host.namespace.sh("sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0")
        try await withThrowingTaskGroup { group in
            for place in places.values { group.addTask { try await place.answer(on: [80]) } }
            try await group.waitForAll()
        }
        return places
    }

    /// The addresses of both ends, by family: the source's own one on the way, and the target's.
    private static func ends(of row: Row, ipv6: Bool) -> (own: String, target: String) {
        func address(_ mode: String, _ number: Int) -> String {
            ipv6 ? "\(prefix(mode) ?? "?")::\(number)" : "\(subnet(mode) ?? "?").\(number)"
        }
        let outside = ipv6 ? Site.outsideAddress6 : Site.outsideAddress
        let target =
            switch row.to {
            case "same": address(row.from, 202)
            case "gateway": address(row.from, 1)
            case "host": ipv6 ? Site.hostAddress6 : Site.hostAddress
            case "outside": outside
            default: address(row.to, 201)
            }
        let own =
            switch row.from {
            case "host": address(row.to, 1)
            case "outside": outside
            default: address(row.from, 201)
            }
        return (own, target)
    }

    private typealias Entry = (from: String, question: Question, answer: String)

    /// A row by each protocol.
    private static func questions(of row: Row, ipv6: Bool) -> [Entry] {
        let (own, target) = ends(of: row, ipv6: ipv6)
        let seen = row.fate == .masqueraded && !ipv6 ? Site.hostAddress : own
        let answer = row.fate == .refused ? "refused" : "\(seen) 80"
        return [
            (row.from, .tcp(target, 80), answer), (row.from, .udp(target, 80), answer),
            (row.from, .icmp(target), row.fate == .refused ? "refused" : "echo"),
        ]
    }

    private static let questions = table.flatMap { questions(of: $0, ipv6: false) + questions(of: $0, ipv6: true) }

    @Test func `each mode lets through what it is for, and refuses the rest at once`() async throws {
        try requireTools("python3")
        try await withSite { site in
            let places = try await build(site)
            // Outside servers are found by guests' own addresses: the way back goes through the host.
            try await expect(Self.questions, among: places, "as it is")
            // Docker, Kubernetes and others make a bridge's frames walk the inet tables.
            let toggle = "/proc/sys/net/bridge/bridge-nf-call-iptables"
            guard try await site.host.namespace.run("test", "-w", toggle).isSuccess else { return }
            try await site.host.namespace.sh(
                "echo 1 > \(toggle); echo 1 > \(toggle.replacing("iptables", with: "ip6tables"))")
            try await expect(Self.questions, among: places, "with bridge-nf-call-iptables")
            try await site.host.namespace.sh(
                "echo 0 > \(toggle); echo 0 > \(toggle.replacing("iptables", with: "ip6tables"))")
        }
    }

    @Test func `a guest does not get out with an address that is not of its network`() async throws {
        try requireTools("socat", "ss")
        try await withSite { site in
            try await site.outside.serveMirror()
            for (mode, subnet) in [("nat", "192.168.151"), ("route", "192.168.152")] {
                try await site.host.run(network(mode, mode: mode, subnet: subnet))
                let guest = try await site.guest(mode, on: "br-\(mode)", addresses: ["\(subnet).201/24": "\(subnet).1"])
                try await guest.sh("ip address add 10.99.0.5/32 dev eth0")
                try await site.host.namespace.sh("ip route add 10.99.0.5 dev br-\(mode)")
                #expect(try await guest.probe(Site.outsideAddress, from: "\(subnet).201").isReached)
                #expect(try await guest.probe(Site.outsideAddress, from: "10.99.0.5") == .refused, "\(mode)")
                try await site.host.namespace.sh("ip route del 10.99.0.5 dev br-\(mode)")
            }
        }
    }
}
