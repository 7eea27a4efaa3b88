internal import NetworkModel
internal import Wire

/// Answers of other servers, until their time is over and a while longer.
///
/// Times are whole seconds since any fixed moment, on a clock that never goes back. The cache holds no more octets than it is
/// told. What is asked for once and never again goes first: new answers go to a *trial* queue, those that are asked for a
/// second time to a *kept* one, and only the trial queue is emptied to make room while it holds a fifth of the whole. So a
/// guest that asks for a million random names pushes out its own answers, and not those that everybody asks for.
struct DNSCache: Sendable {
    /// The most that all entries may take, in octets, with what is needed to find them.
    var limit: Int { statistics.limit }
    private(set) var statistics = DNSCacheStatistics()

    private var slots: [Slot] = []
    private var freeSlots: [Int32] = []
    /// First slots of chains, by the low bits of the hash; a power of two of them.
    private var buckets = [Int32](repeating: noSlot, count: 256)
    private var trial = Queue()
    private var kept = Queue()

    /// How long an answer is kept beyond its time, in seconds, for when nobody can be asked (RFC 8767, section 5: 1 to 3 days).
    static let staleLimit = 86_400
    /// How long a stale answer is given before servers that did not answer are asked again, in seconds (RFC 8767, section 5).
    static let retryInterval = 30
    /// What an entry takes beside its octets, in octets: measured with 100,000 of them.
    private static let overhead = 320
    fileprivate static let noSlot: Int32 = -1

    private struct Slot: Sendable {
        var question: ForeignQuestion
        var answer: ForeignAnswer
        var stored: Int
        var lifetime: Int
        /// Until when the servers need not be asked, since they have just not answered.
        var retry: Int
        var hits: UInt32
        var isKept: Bool
        /// Whether a newer answer has been asked for.
        var isBeingRefreshed: Bool
        var cost: Int
        var nextInBucket: Int32
        var newer: Int32
        var older: Int32
    }

    /// Slots in the order of their last use.
    private struct Queue: Sendable {
        var newest = noSlot
        var oldest = noSlot
        var cost = 0
    }

    init(limit: Int) { statistics.limit = limit }

    /// What the cache knows about a question.
    enum Finding {
        /// Write the entry's answer.
        case fresh(Entry)
        /// Write the entry's answer, and ask for a newer one: it is popular, and its time is nearly over.
        case expiring(Entry)
        /// The entry's time is over, and it is better than nothing.
        case stale(Entry)
        /// The entry's time is over, and those who could say something newer have just not answered.
        case lastResort(Entry)
        case nothing
    }

    /// Where an entry is, until the cache changes.
    struct Entry {
        fileprivate let slot: Int
        let age: ForeignAnswer.Age
    }

    mutating func find(_ query: Query, in message: Span<UInt8>, now: Int) -> Finding {
        var hasher = Hasher()
        message.hashName(at: Query.nameOffset, into: &hasher)
        // Most names exist; that one does not is kept for all types together (RFC 2308, section 5).
        for type in [query.type, Self.everyType] {
            let found = slot(
                query, type, in: message, hash: ForeignQuestion.hash(hasher, type, query.recordClass, query.flags))
            guard found != Self.noSlot else { continue }
            return use(Int(found), now)
        }
        return .nothing
    }

    /// Notes that a client was not helped.
    mutating func countMiss() { statistics.misses += 1 }

    private mutating func use(_ slot: Int, _ now: Int) -> Finding {
        let age = now - slots[slot].stored
        let lifetime = slots[slot].lifetime
        guard age < lifetime else {
            guard age < lifetime + Self.staleLimit else {
                remove(slot)
                return .nothing
            }
            let entry = Entry(slot: slot, age: .stale)
            guard slots[slot].retry > now else { return .stale(entry) }
            statistics.staleAnswers += 1
            return .lastResort(entry)
        }
        statistics.hits += 1
        slots[slot].hits &+= 1
        promote(slot)
        let entry = Entry(slot: slot, age: .seconds(UInt32(clamping: age)))
        // In the last tenth of its time, an answer that was asked for before.
        guard slots[slot].hits > 2, lifetime >= 10, (lifetime - age) * 10 <= lifetime, !slots[slot].isBeingRefreshed
        else { return .fresh(entry) }
        slots[slot].isBeingRefreshed = true
        statistics.prefetches += 1
        return .expiring(entry)
    }

    func write(
        _ entry: Entry, to query: Query, in message: Span<UInt8>, over transport: DNSTransport,
        into writer: inout WireWriter
    ) {
        slots[entry.slot].answer.write(to: query, in: message, age: entry.age, over: transport, into: &writer)
    }

    /// Notes that those who could say something newer than the entry do not answer.
    mutating func postpone(_ entry: Entry, now: Int) {
        slots[entry.slot].retry = now + Self.retryInterval
        statistics.staleAnswers += 1
    }

    /// Keeps an answer in place of an older one.
    mutating func store(_ answer: ForeignAnswer, to question: ForeignQuestion, now: Int) {
        guard question.flags.contains(.recursionDesired), let lifetime = answer.lifetime, lifetime > 0 else { return }
        let denied = ForeignQuestion(
            name: question.name, type: Self.everyType, recordClass: question.recordClass, flags: question.flags)
        // A name that exists again is denied no longer, and the other way round.
        let (key, opposite) = answer.deniesName ? (denied, question) : (question, denied)
        if let former = slot(of: opposite) { remove(former) }
        var hits: UInt32 = 0
        if let former = slot(of: key) {
            hits = slots[former].hits
            remove(former)
        }

        let cost = answer.bytes.count + answer.ttlOffsets.count * 2 + key.name.wire.count + Self.overhead
        guard cost <= limit / 4 else { return }
        insert(
            Slot(
                question: key, answer: answer, stored: now, lifetime: Int(lifetime), retry: now, hits: hits,
                isKept: hits > 0, isBeingRefreshed: false, cost: cost, nextInBucket: Self.noSlot, newer: Self.noSlot,
                older: Self.noSlot))
        makeRoom()
    }

