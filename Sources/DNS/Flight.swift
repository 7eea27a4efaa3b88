internal import NetworkModel
internal import Wire

/// A client that waits for the answer to a question.
struct Waiter: Sendable {
    let client: DNSClient
    let transport: DNSTransport
    /// The message as the client sent it.
    let message: [UInt8]
    /// What stands in the message.
    let query: Query
    /// Whose target the message is about; nil where the client has asked about the name itself.
    var alias: ForeignAlias?
}

/// One question on its way to other servers, and how far it has come.
struct Flight: Sendable {
    let question: ForeignQuestion
    /// Nobody, where an answer is renewed before its time, or a server looked after.
    var waiters: [Waiter] = []
    /// Whether the answer tells of a server's health alone.
    var isProbe = false
    /// Whom to ask after `server`: each server once for every round that is left.
    var untried: ArraySlice<ServiceConfiguration.DNS.Server>
    /// Who was asked last; nil before the first was.
    private(set) var server: ServiceConfiguration.DNS.Server?
    private(set) var transport = DNSTransport.udp
    /// Whether the query has an OPT record; not where the server does not understand any.
    private(set) var hasEDNS = true
    /// The id under which it was asked.
    private(set) var queryID: UInt16 = 0
    /// The name as it was sent, letters in upper or lower case at random.
    private(set) var sentName = DNSName.root
    private(set) var sentAt: Duration = .zero
    /// What went with the query; nil where the server does not understand it.
    private(set) var cookie: UpstreamCookie?
    /// Whether a server has already said that the cookie was a wrong one.
    var hasBadCookie = false
    /// When the wait for the answer ends.
    private(set) var deadline: Duration = .zero
    /// The first answer that says no more than that there is none.
    var refusal: ServerAnswer?

    init(_ question: ForeignQuestion, servers: ArraySlice<ServiceConfiguration.DNS.Server>) {
        self.question = question
        untried = servers
    }

    /// Notes that `server` is asked, and returns the query.
    mutating func ask(
        _ server: ServiceConfiguration.DNS.Server, over transport: DNSTransport, withEDNS hasEDNS: Bool,
        _ cookie: UpstreamCookie?, at now: Duration, until deadline: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> [UInt8] {
        self.server = server
        self.transport = transport
        self.hasEDNS = hasEDNS
        self.cookie = cookie
        queryID = UInt16.random(in: .min ... .max, using: &generator)
        sentName = question.name.withRandomCase(using: &generator)
        sentAt = now
        self.deadline = deadline
        return queryBytes
    }

    /// The query for the server: nothing of it is the client's but for the question.
    private var queryBytes: [UInt8] {
        var writer = WireWriter(reserving: 12 + sentName.wire.count + 4 + 11 + 44)
        // AD says that AD in the answer is understood (RFC 6840, section 5.7).
        DNSHeader(
            id: queryID, recursionDesired: question.flags.contains(.recursionDesired), isAuthentic: true,
            checkingDisabled: question.flags.contains(.checkingDisabled)
        ).write(to: &writer)
        SectionCounts(questions: 1, additional: hasEDNS ? 1 : 0).write(to: &writer)
        writer.raw(sentName.wire)
        writer.u16(question.type.rawValue)
        writer.u16(question.recordClass.rawValue)
        if hasEDNS {
            EDNS(dnssecOK: question.flags.contains(.dnssecOK)).write(to: &writer) { cookie?.write(to: &$0) }
        }
        return writer.bytes
    }

    /// What a message from the server that was asked last is.
    enum Reply {
        /// Not the answer to what was asked: forged, late, or damaged.
        case foreign
        /// It matches, but one who sees neither our port nor our id could not be told from the server; TCP tells.
        case doubtful
        /// Too large for UDP.
        case truncated
        /// The server did not understand the OPT record (RFC 6891, section 7).
        case plainOnly
        /// It did not understand the cookie.
        case cookieless
        /// It wants another cookie, which it gives (RFC 7873, section 5.2.5).
        case badCookie([UInt8])
        /// It cannot be read.
        case damaged
        /// With the content of its COOKIE option.
        case answer(ForeignAnswer, cookie: [UInt8]?)
    }

    /// Compares a message with what was asked (RFC 5452, section 9.1), the case of each letter of the name included.
    func read(_ message: Span<UInt8>) -> Reply {
        var reader = WireReader(message)
        guard let header = try? DNSHeader(reading: &reader), let counts = try? SectionCounts(reading: &reader),
            header.isResponse, header.opcode == .query, header.id == queryID
        else { return .foreign }
        let isLost = header.responseCode == .formatError || header.responseCode == .notImplemented
        // Of a server that has given us a cookie, who says without it that it knows none may be a forger.
        let isProven = transport == .tcp || cookie?.server == nil
        if isLost, hasEDNS, counts.questions == 0 { return isProven ? .plainOnly : .doubtful }
        let nameStart = reader.offset
        guard counts.questions == 1, (try? Query.skipName(&reader, pointersAllowed: false)) != nil,
            message.nameEquals(question.name, at: nameStart), (try? reader.u16()) == question.type.rawValue,
            (try? reader.u16()) == question.recordClass.rawValue
        else { return .foreign }
        if transport == .udp {
            guard message.holds(sentName.wire, at: nameStart) else { return .doubtful }
            if header.isTruncated { return .truncated }
        }
        if isLost, hasEDNS, counts.additional == 0 { return isProven ? .plainOnly : .doubtful }
        guard let records = try? ForeignRecords(message) else { return .damaged }
        if let cookie {
            if isLost, isProven, !(records.cookie.map(cookie.isAnswered) ?? false) { return .cookieless }
            if transport == .udp, let reply = judge(cookie, records) { return reply }
        }
        // Where nobody can forge, there is nothing that a cookie would prove.
        guard records.responseCode != .badCookie else { return .damaged }
        guard let answer = try? ForeignAnswer(records, of: message) else { return .damaged }
        return .answer(answer, cookie: records.cookie)
    }

    /// What is wrong with an answer to a query with a cookie (RFC 7873, section 5.3); nil for nothing.
    private func judge(_ cookie: UpstreamCookie, _ records: ForeignRecords) -> Reply? {
        guard let content = records.cookie, !cookie.isEchoed(by: content) else {
            // A server that has cookies has them always; but there may be several behind one address.
            return cookie.server == nil ? nil : .doubtful
        }
        guard cookie.isAnswered(by: content) else { return .foreign }
        return records.responseCode == .badCookie ? .badCookie(content) : nil
    }
}

extension DNSName {
    /// The name with each letter in upper or lower case at random: bits that a forger must guess too ("0x20").
    func withRandomCase(using generator: inout some RandomNumberGenerator) -> DNSName {
        var wire = wire
        var bits: UInt64 = 0
        for index in wire.indices {
            if index.isMultiple(of: 64) { bits = generator.next() }
            // Length octets are at most 63, below `A`.
            if wire[index].lowercased &- UInt8(ascii: "a") < 26, bits >> UInt64(index % 64) & 1 == 1 {
                wire[index] ^= 0x20
            }
        }
        return DNSName(validWire: wire)
    }
}

extension Span<UInt8> {
    /// Whether the octets stand at `offset`, of which as many must follow.
    fileprivate func holds(_ octets: [UInt8], at offset: Int) -> Bool {
        for index in octets.indices where self[offset + index] != octets[index] { return false }
        return true
    }
}
