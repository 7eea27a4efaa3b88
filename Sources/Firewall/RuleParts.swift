/// What one network has in vnet's tables: chains of its own, and elements of the shared sets and maps, most of which lead to
/// them.
struct RuleParts {
    var chains: [Chain] = []
    var elements: [Element] = []

    enum Table: String, Hashable {
        case inet = "inet vnet"
        case bridge = "bridge vnet"
    }

    struct Chain: Hashable {
        var table = Table.inet
        let name: String
        /// Sets that packets fill, by name with what they hold: they come and go with the chain.
        var sets: [String: String] = [:]
        let rules: [String]

        fileprivate var place: String { "\(table.rawValue) \(name)" }

        /// Makes the chain and its sets, where they are not there yet.
        fileprivate var presence: String {
            sets.sorted { $0.key < $1.key }.map { "add set \(table.rawValue) \($0.key) { \($0.value) }\n" }.joined()
                + "add chain \(place)\n"
        }
        fileprivate var installation: String {
            presence + "flush chain \(place)\n" + rules.map { "add rule \(place) \($0)\n" }.joined()
        }
        fileprivate var emptying: String { "flush chain \(place)\n" }
        fileprivate var deletion: String {
            "delete chain \(place)\n" + sets.keys.sorted().map { "delete set \(table.rawValue) \($0)\n" }.joined()
        }
    }

    struct Element: Hashable {
        var table = Table.inet
        let container: String
        let key: String
        /// What the key leads to; nil in a set.
        var value: String?

        var place: String { "element \(table.rawValue) \(container)" }
        var addition: String { "add \(place) { \(key)\(value.map { " : \($0)" } ?? "") }\n" }
        /// Adding before deleting makes a deletion that cannot fail: adding what is there already changes nothing.
        ///
        /// For elements that are known to be there `deletion` is better: nft 1.0.6 takes what was added in the same batch for
        /// something in the way of other intervals.
        var removal: String { "\(addition)\(deletion)" }
        var deletion: String { "delete \(place) { \(key) }\n" }
    }

    static func + (a: Self, b: Self) -> Self { Self(chains: a.chains + b.chains, elements: a.elements + b.elements) }
}

extension NetworkRules {
    /// Adds the network's chains and elements; where they are there already, nothing changes.
    public var installation: String {
        let parts = wholeParts
        return (guards.isEmpty ? "" : Ruleset.guarding) + parts.chains.map(\.installation).joined()
            + parts.elements.map(\.addition).joined()
    }

    /// Removes the network's chains and elements, whichever of them are there.
    public var removal: String {
        let parts = wholeParts
        return (guards.isEmpty ? "" : Ruleset.guarding) + parts.chains.map(\.presence).joined()
            + parts.elements.map(\.removal).joined() + Self.removal(of: parts.chains)
    }

    /// Turns the rules of `old`, for the same bridge, into these in one batch, so that there is no moment without rules; the
    /// old ones must stand as they were put in place.
    public func replacement(of old: Self) -> String {
        let (former, parts) = (old.wholeParts, wholeParts)
        let (stood, stay) = (Set(former.elements), Set(parts.elements))
        let (unchanged, names) = (Set(former.chains), Set(parts.chains.map(\.name)))
        let gone = former.chains.filter { !names.contains($0.name) }
        // Elements first: a key that leads elsewhere now has to be free, and a chain that goes must not be led to.
        return (guards.isEmpty && old.guards.isEmpty ? "" : Ruleset.guarding)
            + gone.map(\.presence).joined()
            + parts.chains.filter { !unchanged.contains($0) }.map(\.installation).joined()
            + former.elements.filter { !stay.contains($0) }.map(\.deletion).joined()
            + parts.elements.filter { !stood.contains($0) }.map(\.addition).joined()
            + Self.removal(of: gone)
    }

    /// A command that succeeds where exactly these rules were put in place last, for this bridge.
    public var presence: String {
        let element = version(of: parts)
        return "get \(element.place) { \(element.key) }"
    }

    /// Emptied first, since one may lead to another.
    private static func removal(of chains: [RuleParts.Chain]) -> String {
        chains.map(\.emptying).joined() + chains.map(\.deletion).joined()
    }

    private var wholeParts: RuleParts {
        var parts = parts
        parts.elements.append(version(of: parts))
        return parts
    }

    /// Tells these rules from others for the same bridge: an FNV-1a of their text in 32 bits.
    ///
    /// A batch is carried out as a whole or not at all, so where this stands all the rest was put in place too.
    private func version(of parts: RuleParts) -> RuleParts.Element {
        var hash: UInt32 = 0x811C_9DC5
        for chain in parts.chains {
            for octet in chain.installation.utf8 { hash = (hash ^ UInt32(octet)) &* 0x0100_0193 }
        }
        for element in parts.elements {
            for octet in element.addition.utf8 { hash = (hash ^ UInt32(octet)) &* 0x0100_0193 }
        }
        return .init(container: "versions", key: "\(quoted) . 0x\(String(hash, radix: 16))")
    }

    private var parts: RuleParts {
        sendingLimitParts + borderParts + natParts + redirectParts + portForwardParts + neighbourParts + hostAccessParts
            + guardParts
    }

    var quoted: String { "\"\(bridge)\"" }
}
