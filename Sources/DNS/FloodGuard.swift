public import NetworkModel

/// Keeps one guest's flood of queries from taking the places of all others' in a socket's queue.
///
/// The kernel drops what the queue has no room for, whoever sent it. So where it stays crowded, most of what comes from those
/// who send most of it is passed over unread, which takes a fraction of the time of an answer: the queue has room again, and
/// others' queries are all read. Whoever asks no faster than it is answered is never held back, however much that is.
public struct FloodGuard: Sendable {
    private var counts: [IPAddress: Int] = [:]
    private var total = 0
    private var windowEnd: Duration = .zero
    /// How many batches in a row were taken from a crowded queue.
    private var crowdedBatches = 0

    /// In batches: as long as that the queue has been crowded.
    private static let patience = 8
    private static let window: Duration = .milliseconds(100)
    /// A guest that sends more than one part in so many of all is one that floods, and of its queries one in so many is answered.
    private static let share = 8
    private static let sparing = 8
    private static let leastCount = 256
    private static let addressLimit = 4_096

    public init() {}

    public var isActive: Bool { crowdedBatches >= Self.patience }

    /// A batch has been received; `isCrowded` says whether there is soon no room for more behind it.
    public mutating func received(isCrowded: Bool, now: Duration) {
        crowdedBatches = isCrowded ? min(crowdedBatches + 1, Self.patience * 64) : crowdedBatches / 2
        guard isActive, now >= windowEnd else { return }
        (counts, total, windowEnd) = ([:], 0, now + Self.window)
    }

    /// Whether a query of the guest is to be answered; to be asked for each while the guard is active.
    public mutating func admits(_ address: IPAddress) -> Bool {
        total += 1
        guard counts[address] != nil || counts.count < Self.addressLimit else { return total % Self.sparing == 0 }
        let count = counts[address, default: 0] + 1
        counts[address] = count
        guard count > Self.leastCount, count * Self.share > total else { return true }
        return count % Self.sparing == 0
    }
}
