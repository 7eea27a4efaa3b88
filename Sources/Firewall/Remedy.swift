internal import NetworkModel

/// Rules that let a network's packets pass where another table drops them, and where they go.
///
/// They only hand the packets on: what the network may do is for its own chains to say, which see every packet too.
public struct Remedy: Hashable, Sendable {
    public enum Place: Hashable, Sendable {
        case first, last
        /// Before the rule with this handle.
        case before(UInt64)
    }

    public var table: KernelRuleset.TableName
    public var chain: String
    public var place: Place
    /// What the packets are known by, each a rule's.
    public var conditions: [String]

    /// The commands for nft, with a mark by which the rules are found again.
    public func commands(mark: String?) -> [String] {
        let comment = mark.map { " comment \"\($0)\"" } ?? ""
        // What is put before something else, or first, comes to stand there in reverse.
        let ordered = place == .last ? conditions : conditions.reversed()
        return ordered.map { condition in
            let rule = "\(condition) counter accept\(comment)"
            return switch place {
            case .first: "insert rule \(table) \(chain) \(rule)"
            case .last: "add rule \(table) \(chain) \(rule)"
            case .before(let handle): "insert rule \(table) \(chain) handle \(handle) \(rule)"
            }
        }
    }
}

/// An obstacle with all packets of a network that it is one for.
public struct Blockade: Hashable, Sendable {
    public var obstacle: KernelRuleset.Obstacle
    public var packets: [SamplePacket]

    /// Whether somebody meant this network: the rule, or one that leads to it, names its bridge or a subnet of its.
    public var isDeliberate: Bool {
        let rules = obstacle.path + (obstacle.rule.map { [$0] } ?? [])
        return rules.contains { rule in packets.contains { rule.names($0) } }
    }
}

extension KernelRuleset {
    /// What drops any of the packets, in the order of the tables.
    public func blockades(of packets: [SamplePacket]) -> [Blockade] {
        var found: [Blockade] = []
        for packet in packets {
            for obstacle in obstacles(to: packet) {
                let index = found.firstIndex {
                    let other = $0.obstacle
                    return other.table == obstacle.table && other.baseChain == obstacle.baseChain
                        && other.chain == obstacle.chain && other.rule?.handle == obstacle.rule?.handle
                        && other.isCertain == obstacle.isCertain
                }
                if let index {
                    found[index].packets.append(packet)
                } else {
                    found.append(Blockade(obstacle: obstacle, packets: [packet]))
                }
            }
        }
        return found
    }

    /// What lets the packets pass; nil where a rule of one's own is no answer.
    public func remedy(for blockade: Blockade) -> Remedy? {
        let obstacle = blockade.obstacle
        var conditions: [String] = []
        for packet in blockade.packets {
            guard let condition = packet.condition(at: obstacle.hook) else { return nil }
            if !conditions.contains(condition) { conditions.append(condition) }
        }
        let table = tables.first { $0.name == obstacle.table }
        // Docker keeps a chain for rules of its users, and never touches it.
        let isDockers = table?.chain(obstacle.baseChain)?.rules.contains {
            $0.text.hasSuffix("jump \(Self.dockerUser)")
        }
        if isDockers == true {
            return Remedy(table: obstacle.table, chain: Self.dockerUser, place: .first, conditions: conditions)
        }
        // What ufw loads anew is its own chains: in front of them the rule stays.
        if obstacle.rule != nil, isUFW(table), let first = obstacle.path.first {
            return Remedy(
                table: obstacle.table, chain: obstacle.baseChain, place: .before(first.handle), conditions: conditions)
        }
        return Remedy(
            table: obstacle.table, chain: obstacle.chain, place: obstacle.rule.map { .before($0.handle) } ?? .last,
            conditions: conditions)
    }

    /// A command that removes each rule with the mark.
    public func removal(ofMarked mark: String) -> String {
        tables.flatMap { table in
            table.chains.flatMap { chain in
                chain.rules.filter { $0.text.hasSuffix("comment \"\(mark)\"") }.map {
                    "delete rule \(table.name) \(chain.name) handle \($0.handle)\n"
                }
            }
        }.joined()
    }

    private static let dockerUser = "DOCKER-USER"

    private func isUFW(_ table: Table?) -> Bool {
        table?.chains.contains { $0.name.hasPrefix("ufw-") || $0.name.hasPrefix("ufw6-") } == true
    }
}

extension KernelRuleset.Rule {
    /// Whether it says the packet's bridge or its subnet by name.
    fileprivate func names(_ packet: SamplePacket) -> Bool {
        terms.contains { term in
            guard case .match(let selectors, false, .written(let elements)) = term, selectors.count == 1 else {
                return false
            }
            return elements.contains { element in
                switch selectors[0] {
                case .input, .output: element.key == [packet.bridge.description]
                case .source, .destination: element.key == [packet.subnet?.description]
                default: false
                }
            }
        }
    }
}

