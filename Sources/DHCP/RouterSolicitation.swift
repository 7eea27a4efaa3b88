public import NetworkModel
public import Wire

/// An IPv6 Router Solicitation (RFC 4861, section 4.1): a host asks for a ``RouterAdvertisement`` at once.
public struct RouterSolicitation: Hashable, Sendable {
    /// The source link-layer address option; nil where the host has no address yet, and must then be answered by
    /// multicast.
    public let sourceMAC: MACAddress?

    /// Reads an ICMPv6 payload.
    ///
    /// Checks what RFC 4861, section 6.1.1, demands of the message; that the packet had hop limit 255 and a right
    /// checksum is for the caller and the kernel to see to.
    public init(reading bytes: Span<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        guard try reader.u8() == 133 else { throw .malformed(offset: 0, field: "Type") }
        guard try reader.u8() == 0 else { throw .malformed(offset: 1, field: "Code") }
        try reader.skip(6)  // Checksum and reserved.
        var sourceMAC: MACAddress?
        while !reader.isAtEnd {
            let type = try reader.u8()
            let units = Int(try reader.u8())
            guard units > 0 else { throw .malformed(offset: reader.offset - 1, field: "Length") }
            let content = try reader.bytes(units * 8 - 2)
            if type == 1, content.count == 6 { sourceMAC = MACAddress(octets: content) }
        }
        self.sourceMAC = sourceMAC
    }
}
