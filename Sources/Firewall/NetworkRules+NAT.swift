internal import NetworkModel

// The source addresses that packets leave with, and where guests' queries for names go.

extension NetworkRules {
    var natParts: RuleParts {
        var parts = RuleParts()
        if policy == .nat, !subnets4.isEmpty {
            parts.chains.append(.init(name: "nat4-\(bridge)", rules: translating4))
            parts.elements += subnets4.map {
                .init(container: "source_nat4", key: $0.description, value: "jump nat4-\(bridge)")
            }
        }
        if policy == .nat, !subnets6.isEmpty, sourceNAT.translatesIPv6 {
            parts.chains.append(.init(name: "nat6-\(bridge)", rules: translating6))
            parts.elements += subnets6.map {
                .init(container: "source_nat6", key: $0.description, value: "jump nat6-\(bridge)")
            }
        }
        return parts
    }

    /// Only what leaves the network's own subnets and its neighbours', and no broadcast or local multicast (RFC 5771,
    /// section 4), is translated.
    ///
    /// One rule for each, which the first packet of a connection alone comes by: a set of them all would be read from the kernel
    /// by libnftables whenever any network's elements change, and so make each start the longer, the more networks run.
    private var translating4: [String] {
        let near = (subnets4 + neighbours.flatMap(\.subnets4)).map(\.description)
        let exempt = (["224.0.0.0/24", "255.255.255.255"] + near).map { "ip daddr \($0) return" }
        guard let addresses = sourceNAT.addresses else { return exempt + masquerading }
        return exempt + withPorts { "snat ip to \(addresses):\($0)" } + ["\(leavingBy)snat ip to \(addresses)"]
    }

    /// The same for IPv6, whose multicast of the link is ff02::/16 (RFC 4291, section 2.7).
    private var translating6: [String] {
        let near = (subnets6 + neighbours.flatMap(\.subnets6)).map(\.description)
        return (["ff02::/16"] + near).map { "ip6 daddr \($0) return" } + masquerading
    }

    private var masquerading: [String] {
        withPorts { "masquerade to :\($0)" } + ["\(leavingBy)masquerade"]
    }

    /// What is done to the protocols of which it says the ports too.
    private func withPorts(_ statement: (ClosedPair<UInt16>) -> String) -> [String] {
        ["tcp", "udp"].map { "\(leavingBy)meta l4proto \($0) \(statement(sourceNAT.ports))" }
    }

    var redirectParts: RuleParts {
        guard !redirects.isEmpty else { return RuleParts() }
        let rules = redirects.flatMap { redirect in
            ["udp", "tcp"].map { proto in
                "\(redirect.address.rulesetFamily.keyword) daddr \(redirect.address) \(proto) dport 53"
                    + " redirect to :\(redirect.port)"
            }
        }
        return RuleParts(
            chains: [.init(name: "redirect-\(bridge)", rules: rules)],
            elements: [.init(container: "dns_redirect", key: quoted, value: "jump redirect-\(bridge)")])
    }
}

extension IPAddress {
    var rulesetFamily: Ruleset.Family {
        switch self {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }
}