    mutating func setLimit(_ limit: Int) {
        statistics.limit = limit
        makeRoom()
    }

    mutating func removeAll() {
        let counters = statistics
        self = Self(limit: limit)
        statistics = counters
        statistics.entries = 0
        statistics.size = 0
    }

    // MARK: Finding

    /// The type under which the denial of a name is kept; no question has it (RFC 6895, section 3.1, reserves it).
    private static let everyType = DNSRecordType(rawValue: 0)

    private func slot(_ query: Query, _ type: DNSRecordType, in message: Span<UInt8>, hash: Int) -> Int32 {
        var slot = buckets[hash & (buckets.count - 1)]
        while slot != Self.noSlot {
            let index = Int(slot)
            if slots[index].question.hash == hash, slots[index].question.type == type,
                slots[index].question.recordClass == query.recordClass, slots[index].question.flags == query.flags,
                message.nameEquals(slots[index].question.name, at: Query.nameOffset)
            {
                return slot
            }
            slot = slots[index].nextInBucket
        }
        return Self.noSlot
    }

    private func slot(of key: ForeignQuestion) -> Int? {
        var slot = buckets[key.hash & (buckets.count - 1)]
        while slot != Self.noSlot, slots[Int(slot)].question != key { slot = slots[Int(slot)].nextInBucket }
        return slot == Self.noSlot ? nil : Int(slot)
    }

    // MARK: Room

    private mutating func makeRoom() {
        while trial.cost + kept.cost > limit {
            let source = trial.cost > limit / 5 || kept.oldest == Self.noSlot ? trial : kept
            remove(Int(source.oldest))
            statistics.evictions += 1
        }
    }

    private mutating func insert(_ slot: Slot) {
        if statistics.entries >= buckets.count { grow() }
        let index: Int
        if let free = freeSlots.popLast() {
            index = Int(free)
            slots[index] = slot
        } else {
            index = slots.count
            slots.append(slot)
        }
        let bucket = slot.question.hash & (buckets.count - 1)
        slots[index].nextInBucket = buckets[bucket]
        buckets[bucket] = Int32(index)
        enqueue(index)
        statistics.entries += 1
        statistics.size += slot.cost
    }

    private mutating func remove(_ index: Int) {
        let bucket = slots[index].question.hash & (buckets.count - 1)
        if buckets[bucket] == Int32(index) {
            buckets[bucket] = slots[index].nextInBucket
        } else {
            var before = Int(buckets[bucket])
            while slots[before].nextInBucket != Int32(index) { before = Int(slots[before].nextInBucket) }
            slots[before].nextInBucket = slots[index].nextInBucket
        }
        dequeue(index)
        statistics.entries -= 1
        statistics.size -= slots[index].cost
        slots[index].answer = ForeignAnswer.empty
        slots[index].question = Self.noQuestion
        freeSlots.append(Int32(index))
    }

    private static let noQuestion = ForeignQuestion(name: .root, type: everyType, recordClass: .internet, flags: [])

    private mutating func grow() {
        buckets = [Int32](repeating: Self.noSlot, count: buckets.count * 2)
        for queue in [trial, kept] {
            var slot = queue.oldest
            while slot != Self.noSlot {
                let bucket = slots[Int(slot)].question.hash & (buckets.count - 1)
                slots[Int(slot)].nextInBucket = buckets[bucket]
                buckets[bucket] = slot
                slot = slots[Int(slot)].newer
            }
        }
    }

    // MARK: Queues

    /// Notes a use of the entry.
    private mutating func promote(_ index: Int) {
        guard !slots[index].isKept || kept.newest != Int32(index) else { return }
        dequeue(index)
        slots[index].isKept = true
        enqueue(index)
        while kept.cost > limit - limit / 5, kept.oldest != kept.newest {
            let oldest = Int(kept.oldest)
            dequeue(oldest)
            slots[oldest].isKept = false
            enqueue(oldest)
        }
    }

    private mutating func enqueue(_ index: Int) {
        let isKept = slots[index].isKept
        var queue = isKept ? kept : trial
        slots[index].newer = Self.noSlot
        slots[index].older = queue.newest
        if queue.newest != Self.noSlot { slots[Int(queue.newest)].newer = Int32(index) }
        queue.newest = Int32(index)
        if queue.oldest == Self.noSlot { queue.oldest = Int32(index) }
        queue.cost += slots[index].cost
        if isKept { kept = queue } else { trial = queue }
    }

    private mutating func dequeue(_ index: Int) {
        let isKept = slots[index].isKept
        var queue = isKept ? kept : trial
        let (newer, older) = (slots[index].newer, slots[index].older)
        if newer == Self.noSlot { queue.newest = older } else { slots[Int(newer)].older = older }
        if older == Self.noSlot { queue.oldest = newer } else { slots[Int(older)].newer = newer }
        queue.cost -= slots[index].cost
        if isKept { kept = queue } else { trial = queue }
    }
}
