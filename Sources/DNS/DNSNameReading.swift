public import Wire

extension DNSName {
    /// Reads a name at the reader's place, following compression pointers (RFC 1035, section 4.1.4).
    ///
    /// `reader` must read the whole message, since a pointer counts from its first octet. A pointer must lead to before the
    /// labels it follows: so every hop goes backwards, and none can loop. It cannot lead into the header, which holds no names.
    /// No more hops are made than a name can have labels, so that a chain of pointers costs little.
    public init(reading reader: inout WireReader) throws(WireError) {
        var wire: [UInt8] = []
        var partStart = reader.offset
        var end: Int?
        var hops = 0
        while true {
            let offset = reader.offset
            let first = try reader.u8()
            switch first >> 6 {
            case 0b00:
                guard wire.count + 1 + Int(first) < DNSName.maximumCount || first == 0 else {
                    throw .malformed(offset: offset, field: "domain name length")
                }
                wire.append(first)
                if first == 0 {
                    if let end { try reader.seek(to: end) }
                    self.init(validWire: wire)
                    return
                }
                var label = try reader.slice(Int(first))
                wire += label.rest()
            case 0b11:
                let target = Int(first & 0x3F) << 8 | Int(try reader.u8())
                hops += 1
                guard target < partStart, target >= DNSHeader.count, hops <= DNSName.maximumLabelCount else {
                    throw .malformed(offset: offset, field: "compression pointer")
                }
                end = end ?? reader.offset
                partStart = target
                try reader.seek(to: target)
            default:
                // 0b01 was given to extended label types, which came to nothing (RFC 6891, section 5); 0b10 to nobody.
                throw .malformed(offset: offset, field: "label type")
            }
        }
    }
}
