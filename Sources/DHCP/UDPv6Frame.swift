public import NetworkModel
internal import Wire

/// The headers of a UDP datagram in one IPv6 packet in one Ethernet frame, as a packet socket delivers it.
///
/// DHCPv6 reads frames to learn who sent them: a message does not say the client's Ethernet address.
public struct UDPv6Frame: Hashable, Sendable {
    public var sourceMAC: MACAddress
    public var source: IPv6Address
    public var destination: IPv6Address
    public var sourcePort: UInt16

    private static let etherTypeIPv6: UInt16 = 0x86DD
    private static let protocolUDP: UInt8 = 17

    /// Reads the headers of a received frame and finds its payload, which is not copied: the range is one of `bytes`.
    ///
    /// Returns nil for whatever is not a whole UDP datagram right behind the IPv6 header, among it packets with extension
    /// headers, which no DHCPv6 client sends. The UDP checksum is not looked at, for the reason that ``UDPFrame`` gives.
    public static func read(_ bytes: Span<UInt8>) -> (headers: UDPv6Frame, payload: Range<Int>)? {
        var reader = WireReader(bytes)
        guard let found = try? read(from: &reader), found.payload.upperBound <= bytes.count else { return nil }
        return found
    }

    private static func read(
        from reader: inout WireReader
    ) throws(WireError) -> (headers: UDPv6Frame, payload: Range<Int>)? {
        try reader.skip(6)
        let mac = MACAddress(UInt64(try reader.u16()) << 32 | UInt64(try reader.u32()))
        guard try reader.u16() == etherTypeIPv6 else { return nil }

        guard try reader.u32() >> 28 == 6 else { return nil }
        let packetSize = Int(try reader.u16())
        guard try reader.u8() == protocolUDP else { return nil }
        try reader.skip(1)  // Hop limit.
        let source = try reader.ipv6()
        let destination = try reader.ipv6()

        let sourcePort = try reader.u16()
        try reader.skip(2)  // Destination port: the socket's filter has looked at it.
        let datagramSize = Int(try reader.u16())
        try reader.skip(2)  // Checksum.
        guard datagramSize >= 8, datagramSize <= packetSize else { return nil }
        let headers = UDPv6Frame(sourceMAC: mac, source: source, destination: destination, sourcePort: sourcePort)
        return (headers, reader.offset..<reader.offset + datagramSize - 8)
    }
}
