internal import NetworkModel

extension KernelRuleset {
    /// Where a packet ends that should not.
    public struct Obstacle: Hashable, Sendable {
        public var table: TableName
        public var isOwned: Bool
        /// The chain by which the packet came into the table.
        public var baseChain: String
        public var hook: String
        /// The chain whose rule or policy drops it.
        public var chain: String
        /// Nil where it is the policy.
        public var rule: Rule?
        /// The rules that led there.
        public var path: [Rule]
        /// Whether there is no doubt about it.
        public var isCertain: Bool

        /// `inet filter, chain forward, rule 7: …`.
        public var description: String {
            "table \(table), chain \(chain), " + (rule.map { "rule \($0.handle): \($0.text)" } ?? "policy drop")
        }
    }

    /// All that drops the packet, one a base chain: what one table accepts another may drop.
    public func obstacles(to packet: SamplePacket) -> [Obstacle] {
        packet.hooks.flatMap { hook in
            tables.filter { $0.sees(packet) }.flatMap { table in
                table.chains.compactMap { chain -> Obstacle? in
                    guard let base = chain.base, base.hook == hook, base.type != "nat" else { return nil }
                    var walk = Walk(table: table, packet: packet.at(hook))
                    switch walk.walk(chain, depth: 0) ?? (base.drops ? .dropped(chain, nil) : .accepted) {
                    case .accepted: return nil
                    case .dropped(let end, let rule):
                        return Obstacle(
                            table: table.name, isOwned: table.isOwned, baseChain: chain.name, hook: hook,
                            chain: end.name, rule: rule, path: walk.path, isCertain: !walk.isDoubtful)
                    }
                }
            }
        }
    }

    /// How deep the kernel lets chains lead to each other (`NFT_JUMP_STACK_SIZE`, net/netfilter/nf_tables.h).
    private static let deepest = 16

    /// One packet's way through the chains of a table.
    private struct Walk {
        enum End {
            case accepted
            case dropped(Chain, Rule?)
        }

        let table: Table
        let packet: SamplePacket
        /// Whether a rule that may or may not be for the packet could have changed what becomes of it.
        var isDoubtful = false
        var path: [Rule] = []

        init(table: Table, packet: SamplePacket) {
            self.table = table
            self.packet = packet
        }

        /// What becomes of the packet in the chain; nil where it goes on behind it.
        mutating func walk(_ chain: Chain, depth: Int) -> End? {
            guard depth < KernelRuleset.deepest else { return nil }
            for rule in chain.rules {
                let (verdict, isCertain) = verdict(of: rule)
                switch verdict {
                case nil: continue
                case .accept where isCertain: return .accepted
                case .drop where isCertain: return .dropped(chain, rule)
                case .return where isCertain: return nil
                case .drop: continue
                case .accept, .other, .return:
                    // It may have gone its way here.
                    isDoubtful = true
                    if isCertain { return .accepted }
                case .jump(let name), .goto(let name):
                    guard let target = table.chain(name) else { continue }
                    path.append(rule)
                    if isCertain {
                        if let end = walk(target, depth: depth + 1) { return end }
                        path.removeLast()
                        if case .goto? = verdict { return nil }
                    } else {
                        var other = self
                        if case .accepted? = other.walk(target, depth: depth + 1) { isDoubtful = true }
                        if case .goto? = verdict { isDoubtful = true }
                        path.removeLast()
                    }
                }
            }
            return nil
        }

        /// What the rule decides; nil where it is not for the packet, or decides nothing.
        private func verdict(of rule: Rule) -> (Verdict?, isCertain: Bool) {
            var isCertain = true
            for term in rule.terms {
                switch term {
                case .doubt: isCertain = false
                case .verdict(let verdict): return (verdict, isCertain)
                case .match(let selectors, let isNegated, let keys):
                    switch holds(selectors, isNegated: isNegated, keys) {
                    case true?: continue
                    case false?: return (nil, true)
                    case nil: isCertain = false
                    }
                case .map(let selectors, let keys):
                    guard selectors.allSatisfy({ packet.has($0) }) else { return (nil, true) }
                    guard let elements = elements(keys) else {
                        isCertain = false
                        continue
                    }
                    for element in elements {
                        switch equals(selectors, element) {
                        case true?: return (element.verdict, isCertain)
                        case false?: continue
                        // Wherever this leads, it may be the packet's way.
                        case nil: return (.other, false)
                        }
                    }
                    // What is not in the map goes no farther in the rule.
                    return (nil, true)
                }
            }
            return (nil, true)
        }

        private func elements(_ keys: Keys) -> [Element]? {
            switch keys {
            case .written(let elements): elements
            case .named(let name): table.containers[name]
            }
        }

        private func holds(_ selectors: [Selector], isNegated: Bool, _ keys: Keys) -> Bool? {
            guard selectors.allSatisfy({ packet.has($0) }) else { return false }
            guard let elements = elements(keys) else { return nil }
            var isDoubtful = false
            for element in elements {
                switch equals(selectors, element) {
                case true?: return !isNegated
                case false?: continue
                case nil: isDoubtful = true
                }
            }
            return isDoubtful ? nil : isNegated
        }

        /// Whether the packet has the key.
        private func equals(_ selectors: [Selector], _ element: Element) -> Bool? {
            if element.key == ["*"] { return true }
            guard selectors.count == element.key.count else { return nil }
            var isDoubtful = false
            for (selector, value) in zip(selectors, element.key) {
                switch packet.matches(selector, value) {
                case true?: continue
                case false?: return false
                case nil: isDoubtful = true
                }
            }
            return isDoubtful ? nil : true
        }
    }
}

extension KernelRuleset.Table {
    /// Whether the packet comes by the table's chains.
    fileprivate func sees(_ packet: SamplePacket) -> Bool {
        switch name.family {
        case "inet": true
        case "ip": packet.family == .ipv4
        case "ip6": packet.family == .ipv6
        default: false
        }
    }
}
