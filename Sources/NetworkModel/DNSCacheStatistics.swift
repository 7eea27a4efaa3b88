/// What a network's DNS cache holds, and what it was good for since the network started.
public struct DNSCacheStatistics: Hashable, Sendable, Codable {
    public var entries = 0
    /// What they take, in octets.
    public var size = 0
    /// What they may take, in octets; 0 where the network has no name service.
    public var limit = 0
    public var hits = 0
    public var misses = 0
    /// Answers whose time was over, given since nobody else answered (RFC 8767).
    public var staleAnswers = 0
    /// Answers renewed before their time was over.
    public var prefetches = 0
    /// Entries that went to make room for others.
    public var evictions = 0

    public init() {}
}
