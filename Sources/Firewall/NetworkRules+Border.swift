internal import NetworkModel

// What may cross the bridge's border.

extension NetworkRules {
    var borderParts: RuleParts {
        var parts = RuleParts(elements: [.init(container: "bridges", key: quoted)])
        guard policy != .open else { return parts }
        parts.chains = [
            .init(name: "to-\(bridge)", rules: arriving), .init(name: "from-\(bridge)", rules: leaving),
        ]
        parts.elements += [
            .init(container: "pairs", key: "\(quoted) . \(quoted)", value: "accept"),
            .init(container: "to_network", key: quoted, value: "jump to-\(bridge)"),
            .init(container: "from_network", key: quoted, value: "jump from-\(bridge)"),
        ]
        return parts
    }

    /// What the network says of packets that want to come in from another interface: pass on, or refuse.
    private var arriving: [String] {
        let from = device.map { "iifname \"\($0)\" " } ?? ""
        let state = policy == .nat ? "ct state established,related " : ""
        let forwarded = hasOpenForwards ? destinations.map { "ct status dnat \($0) return" } : []
        let passing = policy == .isolated ? [] : destinations.map { "\(from)\(state)\($0) return" }
        return forwarded + passing + ["reject"]
    }

    /// What it says of packets that want to go out.
    private var leaving: [String] {
        // Whoever was let in by a port forward is answered, wherever that leads.
        let answering = hasOpenForwards ? ["ct direction reply ct status dnat accept"] : []
        let passing = policy == .isolated ? [] : sources.map { "\(leavingBy)\($0) accept" }
        // Behind the host's address a guest would look like the host to a network that lets the host in.
        return limiting + answering + (policy == .nat ? ["oifname @bridges reject"] : []) + passing + ["reject"]
    }

    /// Whether packets from elsewhere than the host itself may come in by a port forward.
    private var hasOpenForwards: Bool { policy != .isolated && !forwards.isEmpty }

    var destinations: [String] { subnets4.map { "ip daddr \($0)" } + subnets6.map { "ip6 daddr \($0)" } }
    var sources: [String] { subnets4.map { "ip saddr \($0)" } + subnets6.map { "ip6 saddr \($0)" } }
    var leavingBy: String { device.map { "oifname \"\($0)\" " } ?? "" }
}
