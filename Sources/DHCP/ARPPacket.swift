public import NetworkModel
public import Wire

/// An ARP packet for IPv4 in an Ethernet frame (RFC 826).
public struct ARPPacket: Hashable, Sendable {
    public var isReply: Bool
    public var senderMAC: MACAddress
    /// `0.0.0.0` in a probe (RFC 5227, section 2.1.1).
    public var sender: IPv4Address
    public var target: IPv4Address

    private static let etherType: UInt16 = 0x0806
    private static let broadcast = MACAddress(0xFFFF_FFFF_FFFF)

    /// Who has `address`? Asked by a host that claims nothing by it.
    public init(probing address: IPv4Address, from mac: MACAddress) {
        isReply = false
        senderMAC = mac
        sender = .any
        target = address
    }

    /// Reads a frame; throws also where its sender is another than the frame's.
    public init(reading frame: Span<UInt8>) throws(WireError) {
        var reader = WireReader(frame)
        try reader.skip(6)
        let source = try reader.mac()
        let start = reader.offset
        guard try reader.u16() == Self.etherType, try reader.u16() == 1, try reader.u16() == 0x0800,
            try reader.u8() == 6, try reader.u8() == 4
        else { throw .malformed(offset: start, field: "ARP") }
        isReply = try reader.u16() == 2
        senderMAC = try reader.mac()
        guard senderMAC == source else { throw .malformed(offset: start, field: "ar$sha") }
        sender = IPv4Address(try reader.u32())
        try reader.skip(6)
        target = IPv4Address(try reader.u32())
    }

    /// Writes a frame to everybody on the link, filled up to the least that Ethernet has.
    public func writeFrame(to writer: inout WireWriter) {
        let start = writer.count
        writer.mac(Self.broadcast)
        writer.mac(senderMAC)
        writer.u16(Self.etherType)
        writer.u16(1)
        writer.u16(0x0800)
        writer.u8(6)
        writer.u8(4)
        writer.u16(isReply ? 2 : 1)
        writer.mac(senderMAC)
        writer.u32(sender.value)
        writer.mac(MACAddress(0))
        writer.u32(target.value)
        writer.pad(toCount: start + 60)
    }
}
