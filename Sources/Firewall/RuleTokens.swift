internal import NetworkModel

/// A rule's words: nft writes a rule in one line, strings in quotation marks.
struct RuleToken: Hashable, Sendable {
    var text: String
    /// Whether it stood in quotation marks, so that it is no word of the language.
    var isQuoted = false

    /// The words of a line; braces, commas and semicolons are words of their own.
    static func all(in line: some StringProtocol) -> [Self] {
        var tokens: [Self] = []
        var word = ""
        var isQuoted = false
        func end(_ quoted: Bool = false) {
            if !word.isEmpty || quoted { tokens.append(Self(text: word, isQuoted: quoted)) }
            word = ""
        }
        for character in line {
            if isQuoted {
                guard character == "\"" else {
                    word.append(character)
                    continue
                }
                end(true)
                isQuoted = false
            } else if character == "\"" {
                end()
                isQuoted = true
            } else if character.isWhitespace {
                end()
            } else if "{},;".contains(character) {
                end()
                tokens.append(Self(text: String(character)))
            } else {
                word.append(character)
            }
        }
        end()
        return tokens
    }

    static func == (token: Self, word: String) -> Bool { !token.isQuoted && token.text == word }
}

/// Reads a rule's words from left to right.
struct RuleReader {
    private let tokens: [RuleToken]
    private var position = 0

    init(_ tokens: [RuleToken]) { self.tokens = tokens }

    private var next: RuleToken? { position < tokens.count ? tokens[position] : nil }
    private func word(at offset: Int) -> String? {
        let index = position + offset
        return index < tokens.count && !tokens[index].isQuoted ? tokens[index].text : nil
    }

    private mutating func take() -> RuleToken? {
        guard let next else { return nil }
        position += 1
        return next
    }

    /// Takes the words if they come next.
    private mutating func take(_ words: String...) -> Bool {
        guard words.indices.allSatisfy({ word(at: $0) == words[$0] }) else { return false }
        position += words.count
        return true
    }

    /// All that the rule consists of.
    mutating func terms() -> [KernelRuleset.Term] {
        var terms: [KernelRuleset.Term] = []
        while next != nil {
            if skipWhatDecidesNothing() { continue }
            if take("limit") {
                skipLimit()
                terms.append(.doubt)
            } else if take("xt", "match") {
                // A module of iptables' that nft has no words for.
                position += 1
                terms.append(.doubt)
            } else if let verdict = verdict() {
                terms.append(.verdict(verdict))
            } else if let selectors = selectors() {
                terms.append(condition(on: selectors))
            } else {
                terms.append(.doubt)
                resume()
            }
        }
        return terms
    }

    // MARK: Statements

    private static let settings: Set<String> = ["mark", "nftrace", "priority", "pkttype", "zone", "label", "helper"]

    private mutating func skipWhatDecidesNothing() -> Bool {
        if take("counter") {
            if take("packets") { position += 3 } else if take("name") { position += 1 }
            return true
        }
        if take("log") {
            while let option = word(at: 0),
                ["prefix", "level", "group", "snaplen", "queue-threshold", "flags"].contains(option)
            {
                position += option == "flags" && word(at: 1) != "all" ? 3 : 2
            }
            return true
        }
        if take("comment") {
            position += 1
            return true
        }
        if take("notrack") { return true }
        if let subject = word(at: 0), subject == "meta" || subject == "ct", let setting = word(at: 1),
            Self.settings.contains(setting), word(at: 2) == "set"
        {
            position += 4
            return true
        }
        return false
    }

    /// `rate over 3/minute burst 5 packets`.
    private mutating func skipLimit() {
        if take("name") {
            position += 1
            return
        }
        _ = take("rate")
        _ = take("over")
        position += 1
        // A rate of octets has its unit apart: `1 mbytes/second`.
        if let unit = word(at: 0), unit.hasSuffix("/second") || unit.hasSuffix("/minute") || unit.hasSuffix("/hour") {
            position += 1
        }
        if take("burst") { position += 2 }
    }

    private static let verdicts: Set<String> = [
        "accept", "drop", "reject", "return", "jump", "goto", "queue", "continue",
    ]

