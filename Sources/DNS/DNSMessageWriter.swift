internal import NetworkModel
internal import Wire

/// Writes a message section by section, names compressed (RFC 1035, section 4.1.4).
///
/// A name is compressed only against octets of the same case, so that what is read again has the case that was written.
public struct DNSMessageWriter: Sendable {
    private var writer = WireWriter(reserving: 512)
    private var counts = SectionCounts()
    private var names = CompressionTable()

    public enum Section: Hashable, Sendable { case answer, authority, additional }

    public init(_ header: DNSHeader) {
        header.write(to: &writer)
        counts.write(to: &writer)
    }

    public mutating func add(_ question: DNSQuestion) {
        counts.questions += 1
        names.write(question.name, to: &writer)
        writer.u16(question.type.rawValue)
        writer.u16(question.recordClass.rawValue)
    }

    /// Appends a record; sections must come in their order.
    public mutating func add(_ record: DNSRecord, to section: Section) {
        switch section {
        case .answer: counts.answers += 1
        case .authority: counts.authority += 1
        case .additional: counts.additional += 1
        }
        names.write(record.name, to: &writer)
        writer.u16(record.type.rawValue)
        writer.u16(record.recordClass.rawValue)
        writer.u32(record.ttl)
        let lengthOffset = writer.count
        writer.u16(0)
        record.data.write(to: &writer, compressingWith: &names)
        writer.patch16(at: lengthOffset, UInt16(writer.count - lengthOffset - 2))
    }

    /// The message so far.
    public var bytes: [UInt8] {
        var finished = writer
        for (index, count) in [counts.questions, counts.answers, counts.authority, counts.additional].enumerated() {
            finished.patch16(at: 4 + 2 * index, count)
        }
        return finished.bytes
    }
}

extension DNSRecordData {
    func write(to writer: inout WireWriter, compressingWith names: inout CompressionTable) {
        switch self {
        case .a(let address): writer.u32(address.value)
        case .aaaa(let address): writer.raw(address.octets)
        case .ns(let name), .cname(let name), .ptr(let name): names.write(name, to: &writer)
        case .mx(let preference, let exchange):
            writer.u16(preference)
            names.write(exchange, to: &writer)
        case .txt(let strings):
            for string in strings {
                writer.u8(UInt8(string.count))
                writer.raw(string)
            }
        case .srv(let priority, let weight, let port, let target):
            writer.u16(priority)
            writer.u16(weight)
            writer.u16(port)
            // RFC 2782: "name compression is not to be used for this field".
            writer.raw(target.wire)
        case .soa(let soa):
            names.write(soa.server, to: &writer)
            names.write(soa.responsible, to: &writer)
            for number in [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum] { writer.u32(number) }
        case .other(_, let bytes): writer.raw(bytes)
        }
    }
}

/// Where in a message names stand that a later name can point at.
struct CompressionTable: Sendable {
    /// Off, for octets that do not know yet where in a message they will stand.
    var isEnabled = true
    private var offsets: [ArraySlice<UInt8>: UInt16] = [:]

    mutating func write(_ name: DNSName, to writer: inout WireWriter) {
        var tail = name.wire[...]
        while let length = tail.first, length != 0 {
            if isEnabled {
                if let offset = offsets[tail] {
                    writer.u16(0xC000 | offset)
                    return
                }
                // A pointer has 14 bits.
                if writer.count < 0x4000 { offsets[tail] = UInt16(writer.count) }
            }
            writer.raw(tail.prefix(1 + Int(length)))
            tail = tail.dropFirst(1 + Int(length))
        }
        writer.u8(0)
    }
}
