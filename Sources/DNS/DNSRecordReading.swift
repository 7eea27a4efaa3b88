internal import NetworkModel
public import Wire

extension DNSQuestion {
    /// Reads a question; `reader` must read the whole message.
    public init(reading reader: inout WireReader) throws(WireError) {
        name = try DNSName(reading: &reader)
        type = DNSRecordType(rawValue: try reader.u16())
        recordClass = DNSClass(rawValue: try reader.u16())
    }
}

extension DNSRecord {
    /// Reads a record; `reader` must read the whole message, since the data may hold compressed names.
    public init(reading reader: inout WireReader) throws(WireError) {
        name = try DNSName(reading: &reader)
        let type = DNSRecordType(rawValue: try reader.u16())
        recordClass = DNSClass(rawValue: try reader.u16())
        ttl = try reader.u32()
        let count = Int(try reader.u16())
        let start = reader.offset
        guard reader.remaining >= count else {
            throw .truncated(offset: start, needed: count, available: reader.remaining)
        }
        data =
            recordClass == .internet
            ? try DNSRecordData(type, reading: &reader, count: count) : .other(type, try reader.bytes(count))
        guard reader.offset == start + count else { throw .malformed(offset: start, field: "RDLENGTH") }
    }
}

extension DNSRecordData {
    /// Reads data that should be `count` octets long; that it is remains to be checked.
    fileprivate init(_ type: DNSRecordType, reading reader: inout WireReader, count: Int) throws(WireError) {
        switch type {
        case .a: self = .a(IPv4Address(try reader.u32()))
        case .aaaa:
            var value: UInt128 = 0
            for _ in 0..<4 { value = value << 32 | UInt128(try reader.u32()) }
            self = .aaaa(IPv6Address(value))
        case .ns: self = .ns(try DNSName(reading: &reader))
        case .cname: self = .cname(try DNSName(reading: &reader))
        case .ptr: self = .ptr(try DNSName(reading: &reader))
        case .mx: self = .mx(preference: try reader.u16(), exchange: try DNSName(reading: &reader))
        case .txt:
            var content = try reader.slice(count)
            var strings: [[UInt8]] = []
            repeat { strings.append(try content.bytes(Int(try content.u8()))) } while !content.isAtEnd
            self = .txt(strings)
        case .srv:
            self = .srv(
                priority: try reader.u16(), weight: try reader.u16(), port: try reader.u16(),
                target: try DNSName(reading: &reader))
        case .soa: self = .soa(try StartOfAuthority(reading: &reader))
        default: self = .other(type, try reader.bytes(count))
        }
    }
}

extension StartOfAuthority {
    fileprivate init(reading reader: inout WireReader) throws(WireError) {
        self.init(
            server: try DNSName(reading: &reader), responsible: try DNSName(reading: &reader),
            serial: try reader.u32(), refresh: try reader.u32(), retry: try reader.u32(), expire: try reader.u32(),
            minimum: try reader.u32())
    }
}