    private mutating func verdict() -> KernelRuleset.Verdict? {
        if take("accept") { return .accept }
        if take("drop") { return .drop }
        if take("reject") {
            // `with tcp reset`, `with icmp port-unreachable`, `with icmpx type admin-prohibited`.
            if take("with") { position += word(at: 1) == "type" ? 3 : 2 }
            return .drop
        }
        if take("return") { return .return }
        if take("jump") { return take().map { .jump($0.text) } }
        if take("goto") { return take().map { .goto($0.text) } }
        if take("queue") {
            position = tokens.count
            return .other
        }
        return nil
    }

    /// Goes on where a verdict stands, after something that is not understood.
    private mutating func resume() {
        while let token = next, token.isQuoted || !Self.verdicts.contains(token.text) { position += 1 }
        _ = take("continue")
    }

    // MARK: Conditions

    /// What is looked at, joined by points; nil, and nothing taken, where any of it is not understood.
    private mutating func selectors() -> [KernelRuleset.Selector]? {
        let start = position
        var found: [KernelRuleset.Selector] = []
        repeat {
            guard let selector = selector() else {
                position = start
                return nil
            }
            found.append(selector)
        } while take(".")
        return found
    }

    private mutating func selector() -> KernelRuleset.Selector? {
        if take("meta", "nfproto") { return .networkProtocol }
        if take("meta", "l4proto") || take("ip", "protocol") || take("ip6", "nexthdr") { return .transportProtocol }
        let start = position
        _ = take("meta")
        if take("iifname") || take("iif") { return .input }
        if take("oifname") || take("oif") { return .output }
        if take("ibrname") { return .bridgeInput }
        if take("obrname") { return .bridgeOutput }
        position = start
        if take("ip", "saddr") { return .source(.ipv4) }
        if take("ip", "daddr") { return .destination(.ipv4) }
        if take("ip6", "saddr") { return .source(.ipv6) }
        if take("ip6", "daddr") { return .destination(.ipv6) }
        if take("ip", "ttl") { return .hopLimit(.ipv4) }
        if take("ip6", "hoplimit") { return .hopLimit(.ipv6) }
        if take("icmp", "type") { return .icmpType(.ipv4) }
        if take("icmpv6", "type") { return .icmpType(.ipv6) }
        if take("ct", "state") { return .state }
        if take("ct", "status") { return .status }
        if take("ct", "direction") { return .direction }
        if take("fib", "saddr", "type") { return .sourceType }
        if take("fib", "daddr", "type") { return .destinationType }
        for transport in ["tcp", "udp", "sctp", "th"] {
            let implied = transport == "th" ? nil : transport
            if take(transport, "sport") { return .sourcePort(implied) }
            if take(transport, "dport") { return .destinationPort(implied) }
        }
        return nil
    }

    private mutating func condition(on selectors: [KernelRuleset.Selector]) -> KernelRuleset.Term {
        if take("vmap") { return .map(selectors, keys()) }
        let isNegated = take("!=")
        if !isNegated { _ = take("==") }
        if let sign = word(at: 0), ["<", ">", "<=", ">=", "&", "|", "^", "<<", ">>", "!", "map"].contains(sign) {
            resume()
            return .doubt
        }
        return .match(selectors, isNegated: isNegated, keys())
    }

    private mutating func keys() -> KernelRuleset.Keys {
        if let name = word(at: 0), name.hasPrefix("@") {
            position += 1
            return .named(String(name.dropFirst()))
        }
        if take("{") { return .written(elements()) }
        var elements: [KernelRuleset.Element] = []
        repeat { elements.append(.init(key: key(), verdict: nil)) } while take(",")
        return .written(elements)
    }

    /// Parts of a key, joined by points.
    private mutating func key() -> [String] {
        var parts: [String] = []
        repeat {
            if let part = take() { parts.append(part.text) }
        } while take(".")
        return parts
    }

    /// The elements up to a closing brace.
    mutating func elements() -> [KernelRuleset.Element] {
        var found: [KernelRuleset.Element] = []
        while next != nil, !take("}") {
            var element = KernelRuleset.Element(key: key(), verdict: nil)
            // What else may stand behind a key: `timeout 1h expires 59m`, `counter packets 0 bytes 0`, `comment "…"`.
            while let token = next, !(token == ","), !(token == "}") {
                if take(":") { element.verdict = verdict() } else { position += 1 }
            }
            _ = take(",")
            if !element.key.isEmpty { found.append(element) }
        }
        return found
    }
}
