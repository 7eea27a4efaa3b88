public import NetworkModel

extension NetworkRules {
    /// Another network that runs and that this one has to do with: guests of the one may open connections to the other.
    public struct Neighbour: Hashable, Sendable, Codable {
        public var bridge: InterfaceName
        public var subnets4: [IPv4Subnet]
        public var subnets6: [IPv6Subnet]
        /// What guests of this network may open there, empty for everything; nil where they may only answer.
        public var allowed: [Peer.Allowance]?

        public init(
            bridge: InterfaceName, subnets4: [IPv4Subnet], subnets6: [IPv6Subnet], allowed: [Peer.Allowance]?
        ) {
            self.bridge = bridge
            self.subnets4 = subnets4
            self.subnets6 = subnets6
            self.allowed = allowed
        }
    }

    /// Packets from here to there; those that come back are the neighbour's.
    var neighbourParts: RuleParts {
        neighbours.reduce(RuleParts()) { parts, neighbour in
            let chain = "\(bridge)-to-\(neighbour.bridge)"
            return parts
                + RuleParts(
                    chains: [
                        .init(
                            name: chain, rules: limiting + ["ct state established,related accept"] + opening(neighbour))
                    ],
                    elements: [
                        .init(
                            container: "pairs", key: "\(quoted) . \"\(neighbour.bridge)\"", value: "jump \(chain)")
                    ])
        }
    }

    private func opening(_ neighbour: Neighbour) -> [String] {
        guard let allowed = neighbour.allowed else { return [] }
        let ways =
            subnets4.flatMap { own in neighbour.subnets4.map { (own.description, $0.description, Ruleset.Family.ipv4) }
            }
            + subnets6.flatMap { own in neighbour.subnets6.map { (own.description, $0.description, .ipv6) } }
        return ways.flatMap { own, other, family in
            let way = "\(family.keyword) saddr \(own) \(family.keyword) daddr \(other)"
            return allowed.isEmpty ? ["\(way) accept"] : allowed.map { "\(way) \($0.match(family)) accept" }
        }
    }
}

extension Peer.Allowance {
    fileprivate func match(_ family: Ruleset.Family) -> String {
        switch (kind, ports) {
        case (.icmp, _): "meta l4proto \(family == .ipv4 ? "icmp" : "ipv6-icmp")"
        case (_, nil): "meta l4proto \(kind.rawValue)"
        case (_, let ports?):
            "\(kind.rawValue) dport "
                + (ports.count == 1 ? "\(ports.lowerBound)" : "\(ports.lowerBound)-\(ports.upperBound)")
        }
    }
}
