/// Questions that no server could be reached for, which are not asked again for a while (RFC 9520, section 3.2): a client that
/// repeats itself must not make others wait, nor load servers that are in trouble already.
struct FailureMemory: Sendable {
    /// The least that RFC 9520, section 3.2, allows (the most is five minutes), so that a server that comes back is soon asked again.
    private static let lifetime: Duration = .seconds(1)
    private static let limit = 1_024

    private var ends: [ForeignQuestion: Duration] = [:]

    func holds(_ question: ForeignQuestion, now: Duration) -> Bool {
        !ends.isEmpty && (ends[question].map { $0 > now } ?? false)
    }

    mutating func remember(_ question: ForeignQuestion, now: Duration) {
        if ends.count >= Self.limit { ends = ends.filter { $0.value > now } }
        if ends.count >= Self.limit { ends = [:] }
        ends[question] = now + Self.lifetime
    }

    mutating func removeAll() { ends = [:] }
}
