/// Two texts' lines side by side: which are only in one of them.
struct LineDifference {
    private enum Line {
        case both(String)
        case old(String)
        case new(String)
    }

    private var merged: [Line] = []

    init(from old: String, to new: String) {
        let before = old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropLast()
        let after = new.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropLast()
        let difference = Array(after).difference(from: Array(before))
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var (i, j) = (0, 0)
        while i < before.count || j < after.count {
            if i < before.count, removed.contains(i) {
                merged.append(.old(before[i]))
                i += 1
            } else if j < after.count, inserted.contains(j) {
                merged.append(.new(after[j]))
                j += 1
            } else {
                merged.append(.both(before[i]))
                i += 1
                j += 1
            }
        }
    }

    /// The differences with three lines around each, in the unified format without line numbers; none where both are equal.
    func lines(labels old: String, _ new: String) -> [String] {
        let changed = merged.indices.filter { if case .both = merged[$0] { false } else { true } }
        guard !changed.isEmpty else { return [] }
        var lines = ["--- \(old)", "+++ \(new)"]
        var last = -1
        for index in merged.indices where changed.contains(where: { abs($0 - index) <= 3 }) {
            if index != last + 1 { lines.append("@@") }
            last = index
            switch merged[index] {
            case .both(let text): lines.append(" " + text)
            case .old(let text): lines.append("-" + text)
            case .new(let text): lines.append("+" + text)
            }
        }
        return lines
    }
}
