extension KernelRuleset {
    /// Reads what `nft --handle --stateless list table` prints of one or of several tables.
    public init(listing: String) {
        tables = []
        var lines = listing.split(separator: "\n").map { $0.trimmed }[...]
        while let line = lines.popFirst() {
            let words = line.split(separator: " ")
            guard words.count >= 4, words[0] == "table", let open = words.firstIndex(of: "{"), open == 3 else {
                continue
            }
            var table = Table(name: TableName(family: String(words[1]), name: String(words[2])))
            table.read(&lines)
            tables.append(table)
        }
    }
}

extension KernelRuleset.Table {
    /// Reads what stands in the table up to its closing brace.
    fileprivate mutating func read(_ lines: inout ArraySlice<Substring>) {
        while let line = lines.popFirst(), line != "}" {
            let words = line.split(separator: " ")
            if words.first == "flags" {
                isOwned = words.dropFirst().contains { $0.split(separator: ",").contains("owner") }
            } else if words.count >= 3, words[0] == "chain" {
                chains.append(KernelRuleset.Chain(String(words[1]), &lines))
            } else if words.count >= 3, words[0] == "set" || words[0] == "map" {
                containers[String(words[1])] = Self.elements(&lines)
            } else if line.hasSuffix("{") || words.contains("{") && !line.hasSuffix("}") {
                Self.skip(&lines)
            }
        }
    }

    /// The elements of a set or a map, which may stand on several lines.
    private static func elements(_ lines: inout ArraySlice<Substring>) -> [KernelRuleset.Element] {
        var content: [RuleToken] = []
        var isOpen = false
        while let line = lines.popFirst() {
            if !isOpen {
                if line == "}" { break }
                guard line.hasPrefix("elements = {") else { continue }
                isOpen = true
                content = RuleToken.all(in: line.dropFirst("elements = {".count))
            } else {
                content += RuleToken.all(in: line)
            }
            if content.last.map({ $0 == "}" }) == true { isOpen = false }
        }
        var reader = RuleReader(content)
        return reader.elements()
    }

    private static func skip(_ lines: inout ArraySlice<Substring>) {
        var depth = 1
        while depth > 0, let line = lines.popFirst() {
            if line.hasPrefix("}") { depth -= 1 } else if line.hasSuffix("{") { depth += 1 }
        }
    }
}

extension KernelRuleset.Chain {
    /// Reads a chain up to its closing brace.
    fileprivate init(_ name: String, _ lines: inout ArraySlice<Substring>) {
        self.init(name: name)
        while let line = lines.popFirst(), line != "}" {
            guard let mark = line.ranges(of: " # handle ").last, let handle = UInt64(line[mark.upperBound...]) else {
                // `type filter hook forward priority filter; policy drop;`
                let words = RuleToken.all(in: line).map(\.text)
                guard words.count > 4, words[0] == "type", words[2] == "hook" else { continue }
                let policy = words.firstIndex(of: "policy").map { words[words.index(after: $0)] }
                base = KernelRuleset.Base(type: words[1], hook: words[3], drops: policy == "drop")
                continue
            }
            let text = line[..<mark.lowerBound]
            var reader = RuleReader(RuleToken.all(in: text))
            rules.append(.init(handle: handle, text: String(text).withoutCounter, terms: reader.terms()))
        }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = firstIndex { !$0.isWhitespace } ?? endIndex
        let end = lastIndex { !$0.isWhitespace }.map { index(after: $0) } ?? start
        return start < end ? self[start..<end] : self[start..<start]
    }
}

extension String {
    /// Without what says nothing about which packets a rule is for.
    fileprivate var withoutCounter: String { replacing("counter ", with: "").replacing("  ", with: " ") }
}
