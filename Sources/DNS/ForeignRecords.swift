internal import NetworkModel
internal import Wire

/// What the records of another server's answer say about the answer as a whole.
struct ForeignRecords {
    let header: DNSHeader
    let counts: SectionCounts
    let questionEnd: Int
    private(set) var ttlOffsets: [UInt16] = []
    /// TTLs that must not be handed on as they came.
    private(set) var cappedTTLs: [(offset: UInt16, ttl: UInt32)] = []
    private(set) var optOffset: Int?
    private(set) var optEnd = 0
    private(set) var extendedError: UInt16?
    /// The content of the COOKIE option.
    private(set) var cookie: [UInt8]?
    private(set) var hasPrivateAddress = false
    private var extendedCode: UInt8 = 0
    private var leastTTL = UInt32.max
    private var answersQuestion = false
    /// For how long what is not there is not there: of the SOA record in the authority section.
    private var denialTTL: UInt32?

    private enum Section { case answer, authority, additional }

    init(_ message: Span<UInt8>) throws(WireError) {
        guard message.count <= UInt16.max else { throw .malformed(offset: 0, field: "message length") }
        var reader = WireReader(message)
        header = try DNSHeader(reading: &reader)
        counts = try SectionCounts(reading: &reader)
        guard counts.questions == 1 else { throw .malformed(offset: 4, field: "QDCOUNT") }
        try Query.skipName(&reader, pointersAllowed: false)
        let type = DNSRecordType(rawValue: try reader.u16())
        try reader.skip(2)
        questionEnd = reader.offset
        for _ in 0..<counts.answers { try read(&reader, .answer, askedFor: type) }
        for _ in 0..<counts.authority { try read(&reader, .authority, askedFor: type) }
        for _ in 0..<counts.additional { try read(&reader, .additional, askedFor: type) }
        guard reader.isAtEnd else { throw .malformed(offset: reader.offset, field: "end of message") }
    }

    private mutating func read(
        _ reader: inout WireReader, _ section: Section, askedFor asked: DNSRecordType
    ) throws(WireError) {
        let start = reader.offset
        try Query.skipName(&reader, pointersAllowed: true)
        let type = DNSRecordType(rawValue: try reader.u16())
        let recordClass = DNSClass(rawValue: try reader.u16())
        let ttlOffset = UInt16(reader.offset)
        var ttl = try reader.u32()
        var data = try reader.slice(Int(try reader.u16()))
        if type == .opt {
            guard section == .additional, optOffset == nil else { throw .malformed(offset: start, field: "OPT") }
            optOffset = start
            optEnd = reader.offset
            extendedCode = UInt8(truncatingIfNeeded: ttl >> 24)
            try readOptions(&data)
            return
        }
        // RFC 2181, section 8: a TTL with its first bit set is zero.
        var allowed = ttl > Int32.max ? 0 : min(ttl, ForeignAnswer.longestLifetime)
        if section == .authority, type == .soa {
            let minimum = try Self.minimum(&data)
            allowed = min(allowed, minimum, ForeignAnswer.longestDenial)
            denialTTL = allowed
        }
        if allowed != ttl { cappedTTLs.append((ttlOffset, allowed)) }
        ttl = allowed
        ttlOffsets.append(ttlOffset)
        leastTTL = min(leastTTL, ttl)
        if section == .answer {
            if type == asked || asked == .any { answersQuestion = true }
            if recordClass == .internet { try note(type, &data) }
        }
    }

    private mutating func note(_ type: DNSRecordType, _ data: inout WireReader) throws(WireError) {
        switch type {
        case .a: if IPv4Address(try data.u32()).isPrivate { hasPrivateAddress = true }
        case .aaaa:
            var value: UInt128 = 0
            for _ in 0..<4 { value = value << 32 | UInt128(try data.u32()) }
            if IPv6Address(value).isPrivate { hasPrivateAddress = true }
        default: break
        }
    }

    private mutating func readOptions(_ options: inout WireReader) throws(WireError) {
        while !options.isAtEnd {
            let code = try options.u16()
            var content = try options.slice(Int(try options.u16()))
            switch code {
            // The INFO-CODE (RFC 8914, section 2).
            case EDNSOption.extendedError where extendedError == nil: extendedError = try content.u16()
            case EDNSOption.cookie where cookie == nil: cookie = content.rest()
            default: break
            }
        }
    }

    /// MINIMUM, which ends the record: after two names, the serial number and three times.
    private static func minimum(_ data: inout WireReader) throws(WireError) -> UInt32 {
        guard data.remaining >= 22 else { throw .malformed(offset: data.offset, field: "SOA") }
        try data.skip(data.remaining - 4)
        return try data.u32()
    }

    var responseCode: DNSResponseCode {
        DNSResponseCode(rawValue: UInt16(extendedCode) << 4 | header.responseCode.rawValue)
    }

    /// How long the whole answer may be kept, in seconds; nil where it may not.
    var lifetime: UInt32? {
        switch responseCode {
        case .noError where answersQuestion: leastTTL
        // RFC 2308, section 5: "there is no such" is kept only where an SOA record says for how long. Without one it may be a
        // referral.
        case .noError, .nameError: denialTTL == nil ? nil : leastTTL
        default: nil
        }
    }
}
