internal import Wire

/// What a server must know of a query, read where it stands: nothing is copied.
///
/// The question's name begins right after the header and is not compressed, as there is nothing before it to point at.
struct Query {
    let header: DNSHeader
    let labelCount: Int
    /// Where the label below the root begins; the root itself where the name is that.
    let lastLabelOffset: Int
    let type: DNSRecordType
    let recordClass: DNSClass
    /// Where the question ends in the message.
    let questionEnd: Int
    /// What the client's OPT record says; nil where it sent none.
    let edns: EDNS?
    /// The client's DNS cookie; nil where it sent none.
    var cookie: Cookie?

    /// A DNS cookie (RFC 7873, section 4).
    struct Cookie: Hashable, Sendable {
        /// The client's part: eight octets of its choice.
        let client: UInt64
        /// The server's part that came with it; nil for none, or for one of a form that is not made here.
        let server: ServerCookie?
        /// The server's part that goes out with the answer.
        var granted: ServerCookie?
    }

    static let nameOffset = DNSHeader.count
    /// Where the name's root label stands: before the type and the class.
    var rootOffset: Int { questionEnd - 5 }

    /// Reads what follows the counts up to the end of the message.
    init(_ header: DNSHeader, _ counts: SectionCounts, reading reader: inout WireReader) throws(WireError) {
        self.header = header
        guard counts.questions == 1 else { throw .malformed(offset: 4, field: "QDCOUNT") }
        (labelCount, lastLabelOffset) = try Self.skipName(&reader, pointersAllowed: false)
        type = DNSRecordType(rawValue: try reader.u16())
        recordClass = DNSClass(rawValue: try reader.u16())
        questionEnd = reader.offset
        var cookie: Cookie?
        for _ in 0..<Int(counts.answers) + Int(counts.authority) {
            guard try Self.skipRecord(&reader, &cookie) == nil else {
                throw .malformed(offset: reader.offset, field: "OPT place")
            }
        }
        var edns: EDNS?
        for _ in 0..<counts.additional {
            var foundCookie: Cookie?
            guard let found = try Self.skipRecord(&reader, &foundCookie) else { continue }
            // RFC 6891, section 6.1.1: "If a query message with more than one OPT RR is received, a FORMERR MUST be returned".
            guard edns == nil else { throw .malformed(offset: reader.offset, field: "OPT count") }
            edns = found
            cookie = foundCookie
        }
        self.edns = edns
        self.cookie = cookie
        guard reader.isAtEnd else { throw .malformed(offset: reader.offset, field: "end of message") }
    }

    /// Moves past a record; returns what it says where it is an OPT record.
    private static func skipRecord(
        _ reader: inout WireReader, _ cookie: inout Cookie?
    ) throws(WireError) -> EDNS? {
        let offset = reader.offset
        try skipName(&reader, pointersAllowed: true)
        let nameCount = reader.offset - offset
        let type = DNSRecordType(rawValue: try reader.u16())
        let recordClass = try reader.u16()
        let ttl = try reader.u32()
        var data = try reader.slice(Int(try reader.u16()))
        guard type == .opt else { return nil }
        guard nameCount == 1 else { throw .malformed(offset: offset, field: "OPT name") }
        while !data.isAtEnd {
            let code = try data.u16()
            var content = try data.slice(Int(try data.u16()))
            // Whatever other option it is: it changes nothing here (RFC 6891, section 6.1.2).
            if code == EDNSOption.cookie, cookie == nil { cookie = try Cookie(reading: &content) }
        }
        return EDNS(recordClass: recordClass, ttl: ttl)
    }

    /// Moves past a name without following a pointer; returns how many labels stand here, and where the last of them does.
    @discardableResult
    static func skipName(
        _ reader: inout WireReader, pointersAllowed: Bool
    ) throws(WireError) -> (labelCount: Int, lastOffset: Int) {
        let start = reader.offset
        var labelCount = 0
        var lastOffset = start
        while true {
            let offset = reader.offset
            let length = try reader.u8()
            if length == 0 { break }
            if length >> 6 == 0b11, pointersAllowed {
                try reader.skip(1)
                break
            }
            guard length >> 6 == 0 else { throw .malformed(offset: offset, field: "label type") }
            try reader.skip(Int(length))
            labelCount += 1
            lastOffset = offset
        }
        guard reader.offset - start <= DNSName.maximumCount else {
            throw .malformed(offset: start, field: "domain name length")
        }
        return (labelCount, lastOffset)
    }

    /// The largest answer that the client can take, in octets.
    func limit(over transport: DNSTransport) -> Int {
        switch transport {
        case .tcp: Int(UInt16.max)
        case .udp:
            Int(min(max(edns?.udpPayloadSize ?? 0, EDNS.minimumPayloadSize), EDNS.ownPayloadSize))
        }
    }
}

extension Query.Cookie {
    /// Reads the content of a COOKIE option.
    ///
    /// RFC 7873, section 5.2.2: one of a length that none can have makes the query a FORMERR.
    init(reading content: inout WireReader) throws(WireError) {
        guard content.remaining == 8 || (16...40).contains(content.remaining) else {
            throw .malformed(offset: content.offset, field: "COOKIE length")
        }
        client = UInt64(try content.u32()) << 32 | UInt64(try content.u32())
        guard content.remaining == ServerCookie.count, try content.u32() >> 24 == 1 else {
            server = nil
            return
        }
        server = ServerCookie(
            time: try content.u32(), proof: UInt64(try content.u32()) << 32 | UInt64(try content.u32()))
    }
}
