internal import NetworkModel

extension NetworkRules {
    /// One chain, so that what goes to the host and what goes through it share the limit.
    var sendingLimitParts: RuleParts {
        guard let sendingLimit else { return RuleParts() }
        let (rate, burst) = (sendingLimit.rate, sendingLimit.burst)
        var parts = RuleParts(chains: [
            .init(
                name: "limit-\(bridge)",
                rules: ["limit rate over \(rate * 1_000) bytes/second burst \(burst * 1_000) bytes drop"])
        ])
        // Where other rules are to be asked, they begin with this.
        if policy == .open {
            parts.elements += [
                .init(container: "pairs", key: "\(quoted) . \(quoted)", value: "accept"),
                .init(container: "from_network", key: quoted, value: "jump limit-\(bridge)"),
            ]
        }
        if hostAccess == .all {
            parts.elements.append(.init(container: "from_guests", key: quoted, value: "jump limit-\(bridge)"))
        }
        return parts
    }

    /// The first rule of chains that guests' packets go through; none where they are not limited.
    var limiting: [String] { sendingLimit == nil ? [] : ["jump limit-\(bridge)"] }
}
