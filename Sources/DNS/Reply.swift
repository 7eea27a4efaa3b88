internal import Wire

/// An answer on its way to the client, before it is octets.
struct Reply {
    var responseCode: DNSResponseCode
    var isAuthoritative = true
    var recursionAvailable: Bool
    /// The records of the name asked for.
    var node: NameTree.Node?
    /// Where in the message the zone's name stands whose SOA record shows how long "no" is true; nil for no such record.
    var apexOffset: Int?
    /// The TTL of that record, in seconds.
    var negativeTTL: UInt32 = 0

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
        for set in node?.sets ?? [] where set.type == query.type || query.type == .any { answerCount += set.count }
        // More than can be counted are too large for any message, and are left out below.
        counts.answers = UInt16(clamping: answerCount)
        if apexOffset != nil { counts.authority = 1 }

        begin(header, counts, query, message, &writer)
        for set in node?.sets ?? [] where set.type == query.type || query.type == .any { writer.raw(set.bytes) }
        if let apexOffset {
            let pointer = message[apexOffset] == 0 ? nil : 0xC000 | UInt16(apexOffset)
            ApexRecords.writeAuthority(apexPointer: pointer, negativeTTL: negativeTTL, to: &writer)
        }
        writeEDNS(query, &writer)
        guard writer.count > query.limit(over: transport) else { return }

        header.isTruncated = true
        begin(header, SectionCounts(questions: 1, additional: counts.additional), query, message, &writer)
        writeEDNS(query, &writer)
    }

    private func begin(
        _ header: DNSHeader, _ counts: SectionCounts, _ query: Query, _ message: Span<UInt8>, _ writer: inout WireWriter
    ) {
        writer.removeAll()
        header.write(to: &writer)
        counts.write(to: &writer)
        writer.raw(message.extracting(Query.nameOffset..<query.questionEnd))
    }

    private func writeEDNS(_ query: Query, _ writer: inout WireWriter) {
        guard let edns = query.edns else { return }
        EDNS(extendedResponseCode: responseCode.extendedBits, dnssecOK: edns.dnssecOK).write(to: &writer)
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
