internal import NetworkModel
internal import Wire

/// An answer of another server, as it is kept and handed to any number of clients.
///
/// These are the octets that came, names, signatures and unknown types untouched, and so it speaks of nothing but its own
/// question: whatever else a server claims in it is never found under another name. Left out is the OPT record, which is
/// between two neighbours alone (RFC 6891, section 6.1.1).
struct ForeignAnswer: Sendable {
    /// From the header's first octet to the last record's end.
    let bytes: [UInt8]
    /// Where the records begin.
    let questionEnd: Int
    /// Where TTLs stand.
    let ttlOffsets: [UInt16]
    /// With the upper bits from the OPT record.
    let responseCode: DNSResponseCode
    let isAuthentic: Bool
    /// How long it may be kept, in seconds; nil where it may not (RFC 2308, section 5).
    let lifetime: UInt32?
    /// Whether it says that there is no such name at all, whatever the type.
    let deniesName: Bool
    /// Why it failed, as its sender has it (RFC 8914); nil where nothing was said.
    let extendedError: UInt16?
    /// Whether an address in it belongs to a network that nobody outside can speak for.
    let hasPrivateAddress: Bool

    /// How long any answer is kept at most, in seconds, and one that denies something (RFC 2308, section 5).
    static let longestLifetime: UInt32 = 86_400
    static let longestDenial: UInt32 = 10_800

    /// Takes a whole message that answers one question, and what its records say.
    init(_ records: ForeignRecords, of message: Span<UInt8>) throws(WireError) {
        guard records.optOffset == nil || records.optEnd == message.count else {
            // Cut out of the middle, it would leave pointers that lead astray: such a message is written anew.
            var parsed = try DNSMessage(message)
            let edns = parsed.additional.filter { $0.type == .opt }
            parsed.additional = parsed.additional.filter { $0.type != .opt } + edns
            let ordered = parsed.bytes
            self.init(try ForeignRecords(ordered.span), ordered.span)
            return
        }
        self.init(records, message)
    }

    private init(_ records: ForeignRecords, _ message: Span<UInt8>) {
        var reader = WireReader(message.extracting(0..<(records.optOffset ?? message.count)))
        var bytes = reader.rest()
        var counts = records.counts
        if records.optOffset != nil { counts.additional -= 1 }
        bytes[10] = UInt8(counts.additional >> 8)
        bytes[11] = UInt8(truncatingIfNeeded: counts.additional)
        for (offset, ttl) in records.cappedTTLs { bytes.replace(at: offset, with: ttl) }
        self.bytes = bytes
        questionEnd = records.questionEnd
        ttlOffsets = records.ttlOffsets
        responseCode = records.responseCode
        isAuthentic = records.header.isAuthentic
        extendedError = records.extendedError
        hasPrivateAddress = records.hasPrivateAddress
        deniesName = records.responseCode == .nameError && counts.answers == 0
        lifetime = records.lifetime
    }

    /// What stands in the place of an answer that is gone.
    static let empty = ForeignAnswer()

    private init() {
        bytes = []
        questionEnd = 0
        ttlOffsets = []
        responseCode = .serverFailure
        isAuthentic = false
        lifetime = nil
        deniesName = false
        extendedError = nil
        hasPrivateAddress = false
    }

    /// How old the records are when they are handed on.
    enum Age {
        /// In seconds; no more than ``lifetime``.
        case seconds(UInt32)
        /// Their time is over, and nobody says anything newer.
        case stale
    }

    /// What a client may believe a stale record for, in seconds (RFC 8767, section 4).
    static let staleTTL: UInt32 = 30

    /// Writes the answer to `query`, which stands in `message` and asks the same but for the name's case, or, where the name
    /// is denied, the type.
    func write(
        to query: Query, in message: Span<UInt8>, age: Age, over transport: DNSTransport, into writer: inout WireWriter
    ) {
        var header = DNSHeader(
            id: query.header.id, isResponse: true, recursionDesired: query.header.recursionDesired,
            recursionAvailable: true, isAuthentic: isAuthentic && query.wantsAuthenticity,
            checkingDisabled: query.header.checkingDisabled, responseCode: responseCode)
        let opt: UInt16 = query.edns == nil ? 0 : 1
        writer.removeAll()
        header.write(to: &writer)
        writer.u16(1)
        writer.raw(bytes.span.extracting(6..<10))
        writer.u16(bytes.u16(at: 10) + opt)
        writer.raw(message.extracting(Query.nameOffset..<query.questionEnd))
        writer.raw(bytes.span.extracting(questionEnd..<bytes.count))
        for offset in ttlOffsets {
            switch age {
            case .seconds(0): break
            case .seconds(let seconds):
                let ttl = bytes.u32(at: Int(offset))
                writer.patch32(at: Int(offset), ttl > seconds ? ttl - seconds : 0)
            case .stale: writer.patch32(at: Int(offset), Self.staleTTL)
            }
        }
        var reason = extendedError
        // RFC 8914, sections 4.4 and 4.20.
        if case .stale = age { reason = responseCode == .nameError ? 19 : 3 }
        query.writeEDNS(responseCode, extendedError: reason, to: &writer)
        guard writer.count > query.limit(over: transport) else { return }

        header.isTruncated = true
        writer.removeAll()
        header.write(to: &writer)
        SectionCounts(questions: 1, additional: opt).write(to: &writer)
        writer.raw(message.extracting(Query.nameOffset..<query.questionEnd))
        query.writeEDNS(responseCode, extendedError: reason, to: &writer)
    }
}

/// An answer, and whose it is.
struct ServerAnswer: Sendable {
    let answer: ForeignAnswer
    let server: ServiceConfiguration.DNS.Server
}

extension [UInt8] {
    fileprivate func u16(at offset: Int) -> UInt16 { UInt16(self[offset]) << 8 | UInt16(self[offset + 1]) }
    fileprivate func u32(at offset: Int) -> UInt32 { UInt32(u16(at: offset)) << 16 | UInt32(u16(at: offset + 2)) }

    fileprivate mutating func replace(at offset: UInt16, with value: UInt32) {
        for index in 0..<4 { self[Int(offset) + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32(index))) }
    }
}