extension SamplePacket {
    /// What a rule at the hook knows packets of this kind by; nil where it cannot tell them from others.
    func condition(at hook: String) -> String? {
        switch hook {
        case "forward":
            guard case .named(let input) = input, case .named(let output) = output else { return nil }
            return "iifname \"\(input)\" oifname \"\(output)\""
        case "input": return "iifname \"\(bridge)\" \(service)"
        case "output": return "oifname \"\(bridge)\" \(service)"
        default: return nil
        }
    }

    private var service: String {
        if let icmpType { return "\(family == .ipv4 ? "icmp" : "icmpv6") type \(icmpType)" }
        if purpose == .replies, let sourcePort { return "\(transport) sport \(sourcePort)" }
        return "\(transport) dport \(destinationPort ?? 0)"
    }
}

// MARK: Words for a person

extension KernelRuleset {
    /// What a person types to have the packets pass, in the language of whoever made the table.
    public func advice(for blockade: Blockade) -> [String] {
        let obstacle = blockade.obstacle
        let deletion = obstacle.rule.map { ["nft delete rule \(obstacle.table) \(obstacle.chain) handle \($0.handle)"] }
        guard !blockade.isDeliberate, let remedy = remedy(for: blockade) else { return deletion ?? [] }
        // What comes from a zone to another is for a policy of firewalld's to say, which would speak of all its interfaces.
        if obstacle.table.name == "firewalld", !blockade.packets.contains(where: { $0.purpose == .inwards }) {
            return ["firewall-cmd --zone=trusted --add-interface=\(blockade.packets[0].bridge)"]
        }
        let table = tables.first { $0.name == obstacle.table }
        if isUFW(table), blockade.packets.allSatisfy({ $0.ufwCommand != nil }) {
            return blockade.packets.compactMap(\.ufwCommand).withoutRepetition
        }
        if remedy.chain == Self.dockerUser, let program = ["ip": "iptables", "ip6": "ip6tables"][remedy.table.family] {
            return blockade.packets.compactMap { packet in
                guard case .named(let input) = packet.input, case .named(let output) = packet.output else { return nil }
                return "\(program) -I \(remedy.chain) -i \(input) -o \(output) -j ACCEPT"
            }.withoutRepetition
        }
        return remedy.commands(mark: nil).map { "nft '\($0)'" }
    }
}

extension SamplePacket {
    /// As ufw(8) is told to let it pass.
    fileprivate var ufwCommand: String? {
        if case .named(let input) = input, case .named(let output) = output {
            return "ufw route allow in on \(input) out on \(output)"
        }
        guard icmpType == nil, purpose != .replies, let destinationPort else { return nil }
        return "ufw allow in on \(bridge) to any port \(destinationPort) proto \(transport)"
    }
}

extension Sequence where Element: Hashable {
    fileprivate var withoutRepetition: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}

extension Blockade: CustomStringConvertible {
    /// `the host's firewall drops what guests send to the outside and answers from the outside (IPv4)`.
    public var description: String {
        let kinds = SamplePacket.Purpose.allCases.filter { kind in packets.contains { $0.purpose == kind } }.map(
            \.words)
        let list =
            kinds.count < 2 ? kinds.joined() : kinds.dropLast().joined(separator: ", ") + " and \(kinds.last ?? "")"
        let families = [("IPv4", AddressFamily.ipv4), ("IPv6", .ipv6)].filter { family in
            packets.contains { $0.family == family.1 }
        }.map(\.0)
        // Who wonders why frames of one bridge come by a firewall finds it by this name.
        let reason = kinds.contains(SamplePacket.Purpose.among.words) ? ", by bridge-nf-call-iptables" : ""
        return "the host's firewall \(obstacle.isCertain ? "drops" : "may drop") \(list)"
            + " (\(families.joined(separator: " and "))\(reason))"
    }
}

extension SamplePacket.Purpose {
    fileprivate var words: String {
        switch self {
        case .outwards: "what guests send to the outside"
        case .answers: "answers from the outside"
        case .inwards: "what the outside sends to guests"
        case .forwarded: "what comes by port forwards"
        case .among: "what guests send each other"
        case .dns: "guests' DNS questions"
        case .tftp: "guests' TFTP requests"
        case .http: "guests' HTTP requests"
        case .solicitation: "guests' router solicitations"
        case .discovery: "guests' neighbour discovery"
        case .replies: "the host's answers to guests"
        }
    }
}
