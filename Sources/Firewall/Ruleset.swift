internal import NetworkModel

/// The text of vnet's tables, as `nft -f` reads it.
///
/// Base chains hold a constant number of rules. Each network has chains of its own, named after its bridge, which verdict
/// maps lead to; so a packet costs the same with one network and with a thousand, and a network comes and goes in one
/// atomic batch that names only what is its own. Names in the text are ``InterfaceName``s and addresses, which cannot end a
/// token.
public enum Ruleset {
    /// The tables, base chains and maps, for a kernel that has none of them yet.
    ///
    /// Order in `forward` is what keeps networks apart. First what stays on one bridge: where `bridge-nf-call-iptables` is
    /// on, such frames come here too. Then the destination's say, which can only refuse or pass on; the source's say comes
    /// last, so that a network's permission to go out never opens another.
    public static let base = """
        table inet vnet {
            comment "vnet: made and removed by the vnet daemon"
            set bridges { type ifname; }
            set same_bridge { type ifname . ifname; }
            map to_network { type ifname : verdict; }
            map from_network { type ifname : verdict; }
            map source_nat4 { type ipv4_addr : verdict; flags interval; }
            map source_nat6 { type ipv6_addr : verdict; flags interval; }
            map dns_redirect { type ifname : verdict; }
            chain forward {
                type filter hook forward priority filter; policy accept;
                iifname . oifname @same_bridge accept
                oifname vmap @to_network
                iifname vmap @from_network
            }
            chain prerouting {
                type nat hook prerouting priority dstnat; policy accept;
                iifname vmap @dns_redirect
            }
            chain postrouting {
                type nat hook postrouting priority srcnat; policy accept;
                ip saddr vmap @source_nat4
                ip6 saddr vmap @source_nat6
            }
        }
        table bridge vnet {
            comment "vnet: made and removed by the vnet daemon"
        }

        """

    /// Removes all that `base` and every network made.
    public static let removal = """
        delete table inet vnet
        delete table bridge vnet

        """
}

extension NetworkRules {
    /// Adds the network's chains and elements; where they are there already, they become what this value says.
    public var installation: String {
        let chains = chains.map { chain in
            "add chain inet vnet \(chain.name)\nflush chain inet vnet \(chain.name)\n"
                + chain.rules.map { "add rule inet vnet \(chain.name) \($0)\n" }.joined()
        }
        return chains.joined() + elements.map { "add element inet vnet \($0.map) { \($0.text) }\n" }.joined()
    }

    /// Removes the network's chains and elements, whichever of them are there.
    public var removal: String { Self.removal(of: elements, chains.map(\.name)) }

    /// Turns the rules of `old`, for the same bridge, into these in one batch, so that there is no moment without rules.
    public func replacement(of old: Self) -> String {
        let kept = Set(elements)
        let names = Set(chains.map(\.name))
        return installation
            + Self.removal(
                of: old.elements.filter { !kept.contains($0) }, old.chains.map(\.name).filter { !names.contains($0) })
    }

    /// A command that succeeds where the network's rules stand.
    public var presence: String { "get element inet vnet bridges { \(quoted) }" }

    /// Adding before deleting makes a deletion that cannot fail: adding what is there already changes nothing.
    private static func removal(of elements: [Element], _ chains: [String]) -> String {
        chains.map { "add chain inet vnet \($0)\n" }.joined()
            + elements.map { element in
                "add element inet vnet \(element.map) { \(element.text) }\n"
                    + "delete element inet vnet \(element.map) { \(element.key) }\n"
            }.joined()
            + chains.map { "flush chain inet vnet \($0)\ndelete chain inet vnet \($0)\n" }.joined()
    }

    // MARK: What the network has in the tables

    private struct Chain {
        let name: String
        let rules: [String]
    }

    private struct Element: Hashable {
        let map: String
        let key: String
        /// The chain that a map leads to; nil in a set.
        let chain: String?

        var text: String { chain.map { "\(key) : jump \($0)" } ?? key }
    }

    private var chains: [Chain] {
        var chains: [Chain] = []
        if policy != .open {
            chains += [Chain(name: toChain, rules: arriving), Chain(name: fromChain, rules: leaving)]
        }
        if hasNAT4 { chains.append(Chain(name: nat4Chain, rules: translating4)) }
        if hasNAT6 { chains.append(Chain(name: nat6Chain, rules: translating6)) }
        if !redirects.isEmpty { chains.append(Chain(name: redirectChain, rules: redirecting)) }
        return chains
    }

