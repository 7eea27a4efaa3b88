internal import NetworkModel
internal import Wire

/// The records of one name and type (RFC 2181, section 5), as they stand in an answer.
///
/// They are written once, when the zone learns of them. Their owner is always the name asked for, so it is the same two octets
/// in every answer: a pointer to the question's name, which follows the header.
struct RecordSet: Sendable {
    let type: DNSRecordType
    private(set) var count = 0
    private(set) var bytes: [UInt8] = []
    /// Where each record begins in `bytes`.
    private var starts: [Int] = []

    static let pointerToQuestion = 0xC000 | UInt16(DNSHeader.count)

    /// How long records of hosts and leases may be cached, in seconds: not at all, as dnsmasq has it.
    ///
    /// They change while guests run, and asking again costs a guest microseconds.
    static let ttl: UInt32 = 0

    init(_ data: DNSRecordData) {
        type = data.type
        append(data)
    }

    mutating func append(_ data: DNSRecordData) {
        // Names in the data cannot be compressed: where they will stand in the answer is not known yet.
        var names = CompressionTable()
        names.isEnabled = false
        append { data.write(to: &$0, compressingWith: &names) }
    }

    /// Makes a set of one record, whose data is what `writeData` writes.
    init(_ type: DNSRecordType, _ writeData: (inout WireWriter) -> Void) {
        self.type = type
        append(writeData)
    }

    private mutating func append(_ writeData: (inout WireWriter) -> Void) {
        var writer = WireWriter()
        writer.u16(Self.pointerToQuestion)
        writer.u16(type.rawValue)
        writer.u16(DNSClass.internet.rawValue)
        writer.u32(Self.ttl)
        writer.lengthPrefixed(writeData)
        starts.append(bytes.count)
        bytes += writer.bytes
        count += 1
    }

    /// Writes the records with the name at `owner` of the message as theirs.
    func write(owner: UInt16, to writer: inout WireWriter) {
        let base = writer.count
        writer.raw(bytes)
        for start in starts { writer.patch16(at: base + start, 0xC000 | owner) }
    }
}
