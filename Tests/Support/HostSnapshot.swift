internal import Foundation

/// What a host is like as far as `vnet` could change it, as the text of the usual tools.
public struct HostSnapshot: Hashable, Sendable {
    /// Text by what it tells: `links`, `addresses`, `routes`, `rules`, `queues`, `sysctls`, `files`.
    public let sections: [String: String]

    public init(sections: [String: String]) { self.sections = sections }

    /// The lines that are in one of the two only, with where they are from: `links: - 3: virbr0: …`.
    public func changes(since before: Self) -> [String] {
        sections.keys.sorted().flatMap { section -> [String] in
            let old = Self.lines(before.sections[section])
            let new = Self.lines(sections[section])
            let gone = old.filter { !new.contains($0) }.map { "\(section): - \($0)" }
            return gone + new.filter { !old.contains($0) }.map { "\(section): + \($0)" }
        }
    }

    private static func lines(_ text: String?) -> [Substring] { (text ?? "").split(separator: "\n") }
}

extension Namespace {
    /// Looks at the kernel, and at the files below `root`: definitions and state, not logs, leases and what tells of a daemon.
    public func snapshot(root: String) async throws -> HostSnapshot {
        let scripts = [
            // Carrier and what follows from it come and go with guests.
            "links":
                "ip -o link show | sed -E 's/ (state|qdisc) [A-Z0-9a-z_]+//g; s/,?(NO-CARRIER|LOWER_UP)//g; s/<,/</'",
            "addresses": "ip -o address show | sed -E 's/ (tentative|dadfailed)//g; s/valid_lft.*//'",
            "routes": "{ ip -4 route show table all; ip -6 route show table all; } | sed -E 's/ linkdown//; s/ +$//'",
            "rules": "nft list ruleset",
            // What limits traffic, and nothing that the kernel gives a device by itself.
            "queues": """
            tc qdisc show | grep -E 'htb|ingress' | sed -E 's/direct_packets_stat [0-9]+//'
            for link in $(tc qdisc show | sed -nE 's/.*(htb|ingress) .*dev ([^ ]+) .*/\\2/p' | sort -u); do
                tc class show dev $link
                tc filter show dev $link ingress | grep mirred
            done
            """,
            "sysctls": """
            sysctl -a -r '^net\\.ipv4\\.ip_forward$|^net\\.ipv[46]\\.conf\\.' 2>/dev/null \
                | grep -Ev 'stable_secret|mc_forwarding' | sort
            """,
            "files": """
            find '\(root)/etc' '\(root)/run' -type f ! -name 'daemon.*' ! -name responder.lock ! -name autostarted -exec sha256sum {} + 2>/dev/null | sort -k 2
            find '\(root)/etc' '\(root)/run' -type l -printf '%p -> %l\\n' 2>/dev/null | sort
            """,
        ]
        var sections: [String: String] = [:]
        for (section, script) in scripts {
            sections[section] = try await run("sh", "-c", script).output
        }
        return HostSnapshot(sections: sections)
    }
}
