public import Wire

/// A whole message as a value (RFC 1035, section 4.1).
///
/// ``DNSZone`` does not use it: it answers from the query's octets without making values of them.
public struct DNSMessage: Hashable, Sendable {
    public var header: DNSHeader
    public var questions: [DNSQuestion]
    public var answers: [DNSRecord]
    public var authority: [DNSRecord]
    public var additional: [DNSRecord]

    public init(
        header: DNSHeader, questions: [DNSQuestion] = [], answers: [DNSRecord] = [], authority: [DNSRecord] = [],
        additional: [DNSRecord] = []
    ) {
        self.header = header
        self.questions = questions
        self.answers = answers
        self.authority = authority
        self.additional = additional
    }

    /// Reads a message that ends with its last record.
    public init(_ bytes: Span<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        header = try DNSHeader(reading: &reader)
        let counts = try SectionCounts(reading: &reader)
        questions = []
        for _ in 0..<counts.questions { questions.append(try DNSQuestion(reading: &reader)) }
        answers = try Self.records(counts.answers, &reader)
        authority = try Self.records(counts.authority, &reader)
        additional = try Self.records(counts.additional, &reader)
        guard reader.isAtEnd else { throw .malformed(offset: reader.offset, field: "end of message") }
    }

    private static func records(_ count: UInt16, _ reader: inout WireReader) throws(WireError) -> [DNSRecord] {
        var records: [DNSRecord] = []
        for _ in 0..<count { records.append(try DNSRecord(reading: &reader)) }
        return records
    }

    /// The message as it is sent, names compressed.
    ///
    /// A section must have, and the data of a record must take, no more than 65,535 entries and octets.
    public var bytes: [UInt8] {
        var writer = DNSMessageWriter(header)
        for question in questions { writer.add(question) }
        for record in answers { writer.add(record, to: .answer) }
        for record in authority { writer.add(record, to: .authority) }
        for record in additional { writer.add(record, to: .additional) }
        return writer.bytes
    }

    /// The OPT record of the message; nil where there is none, or none that can be read.
    public var edns: EDNS? {
        additional.first { $0.type == .opt }.flatMap { EDNS($0) }
    }
}
