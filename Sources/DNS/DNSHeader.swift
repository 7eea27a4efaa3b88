public import Wire

/// The first four octets of a message: its id and flags (RFC 1035, section 4.1.1, and RFC 4035, section 3).
///
/// The four counts that follow belong to ``DNSMessage``, which has the sections themselves.
public struct DNSHeader: Hashable, Sendable {
    /// How many octets the header takes, counts included.
    public static let count = 12

    public var id: UInt16
    /// QR.
    public var isResponse: Bool
    public var opcode: DNSOpcode
    /// AA.
    public var isAuthoritative: Bool
    /// TC: there is more, to be asked for over TCP.
    public var isTruncated: Bool
    /// RD.
    public var recursionDesired: Bool
    /// RA.
    public var recursionAvailable: Bool
    /// AD: all of it was checked (RFC 4035, section 3.2.3).
    public var isAuthentic: Bool
    /// CD: the client checks for itself (RFC 4035, section 3.2.2).
    public var checkingDisabled: Bool
    /// The four bits that stand here; an OPT record may hold more.
    public var responseCode: DNSResponseCode

    public init(
        id: UInt16, isResponse: Bool = false, opcode: DNSOpcode = .query, isAuthoritative: Bool = false,
        isTruncated: Bool = false, recursionDesired: Bool = false, recursionAvailable: Bool = false,
        isAuthentic: Bool = false, checkingDisabled: Bool = false, responseCode: DNSResponseCode = .noError
    ) {
        self.id = id
        self.isResponse = isResponse
        self.opcode = opcode
        self.isAuthoritative = isAuthoritative
        self.isTruncated = isTruncated
        self.recursionDesired = recursionDesired
        self.recursionAvailable = recursionAvailable
        self.isAuthentic = isAuthentic
        self.checkingDisabled = checkingDisabled
        self.responseCode = responseCode
    }

    public init(reading reader: inout WireReader) throws(WireError) {
        id = try reader.u16()
        let flags = try reader.u16()
        isResponse = flags & 0x8000 != 0
        opcode = DNSOpcode(rawValue: UInt8(truncatingIfNeeded: flags >> 11))
        isAuthoritative = flags & 0x0400 != 0
        isTruncated = flags & 0x0200 != 0
        recursionDesired = flags & 0x0100 != 0
        recursionAvailable = flags & 0x0080 != 0
        isAuthentic = flags & 0x0020 != 0
        checkingDisabled = flags & 0x0010 != 0
        responseCode = DNSResponseCode(rawValue: flags & 0xF)
    }

    public func write(to writer: inout WireWriter) {
        var flags = UInt16(opcode.rawValue) << 11 | responseCode.headerBits
        if isResponse { flags |= 0x8000 }
        if isAuthoritative { flags |= 0x0400 }
        if isTruncated { flags |= 0x0200 }
        if recursionDesired { flags |= 0x0100 }
        if recursionAvailable { flags |= 0x0080 }
        if isAuthentic { flags |= 0x0020 }
        if checkingDisabled { flags |= 0x0010 }
        writer.u16(id)
        writer.u16(flags)
    }
}

/// How many entries each section has: the rest of the header.
struct SectionCounts: Hashable, Sendable {
    var questions: UInt16 = 0
    var answers: UInt16 = 0
    var authority: UInt16 = 0
    var additional: UInt16 = 0
}

extension SectionCounts {
    init(reading reader: inout WireReader) throws(WireError) {
        questions = try reader.u16()
        answers = try reader.u16()
        authority = try reader.u16()
        additional = try reader.u16()
    }

    func write(to writer: inout WireWriter) {
        writer.u16(questions)
        writer.u16(answers)
        writer.u16(authority)
        writer.u16(additional)
    }
}
