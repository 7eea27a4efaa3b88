/// Deadlines in the order they were set, which is the order they come: every wait is equally long.
struct DeadlineQueue: Sendable {
    struct Entry: Sendable {
        let deadline: Duration
        let flight: DNSFlightID
    }

    private var entries: [Entry] = []
    /// How many entries at the front are gone.
    private var head = 0

    var count: Int { entries.count - head }
    var first: Entry? { head < entries.count ? entries[head] : nil }

    mutating func append(_ entry: Entry) { entries.append(entry) }

    mutating func removeFirst() {
        head += 1
        guard head > 64, head > entries.count / 2 else { return }
        entries.removeFirst(head)
        head = 0
    }

    mutating func removeAll(where isStale: (Entry) -> Bool) {
        entries.removeFirst(head)
        head = 0
        entries.removeAll(where: isStale)
    }
}
