internal import TestSupport
internal import Testing

/// The table of the four modes: who reaches whom over TCP, and under which address.
@Suite(.requiresRoot)
struct ModeMatrixTests {
    /// What becomes of a connection.
    private enum Fate: Hashable, CustomStringConvertible {
        /// It arrives, from the address of the interface it was sent on.
        case own
        /// It arrives, from the host's address on the outside network.
        case masqueraded
        /// It is refused at once: nobody waits for a timeout.
        case refused
        case other(String)

        var description: String {
            switch self {
            case .own: "own"
            case .masqueraded: "masqueraded"
            case .refused: "refused"
            case .other(let text): text
            }
        }
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

    /// Four networks with two guests each, and mirrors everywhere.
    private func build(_ site: Site) async throws -> [String: Namespace] {
        var places = ["host": site.host.namespace, "outside": site.outside]
        for mode in Self.modes {
            let subnet = try #require(Self.subnet(mode))
            try await site.host.run(network(mode, mode: mode == "isolated" ? nil : mode, subnet: subnet))
            for (name, number) in [(mode, 201), ("\(mode)2", 202)] {
                places[name] = try await site.guest(
                    name, on: "br-\(mode)", addresses: ["\(subnet).\(number)/24": "\(subnet).1"])
            }
        }
        try await withThrowingTaskGroup { group in
            for place in places.values { group.addTask { try await place.serveMirror() } }
            try await group.waitForAll()
        }
        return places
    }

    private static func fate(of row: Row, in places: [String: Namespace]) async throws -> Fate {
        guard let source = places[row.from] else { throw ProgramError("no place \(row.from)") }
        let target: String
        let own: String
        switch row.to {
        case "same": target = "\(subnet(row.from) ?? "?").202"
        case "gateway": target = "\(subnet(row.from) ?? "?").1"
        case "host": target = Site.hostAddress
        case "outside": target = Site.outsideAddress
        default: target = "\(subnet(row.to) ?? "?").201"
        }
        switch row.from {
        case "host": own = "\(subnet(row.to) ?? "?").1"
        case "outside": own = Site.outsideAddress
        default: own = "\(subnet(row.from) ?? "?").201"
        }
        return switch try await source.probe(target) {
        case .reached(own): .own
        case .reached(Site.hostAddress): .masqueraded
        case .refused: .refused
        case let other: .other(other.description)
        }
    }

    private func expectTable(_ places: [String: Namespace], _ comment: Comment) async throws {
        let fates = try await withThrowingTaskGroup(of: (Int, Fate).self) { group in
            for (index, row) in Self.table.enumerated() {
                group.addTask { (index, try await Self.fate(of: row, in: places)) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for (index, row) in Self.table.enumerated() {
            #expect(fates[index] == row.fate, "\(row.from) to \(row.to), \(comment)")
        }
    }

    @Test func `each mode lets through what it is for, and refuses the rest at once`() async throws {
        try requireTools("socat", "ss")
        try await withSite { site in
            let places = try await build(site)
            // Outside servers are found by guests' own addresses: the way back goes through the host.
            try await expectTable(places, "as it is")
            // Docker, Kubernetes and others make a bridge's frames walk the inet tables.
            let toggle = "/proc/sys/net/bridge/bridge-nf-call-iptables"
            guard try await site.host.namespace.run("test", "-w", toggle).isSuccess else { return }
            try await site.host.namespace.sh("echo 1 > \(toggle)")
            try await expectTable(places, "with bridge-nf-call-iptables")
            try await site.host.namespace.sh("echo 0 > \(toggle)")
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