    private var elements: [Element] {
        var elements = [Element(map: "bridges", key: quoted, chain: nil)]
        if policy != .open {
            elements += [
                Element(map: "same_bridge", key: "\(quoted) . \(quoted)", chain: nil),
                Element(map: "to_network", key: quoted, chain: toChain),
                Element(map: "from_network", key: quoted, chain: fromChain),
            ]
        }
        if hasNAT4 {
            elements += subnets4.map { Element(map: "source_nat4", key: $0.description, chain: nat4Chain) }
        }
        if hasNAT6 {
            elements += subnets6.map { Element(map: "source_nat6", key: $0.description, chain: nat6Chain) }
        }
        if !redirects.isEmpty { elements.append(Element(map: "dns_redirect", key: quoted, chain: redirectChain)) }
        return elements
    }

    private var hasNAT4: Bool { policy == .nat && !subnets4.isEmpty }
    private var hasNAT6: Bool { policy == .nat && !subnets6.isEmpty && sourceNAT.translatesIPv6 }
    private var quoted: String { "\"\(bridge)\"" }
    private var toChain: String { "to-\(bridge)" }
    private var fromChain: String { "from-\(bridge)" }
    private var nat4Chain: String { "nat4-\(bridge)" }
    private var nat6Chain: String { "nat6-\(bridge)" }
    private var redirectChain: String { "redirect-\(bridge)" }

    /// What the network says of packets that want to come in from another interface: pass on, or refuse.
    private var arriving: [String] {
        let from = device.map { "iifname \"\($0)\" " } ?? ""
        let state = policy == .nat ? "ct state established,related " : ""
        let passing = policy == .isolated ? [] : destinations.map { "\(from)\(state)\($0) return" }
        return passing + ["reject"]
    }

    /// What it says of packets that want to go out.
    private var leaving: [String] {
        let passing = policy == .isolated ? [] : sources.map { "\(leavingBy)\($0) accept" }
        // Behind the host's address a guest would look like the host to a network that lets the host in.
        return (policy == .nat ? ["oifname @bridges reject"] : []) + passing + ["reject"]
    }

    private var destinations: [String] {
        subnets4.map { "ip daddr \($0)" } + subnets6.map { "ip6 daddr \($0)" }
    }
    private var sources: [String] {
        subnets4.map { "ip saddr \($0)" } + subnets6.map { "ip6 saddr \($0)" }
    }

    /// Only what leaves the network's own subnets, and no broadcast or local multicast (RFC 5771, section 4), is translated.
    private var translating4: [String] {
        let own = subnets4.map(\.description).joined(separator: ", ")
        let exempt = "ip daddr { 224.0.0.0/24, 255.255.255.255, \(own) } return"
        guard let addresses = sourceNAT.addresses else { return [exempt] + masquerading }
        return [
            exempt, "\(leavingBy)meta l4proto { tcp, udp } snat ip to \(addresses):\(sourceNAT.ports)",
            "\(leavingBy)snat ip to \(addresses)",
        ]
    }

    /// The same for IPv6, whose multicast of the link is ff02::/16 (RFC 4291, section 2.7).
    private var translating6: [String] {
        let own = subnets6.map(\.description).joined(separator: ", ")
        return ["ip6 daddr { ff02::/16, \(own) } return"] + masquerading
    }

    private var masquerading: [String] {
        ["\(leavingBy)meta l4proto { tcp, udp } masquerade to :\(sourceNAT.ports)", "\(leavingBy)masquerade"]
    }

    private var leavingBy: String { device.map { "oifname \"\($0)\" " } ?? "" }

    private var redirecting: [String] {
        redirects.flatMap { redirect in
            ["udp", "tcp"].map { proto in
                "\(redirect.address.keyword) daddr \(redirect.address) \(proto) dport 53 redirect to :\(redirect.port)"
            }
        }
    }
}

extension IPAddress {
    /// How nft calls the family's header.
    fileprivate var keyword: String {
        switch self {
        case .v4: "ip"
        case .v6: "ip6"
        }
    }
}
