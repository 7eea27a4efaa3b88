internal import NetworkModel
internal import Wire

/// One query on its way, and how far it has come.
struct Flight<Client: Hashable & Sendable>: Sendable {
    let client: Client
    let address: IPAddress
    let transport: DNSTransport
    let request: DNSForwardRequest
    /// Whom to ask after `server`: each server once for every round that is left.
    var untried: ArraySlice<ServiceConfiguration.DNS.Server>
    /// Who was asked last; nil before the first was.
    var server: ServiceConfiguration.DNS.Server?
    /// The id under which it was asked.
    var queryID: UInt16 = 0
    /// When the wait for it ends.
    var deadline: Duration = .zero

    /// The query for the server: the client's, under an id that the client does not know.
    var queryBytes: [UInt8] {
        [UInt8(queryID >> 8), UInt8(queryID & 0xFF)] + request.query.dropFirst(2)
    }

    /// The server's answer for the client: as it is, but for the id.
    func restoringID(in reply: Span<UInt8>) -> [UInt8] {
        var reader = WireReader(reply)
        return Array(request.query.prefix(2)) + reader.rest().dropFirst(2)
    }

    /// How the server answered; nil where `reply` is no answer to what it was asked (RFC 5452, section 9.1).
    func responseCode(of reply: Span<UInt8>, from sender: ServiceConfiguration.DNS.Server) -> DNSResponseCode? {
        var reader = WireReader(reply)
        guard sender == server, let header = try? DNSHeader(reading: &reader),
            header.isResponse, header.opcode == .query, header.id == queryID,
            let counts = try? SectionCounts(reading: &reader), counts.questions == 1,
            let question = try? DNSQuestion(reading: &reader), question == request.question
        else { return nil }
        return header.responseCode
    }
}
