public import NetworkModel
public import Wire

/// Who says by neighbour discovery that an address is its own (RFC 4861, section 7.2; RFC 4862, section 5.4).
public struct NeighbourClaim: Hashable, Sendable {
    public var mac: MACAddress
    public var address: IPv6Address

    /// Reads a neighbour solicitation or advertisement in an Ethernet frame.
    ///
    /// Its sender has the address that it asks from, or, where it asks from none, is about to take the one that it asks for; of
    /// an advertisement it has the target. Throws for everything else, and for what RFC 4861, sections 7.1.1 and 7.1.2, has
    /// nobody believe, but for the checksum, which the bridge has not checked.
    public init(reading frame: Span<UInt8>) throws(WireError) {
        var reader = WireReader(frame)
        try reader.skip(6)
        mac = try reader.mac()
        guard try reader.u16() == 0x86DD, try reader.u32() >> 28 == 6 else {
            throw .malformed(offset: 12, field: "EtherType")
        }
        let size = Int(try reader.u16())
        guard try reader.u8() == 58, try reader.u8() == 255, size >= 24 else {
            throw .malformed(offset: 20, field: "Next Header")
        }
        let source = try reader.ipv6()
        try reader.skip(16)
        let type = try reader.u8()
        guard try reader.u8() == 0 else { throw .malformed(offset: 55, field: "Code") }
        try reader.skip(6)  // Checksum, flags.
        let target = try reader.ipv6()
        switch type {
        case 135: address = source == .any ? target : source
        case 136: address = target
        default: throw .malformed(offset: 54, field: "Type")
        }
        guard !target.isMulticast, address != .any, !address.isMulticast, !mac.isMulticast else {
            throw .malformed(offset: 62, field: "Target Address")
        }
    }
}
