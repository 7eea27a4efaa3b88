internal import Wire

/// An alias of the network's own that leads to a name that others know: they are asked about that name, and the client hears of
/// both (RFC 1034, section 4.3.2).
struct ForeignAlias: Sendable {
    /// The client's message, as if it had asked about the name that the alias leads to.
    let message: [UInt8]
    let query: Query
    /// The answer with the aliases alone.
    private let own: DNSMessage
    /// In octets.
    private let limit: Int

    /// Nil where `asked` with the name of `target` is no query.
    init?(
        _ reply: Reply, to target: DNSName, asked query: Query, in asked: Span<UInt8>, over transport: DNSTransport
    ) {
        var octets = WireWriter(reserving: asked.count + target.wire.count)
        octets.raw(asked.extracting(0..<Query.nameOffset))
        octets.raw(target.wire)
        octets.raw(asked.extracting(query.rootOffset + 1..<asked.count))
        let message = octets.bytes
        var reader = WireReader(message.span)
        guard let header = try? DNSHeader(reading: &reader), let counts = try? SectionCounts(reading: &reader),
            var aboutTarget = try? Query(header, counts, reading: &reader)
        else { return nil }
        aboutTarget.cookie = query.cookie
        reply.write(to: query, in: asked, over: .tcp, into: &octets)
        guard let own = try? DNSMessage(octets.bytes.span) else { return nil }
        self.message = message
        self.query = aboutTarget
        self.own = own
        limit = query.limit(over: transport)
    }

    /// Makes the answer about the target, as long as it may be, one to what was asked.
    ///
    /// Its code is that of the last name (RFC 6604, section 3).
    func join(_ response: inout WireWriter) {
        guard var answer = try? DNSMessage(response.bytes.span) else { return }
        answer.questions = own.questions
        answer.header.isAuthoritative = true
        answer.header.isAuthentic = false
        switch answer.header.responseCode {
        case .noError, .nameError: answer.answers = own.answers + answer.answers
        // Nobody has said anything that could be true.
        default: answer.header.isAuthoritative = false
        }
        var bytes = answer.bytes
        if bytes.count > limit {
            answer.header.isTruncated = true
            answer.answers = []
            answer.authority = []
            answer.additional.removeAll { $0.type != .opt }
            bytes = answer.bytes
        }
        response.removeAll()
        response.raw(bytes)
    }
}
