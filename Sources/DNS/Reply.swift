internal import Wire

/// An answer on its way to the client, before it is octets.
struct Reply {
    var responseCode: DNSResponseCode
    var isAuthoritative = true
    var recursionAvailable: Bool
    /// The records of the name asked for.
    var node: NameTree.Node?
    /// Where that is an alias that is followed, the names it leads to, in their order.
    var aliasTargets: [NameTree.Node] = []
    /// Where in the message the zone's name stands whose SOA record shows how long "no" is true; nil for no such record.
    var apexOffset: Int?
    /// The TTL of that record, in seconds.
    var negativeTTL: UInt32 = 0
    /// Why there is no better answer (RFC 8914); nil for nothing to be said.
    var extendedError: UInt16?

    /// The answer that nobody could be asked, or nobody answered.
    static func failure(_ extendedError: UInt16) -> Self {
        Self(
            responseCode: .serverFailure, isAuthoritative: false, recursionAvailable: true,
            extendedError: extendedError)
    }

    /// Writes the answer to the query that stands in `message`.
    ///
    /// Where it is larger than what the client can take, it says so and holds no records (RFC 2181, section 9).
    func write(to query: Query, in message: Span<UInt8>, over transport: DNSTransport, into writer: inout WireWriter) {
        var header = DNSHeader(
            id: query.header.id, isResponse: true, isAuthoritative: isAuthoritative,
            recursionDesired: query.header.recursionDesired, recursionAvailable: recursionAvailable,
            checkingDisabled: query.header.checkingDisabled, responseCode: responseCode)
        var counts = SectionCounts(questions: 1, additional: query.edns == nil ? 0 : 1)
        var answerCount = 0
        for set in node?.sets ?? [] where isWanted(set, query) { answerCount += set.count }
        for target in aliasTargets {
            for set in target.sets where isWanted(set, query, of: target) { answerCount += set.count }
        }
        // More than can be counted are too large for any message, and are left out below.
        counts.answers = UInt16(clamping: answerCount)
        if apexOffset != nil { counts.authority = 1 }

        begin(header, counts, query, message, &writer)
        for set in node?.sets ?? [] where isWanted(set, query) { writer.raw(set.bytes) }
        // An alias's only record ends with the name of the next.
        for (index, target) in aliasTargets.enumerated() {
            let alias = index == 0 ? node?.alias : aliasTargets[index - 1].alias
            let owner = UInt16(truncatingIfNeeded: writer.count - (alias?.wire.count ?? 0))
            for set in target.sets where isWanted(set, query, of: target) { set.write(owner: owner, to: &writer) }
        }
        if let apexOffset {
            let pointer = message[apexOffset] == 0 ? nil : 0xC000 | UInt16(apexOffset)
            ApexRecords.writeAuthority(apexPointer: pointer, negativeTTL: negativeTTL, to: &writer)
        }
        query.writeEDNS(responseCode, extendedError: extendedError, to: &writer)
        guard writer.count > query.limit(over: transport) else { return }

        header.isTruncated = true
        begin(header, SectionCounts(questions: 1, additional: counts.additional), query, message, &writer)
        query.writeEDNS(responseCode, extendedError: extendedError, to: &writer)
    }

    private func isWanted(_ set: RecordSet, _ query: Query) -> Bool {
        set.type == query.type || query.type == .any || node?.alias != nil
    }

    private func isWanted(_ set: RecordSet, _ query: Query, of target: NameTree.Node) -> Bool {
        set.type == query.type || target.alias != nil
    }

    private func begin(
        _ header: DNSHeader, _ counts: SectionCounts, _ query: Query, _ message: Span<UInt8>, _ writer: inout WireWriter
    ) {
        writer.removeAll()
        header.write(to: &writer)
        counts.write(to: &writer)
        writer.raw(message.extracting(Query.nameOffset..<query.questionEnd))
    }

    /// Writes an answer to a message of which only the header can be trusted.
    static func writeHeader(
        _ responseCode: DNSResponseCode, to header: DNSHeader, recursionAvailable: Bool, into writer: inout WireWriter
    ) {
        writer.removeAll()
        DNSHeader(
            id: header.id, isResponse: true, opcode: header.opcode, recursionDesired: header.recursionDesired,
            recursionAvailable: recursionAvailable, responseCode: responseCode
        ).write(to: &writer)
        SectionCounts().write(to: &writer)
    }
}
