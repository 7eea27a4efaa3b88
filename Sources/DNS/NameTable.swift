/// Values by domain name, found by a name as it stands in a message: without copying it, and whatever its case.
struct NameTable<Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let name: DNSName
        let value: Value
    }

    /// Names by hash; `Hasher` is seeded anew in every process, so a guest cannot choose names that meet.
    private var buckets: [Int: [Entry]] = [:]
    /// How many labels the longest name has or had; longer suffixes of a name need not be looked for.
    private var deepest = 0
    /// A bit for each top-level label that a name has or had: most names asked for are of none of them, and need not be
    /// looked for.
    private var topLabels: UInt64 = 0

    subscript(name: DNSName) -> Value? {
        get { value(in: name.wire.span, at: 0) }
        set { update(name) { $0 = newValue } }
    }

    /// Changes the value of a name, nil where it has none, without a copy of what is in it.
    mutating func update<Result>(_ name: DNSName, _ change: (inout Value?) -> Result) -> Result {
        let hash = Self.hash(name.wire.span, 0)
        var bucket = buckets.removeValue(forKey: hash) ?? []
        var value = bucket.firstIndex { $0.name == name }.map { bucket.remove(at: $0).value }
        let result = change(&value)
        if let value {
            bucket.append(Entry(name: name, value: value))
            deepest = max(deepest, name.labelCount)
            topLabels |= name.labels.last.map { Self.topLabelBit(name.wire.span, $0.startIndex - 1) } ?? .max
        }
        if !bucket.isEmpty { buckets[hash] = bucket }
        return result
    }

    /// The value of the name that stands, whole and without compression, at `offset` of `message`.
    func value(in message: Span<UInt8>, at offset: Int) -> Value? {
        guard let bucket = buckets[Self.hash(message, offset)] else { return nil }
        for entry in bucket where message.nameEquals(entry.name, at: offset) { return entry.value }
        return nil
    }

    /// The value of the longest name in this table that the name at `offset` of `message` is, or is below.
    ///
    /// Returns with it where that part of the name begins. `lastLabelOffset` is where the label below the root stands.
    func closest(
        in message: Span<UInt8>, at offset: Int, labelCount: Int, lastLabelOffset: Int
    ) -> (value: Value, offset: Int)? {
        guard topLabels & Self.topLabelBit(message, lastLabelOffset) != 0 else { return nil }
        var offset = offset
        for labelsLeft in stride(from: labelCount, through: 0, by: -1) {
            if labelsLeft <= deepest, let value = value(in: message, at: offset) { return (value, offset) }
            offset += 1 + Int(message[offset])
        }
        return nil
    }

    /// The bit of the label whose length stands at `offset`; that of the root is every bit.
    private static func topLabelBit(_ message: Span<UInt8>, _ offset: Int) -> UInt64 {
        let length = UInt64(message[offset])
        guard length > 0 else { return .max }
        return 1 << ((UInt64(message[offset + 1].lowercased) &* 7 &+ length) % 64)
    }

    private static func hash(_ message: Span<UInt8>, _ offset: Int) -> Int {
        var hasher = Hasher()
        message.hashName(at: offset, into: &hasher)
        return hasher.finalize()
    }
}

extension NameTable {
    /// The same for a name that stands for itself.
    func closest(to name: DNSName) -> Value? {
        let labels = name.labels
        let last = labels.last.map { $0.startIndex - 1 } ?? 0
        return closest(in: name.wire.span, at: 0, labelCount: labels.count, lastLabelOffset: last)?.value
    }
}
