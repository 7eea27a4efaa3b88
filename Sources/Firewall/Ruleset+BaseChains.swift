extension Ruleset {
    /// A chain that all networks share, whose rules are the same whichever networks run.
    struct BaseChain {
        let name: String
        /// Where packets come in, as nft writes it; nil for a chain that others lead to.
        let hook: String?
        let rules: [String]

        /// Makes the chain where it is not there, and empties it where it is.
        var presence: String {
            let type = hook.map { " { type \($0); policy accept; }" } ?? ""
            return "add chain inet vnet \(name)\(type)\nflush chain inet vnet \(name)\n"
        }
        /// As nft lists it.
        var listing: String {
            let lines = (hook.map { ["type \($0); policy accept;"] } ?? []) + rules
            return "\tchain \(name) {\n" + lines.map { "\t\t\($0)\n" }.joined() + "\t}\n"
        }
        var content: String { rules.map { "add rule inet vnet \(name) \($0)\n" }.joined() }
    }

    static let baseChains = [
        BaseChain(
            name: "loopback", hook: "filter hook prerouting priority raw",
            rules: ["ip saddr 127.0.0.0/8 iifname @bridges drop", "ip daddr 127.0.0.0/8 iifname @bridges drop"]),
        BaseChain(
            name: "input", hook: "filter hook input priority filter", rules: ["iifname vmap @from_guests"]),
        BaseChain(
            name: "forward", hook: "filter hook forward priority filter",
            rules: [
                "iifname . oifname vmap @pairs", "oifname vmap @to_network", "iifname vmap @from_network",
            ]),
        BaseChain(name: "port_forwards", hook: nil, rules: forwardRules),
        BaseChain(
            name: "prerouting", hook: "nat hook prerouting priority dstnat",
            rules: ["iifname vmap @dns_redirect", "jump port_forwards"]),
        BaseChain(name: "output", hook: "nat hook output priority -100", rules: ["jump port_forwards"]),
        BaseChain(
            name: "postrouting", hook: "nat hook postrouting priority srcnat",
            rules: [
                "ct status dnat oifname vmap @forwarded_to", "ip saddr vmap @source_nat4",
                "ip6 saddr vmap @source_nat6",
            ]),
    ]
}
