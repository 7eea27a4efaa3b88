/// What a ``DNSForwarder`` allows guests and servers.
public struct DNSForwarderLimits: Hashable, Sendable {
    /// How many queries may be on their way, at most 65,535.
    public var flights: Int
    /// How many clients may wait for them; more than one may wait for the same.
    public var waiters: Int
    /// How many of them at one address, so that no guest keeps the others waiting.
    public var waitersPerAddress: Int
    /// How long each server has to answer.
    public var timeout: Duration
    /// How often each server is asked.
    public var rounds: Int

    public init(
        flights: Int = 1000, waiters: Int = 4000, waitersPerAddress: Int = 100,
        timeout: Duration = .milliseconds(1500), rounds: Int = 2
    ) {
        self.flights = flights
        self.waiters = waiters
        self.waitersPerAddress = waitersPerAddress
        self.timeout = timeout
        self.rounds = rounds
    }
}

/// Names one query on its way to other servers; never used twice.
public struct DNSFlightID: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
