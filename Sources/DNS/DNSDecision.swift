public import NetworkModel
internal import Wire

/// What is to be done about a message that came to port 53.
public enum DNSDecision: Hashable, Sendable {
    /// Send these octets back.
    case answer([UInt8])
    case forward(DNSForwardRequest)
    /// It is no query: an answer to it could begin a loop.
    case ignore
}

/// What is to be done, where the answer was written into memory of the caller's.
public enum DNSOutcome: Hashable, Sendable {
    case answered
    case forward(DNSForwardRequest)
    case ignore
}

/// A query for other servers.
public struct DNSForwardRequest: Hashable, Sendable {
    /// Whom to ask, in this order; never empty.
    public let servers: [ServiceConfiguration.DNS.Server]
    /// The message as the client sent it.
    public let query: [UInt8]
    public let question: DNSQuestion

    /// The answer that nobody could be asked, or nobody answered: SERVFAIL.
    public var failure: [UInt8] {
        var writer = WireWriter(reserving: query.count)
        var reader = WireReader(query.span)
        guard let header = try? DNSHeader(reading: &reader), let counts = try? SectionCounts(reading: &reader) else {
            return []
        }
        if let parsed = try? Query(header, counts, reading: &reader) {
            Reply(responseCode: .serverFailure, isAuthoritative: false, recursionAvailable: true)
                .write(to: parsed, in: query.span, over: .tcp, into: &writer)
        } else {
            Reply.writeHeader(.serverFailure, to: header, recursionAvailable: true, into: &writer)
        }
        return writer.bytes
    }
}
