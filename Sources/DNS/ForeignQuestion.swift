internal import Wire

/// What other servers are asked: questions that are equal can share one answer.
struct ForeignQuestion: Hashable, Sendable {
    /// Compared without case, like any name.
    let name: DNSName
    let type: DNSRecordType
    let recordClass: DNSClass
    let flags: Flags
    /// Of all of it, reckoned once: a question is looked for in many places.
    let hash: Int

    init(name: DNSName, type: DNSRecordType, recordClass: DNSClass, flags: Flags) {
        self.name = name
        self.type = type
        self.recordClass = recordClass
        self.flags = flags
        var hasher = Hasher()
        name.wire.span.hashName(at: 0, into: &hasher)
        hash = Self.hash(hasher, type, recordClass, flags)
    }

    /// The hash of a question, where `name` has taken in its name.
    static func hash(_ name: Hasher, _ type: DNSRecordType, _ recordClass: DNSClass, _ flags: Flags) -> Int {
        var hasher = name
        hasher.combine(UInt64(type.rawValue) << 32 | UInt64(recordClass.rawValue) << 8 | UInt64(flags.rawValue))
        return hasher.finalize()
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    static func == (a: Self, b: Self) -> Bool {
        a.hash == b.hash && a.type == b.type && a.recordClass == b.recordClass && a.flags == b.flags && a.name == b.name
    }

    /// What of a query's flags makes another answer of it.
    struct Flags: OptionSet, Hashable, Sendable {
        let rawValue: UInt8
        /// DO: with signatures (RFC 3225, section 3).
        static let dnssecOK = Self(rawValue: 1)
        /// CD: whether they are right or not (RFC 4035, section 4.7, which keeps such answers apart).
        static let checkingDisabled = Self(rawValue: 2)
        /// RD; without it a server says what it knows by itself, which is nothing to be kept.
        static let recursionDesired = Self(rawValue: 4)
    }
}

extension ForeignQuestion {
    init(_ query: Query, in message: Span<UInt8>) {
        var wire: [UInt8] = []
        wire.reserveCapacity(query.rootOffset + 1 - Query.nameOffset)
        for index in Query.nameOffset...query.rootOffset { wire.append(message[index]) }
        self.init(
            name: DNSName(validWire: wire), type: query.type, recordClass: query.recordClass, flags: query.flags)
    }
}

extension Query {
    var flags: ForeignQuestion.Flags {
        var flags: ForeignQuestion.Flags = []
        if edns?.dnssecOK == true { flags.insert(.dnssecOK) }
        if header.checkingDisabled { flags.insert(.checkingDisabled) }
        if header.recursionDesired { flags.insert(.recursionDesired) }
        return flags
    }

    /// Whether the client can make use of AD (RFC 6840, section 5.7).
    var wantsAuthenticity: Bool { header.isAuthentic || edns?.dnssecOK == true }
}
