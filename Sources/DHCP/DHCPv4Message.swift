public import NetworkModel
public import Wire

/// A DHCPv4 message (RFC 2131, section 2), its fields named as there.
///
/// Only Ethernet: a message whose `htype` is not 1 or whose `hlen` is not 6 cannot be read. Neither can plain BOOTP,
/// which has no message type.
public struct DHCPv4Message: Hashable, Sendable {
    /// The `op` field.
    public enum Operation: UInt8, Hashable, Sendable {
        case request = 1
        case reply
    }

    /// The message type option (RFC 2132, section 9.6).
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case discover = 1
        case offer, request, decline, ack, nak, release, inform
    }

    public var op: Operation
    public var kind: Kind
    /// How many relay agents have passed the message on.
    public var hops: UInt8 = 0
    public var xid: UInt32
    /// Seconds since the client began to ask.
    public var secs: UInt16 = 0
    /// Bit 15 is the broadcast flag, the others are reserved; see ``wantsBroadcast``.
    public var flags: UInt16 = 0
    /// The client's address, set only where it can already answer ARP for it.
    public var ciaddr: IPv4Address = .any
    /// "Your" address: the one that the server gives.
    public var yiaddr: IPv4Address = .any
    /// The server to boot from next.
    public var siaddr: IPv4Address = .any
    /// The relay agent's address on the client's link; 0.0.0.0 where there is none between.
    public var giaddr: IPv4Address = .any
    public var chaddr: MACAddress
    /// The boot server's name without its final zeros, at most 64 octets; empty where the field held options.
    public var sname: [UInt8] = []
    /// The boot file's name without its final zeros, at most 128 octets; empty where the field held options.
    public var file: [UInt8] = []
    public var options = Options()

    public init(op: Operation, kind: Kind, xid: UInt32, chaddr: MACAddress) {
        self.op = op
        self.kind = kind
        self.xid = xid
        self.chaddr = chaddr
    }

    /// Whether the client cannot yet receive a frame that is sent to an address of its own (RFC 2131, section 4.1).
    public var wantsBroadcast: Bool {
        get { flags & 0x8000 != 0 }
        set { flags = newValue ? flags | 0x8000 : flags & 0x7FFF }
    }

    private static let magicCookie: UInt32 = 0x6382_5363
    /// What a BOOTP relay agent or client may insist on: 236 octets of header and 64 of vendor area (RFC 951, section
    /// 3).
    private static let minimumSize = 300

    /// Reads the payload of a UDP datagram, that is `bytes` to their end.
    public init(reading bytes: Span<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        guard let op = Operation(rawValue: try reader.u8()) else { throw .malformed(offset: 0, field: "op") }
        guard try reader.u8() == 1 else { throw .malformed(offset: 1, field: "htype") }
        guard try reader.u8() == 6 else { throw .malformed(offset: 2, field: "hlen") }
        let hops = try reader.u8()
        let xid = try reader.u32()
        let secs = try reader.u16()
        let flags = try reader.u16()
        let ciaddr = IPv4Address(try reader.u32())
        let yiaddr = IPv4Address(try reader.u32())
        let siaddr = IPv4Address(try reader.u32())
        let giaddr = IPv4Address(try reader.u32())
        let chaddr = MACAddress(UInt64(try reader.u16()) << 32 | UInt64(try reader.u32()))
        try reader.skip(10)  // The field has 16 octets; beyond `hlen` they mean nothing.
        var sname = try reader.slice(64)
        var file = try reader.slice(128)
        guard try reader.u32() == Self.magicCookie else { throw .malformed(offset: 236, field: "magic cookie") }

        var options = Options()
        try options.read(from: &reader)
        // Options may go on in `file` and then in `sname` (RFC 2131, section 4.1); an overload option in there means
        // nothing.
        let overload = options.u8(.overload) ?? 0
        if overload == 1 || overload == 3 { try options.read(from: &file) }
        if overload == 2 || overload == 3 { try options.read(from: &sname) }
        options[.overload] = nil
        guard let kind = options.u8(.messageType).flatMap(Kind.init(rawValue:)) else {
            throw .malformed(offset: 240, field: "DHCP message type")
        }
        options[.messageType] = nil

        self.init(op: op, kind: kind, xid: xid, chaddr: chaddr)
        self.hops = hops
        self.secs = secs
        self.flags = flags
        self.ciaddr = ciaddr
        self.yiaddr = yiaddr
        self.siaddr = siaddr
        self.giaddr = giaddr
        self.options = options
        if overload != 1, overload != 3 { self.file = file.terminated() }
        if overload != 2, overload != 3 { self.sname = sname.terminated() }
    }

    /// Writes the message, padded to 300 octets.
    ///
    /// The receiver takes at most `limit` octets: at least 548, since every client takes a datagram of 576 octets (RFC
    /// 2131, section 2). Where the options are longer, the ones it can best do without are left out.
    public func write(to writer: inout WireWriter, limit: Int = 548) {
        let start = writer.count
        writer.u8(op.rawValue)
        writer.u8(1)  // htype: Ethernet
        writer.u8(6)  // hlen
        writer.u8(hops)
        writer.u32(xid)
        writer.u16(secs)
        writer.u16(flags)
        writer.u32(ciaddr.value)
        writer.u32(yiaddr.value)
        writer.u32(siaddr.value)
        writer.u32(giaddr.value)
        writer.mac(chaddr)
        writer.pad(toCount: start + 44)
        writer.raw(sname.prefix(64))
        writer.pad(toCount: start + 108)
        writer.raw(file.prefix(128))
        writer.pad(toCount: start + 236)
        writer.u32(Self.magicCookie)
        writeOptions(options, to: &writer)
        if writer.count - start > limit {
            var kept = options
            for code in Self.dispensable where writer.count - start > limit && kept[code] != nil {
                kept[code] = nil
                writer.removeAll(behind: start + 240)
                writeOptions(kept, to: &writer)
            }
        }
        writer.pad(toCount: start + Self.minimumSize)
    }

    private func writeOptions(_ options: Options, to writer: inout WireWriter) {
        writer.u8(OptionCode.messageType.rawValue)
        writer.u8(1)
        writer.u8(kind.rawValue)
        options.write(to: &writer)
    }

    /// What a client or relay agent can do without, the least important first.
    private static let dispensable: [OptionCode] = [
        .message, .hostName, .broadcastAddress, .domainName, .interfaceMTU, .nameServers, .routers, .clientIdentifier,
        .relayAgent,
    ]
}
