/// What a ``DNSForwarder`` allows guests and servers.
public struct DNSForwarderLimits: Hashable, Sendable {
    /// How many queries may be on their way.
    public var flights: Int
    /// How many of them from one address, so that no guest keeps the others waiting.
    public var flightsPerAddress: Int
    /// How long each server has to answer.
    public var timeout: Duration
    /// How often each server is asked.
    public var rounds: Int

    public init(
        flights: Int = 1000, flightsPerAddress: Int = 100, timeout: Duration = .milliseconds(1500), rounds: Int = 2
    ) {
        self.flights = flights
        self.flightsPerAddress = flightsPerAddress
        self.timeout = timeout
        self.rounds = rounds
    }
}

/// Names one query on its way to other servers; never used twice.
public struct DNSFlightID: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    var next: Self { Self(rawValue: rawValue + 1) }

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

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
