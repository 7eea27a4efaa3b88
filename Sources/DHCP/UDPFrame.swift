public import NetworkModel
public import Wire

/// The headers of a UDP datagram in one IPv4 packet in one Ethernet frame: what a packet socket (AF_PACKET, SOCK_RAW)
/// sends and receives.
///
/// DHCP needs it because a client has to be spoken to before it has an address.
public struct UDPFrame: Hashable, Sendable {
    public struct Endpoint: Hashable, Sendable {
        public var mac: MACAddress
        public var address: IPv4Address
        public var port: UInt16

        public init(_ mac: MACAddress, _ address: IPv4Address, _ port: UInt16) {
            self.mac = mac
            self.address = address
            self.port = port
        }
    }

    public var source: Endpoint
    public var destination: Endpoint

    public init(from source: Endpoint, to destination: Endpoint) {
        self.source = source
        self.destination = destination
    }

    private static let etherTypeIPv4: UInt16 = 0x0800
    private static let protocolUDP: UInt8 = 17

    /// Reads the headers of a received frame and finds its payload, which is not copied: the range is one of `bytes`.
    ///
    /// Returns nil for whatever is not a whole UDP datagram in IPv4: other protocols, frames with an 802.1Q tag,
    /// fragments, and lengths that contradict each other. Octets behind the IPv4 packet are padding.
    ///
    /// The UDP checksum is not looked at. A guest whose network card computes checksums hands over frames that hold
    /// only part of it, and on the way from a guest to its host no card ever completes it.
    public static func read(_ bytes: Span<UInt8>) -> (headers: UDPFrame, payload: Range<Int>)? {
        var reader = WireReader(bytes)
        guard let found = try? read(from: &reader), found.payload.upperBound <= bytes.count else { return nil }
        return found
    }

    private static func read(
        from reader: inout WireReader
    ) throws(WireError) -> (headers: UDPFrame, payload: Range<Int>)? {
        let destinationMAC = try reader.mac()
        let sourceMAC = try reader.mac()
        guard try reader.u16() == etherTypeIPv4 else { return nil }

        let versionAndLength = try reader.u8()
        let headerSize = Int(versionAndLength & 0x0F) * 4
        guard versionAndLength >> 4 == 4, headerSize >= 20 else { return nil }
        try reader.skip(1)  // Type of service.
        let packetSize = Int(try reader.u16())
        try reader.skip(2)  // Identification.
        // More fragments follow, or this one is not the first: 14 of the 16 bits; the others are DF and reserved.
        guard try reader.u16() & 0x3FFF == 0 else { return nil }
        try reader.skip(1)  // Time to live.
        guard try reader.u8() == protocolUDP else { return nil }
        try reader.skip(2)  // Header checksum.
        let source = IPv4Address(try reader.u32())
        let destination = IPv4Address(try reader.u32())
        try reader.skip(headerSize - 20)

        let sourcePort = try reader.u16()
        let destinationPort = try reader.u16()
        let datagramSize = Int(try reader.u16())
        try reader.skip(2)  // Checksum.
        guard datagramSize >= 8, headerSize + datagramSize <= packetSize else { return nil }
        let headers = UDPFrame(
            from: Endpoint(sourceMAC, source, sourcePort), to: Endpoint(destinationMAC, destination, destinationPort))
        return (headers, reader.offset..<reader.offset + datagramSize - 8)
    }

    /// Writes the whole frame around what `payload` writes, at most 65,507 octets, with both checksums.
    public func write(to writer: inout WireWriter, payload: (inout WireWriter) -> Void) {
        writer.mac(destination.mac)
        writer.mac(source.mac)
        writer.u16(Self.etherTypeIPv4)

        let packetStart = writer.count
        writer.u8(0x45)  // Version 4, a header of 5 words.
        writer.u8(0x10)  // Low delay, as DHCP servers commonly ask for.
        writer.u16(0)  // The packet's size.
        writer.u16(0)  // Identification: means nothing where a packet is not to be fragmented (RFC 6864, section 4.1).
        writer.u16(0x4000)  // Don't fragment.
        writer.u8(64)  // Time to live.
        writer.u8(Self.protocolUDP)
        writer.u16(0)  // The header's checksum.
        writer.u32(source.address.value)
        writer.u32(destination.address.value)

        let datagramStart = writer.count
        writer.u16(source.port)
        writer.u16(destination.port)
        writer.u16(0)  // The datagram's size.
        writer.u16(0)  // Its checksum.
        payload(&writer)

        let datagramSize = UInt16(writer.count - datagramStart)
        writer.patch16(at: packetStart + 2, UInt16(writer.count - packetStart))
        writer.patch16(at: datagramStart + 4, datagramSize)
        var (header, datagram) = (InternetChecksum(), InternetChecksum())
        header.add(writer.bytes.span.extracting(packetStart..<datagramStart))
        writer.patch16(at: packetStart + 10, header.value)
        datagram.add(writer.bytes.span.extracting(droppingFirst: datagramStart))
        // The pseudo header (RFC 768).
        datagram.add(source.address)
        datagram.add(destination.address)
        datagram.add(UInt16(Self.protocolUDP))
        datagram.add(datagramSize)
        // Zero would mean that there is no checksum.
        writer.patch16(at: datagramStart + 6, datagram.value == 0 ? 0xFFFF : datagram.value)
    }
}

extension WireReader {
    mutating func mac() throws(WireError) -> MACAddress {
        MACAddress(UInt64(try u16()) << 32 | UInt64(try u32()))
    }
}

extension WireWriter {
    mutating func mac(_ address: MACAddress) {
        u16(UInt16(truncatingIfNeeded: address.value >> 32))
        u32(UInt32(truncatingIfNeeded: address.value))
    }
}

extension DHCPv4Reply {
    public static let serverPort: UInt16 = 67
    public static let clientPort: UInt16 = 68

    /// Writes the reply as a frame from the server of the given addresses.
    ///
    /// False, and nothing written, where it is for a relay agent, which can answer ARP: that one is sent from a UDP socket.
    public func writeFrame(from mac: MACAddress, _ address: IPv4Address, to writer: inout WireWriter) -> Bool {
        let client: UDPFrame.Endpoint
        switch destination {
        case .relay: return false
        case .unicast(let address, let mac): client = .init(mac, address, Self.clientPort)
        case .broadcast: client = .init(.broadcast, .broadcast, Self.clientPort)
        }
        UDPFrame(from: .init(mac, address, Self.serverPort), to: client).write(to: &writer) {
            message.write(to: &$0, limit: sizeLimit)
        }
        return true
    }
}
