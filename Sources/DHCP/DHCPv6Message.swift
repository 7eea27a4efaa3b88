public import NetworkModel
public import Wire

/// A DHCPv6 message between a client and a server (RFC 8415, section 8).
public struct DHCPv6Message: Hashable, Sendable {
    /// RFC 8415, section 7.3, without what relay agents send.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case solicit = 1
        case advertise, request, confirm, renew, rebind, reply, release, decline, reconfigure, informationRequest
    }

    public var kind: Kind
    /// 24 bits, which the answer repeats.
    public var transactionID: UInt32
    public var options = DHCPv6Options()

    public init(_ kind: Kind, transactionID: UInt32) {
        self.kind = kind
        self.transactionID = transactionID & 0xFF_FFFF
    }

    init(reading reader: inout WireReader) throws(WireError) {
        guard let kind = Kind(rawValue: try reader.u8()) else {
            throw .malformed(offset: reader.offset - 1, field: "msg-type")
        }
        self.init(kind, transactionID: UInt32(try reader.u8()) << 16 | UInt32(try reader.u16()))
        options = try DHCPv6Options(reading: &reader)
    }

    func write(to writer: inout WireWriter) {
        writer.u32(UInt32(kind.rawValue) << 24 | transactionID)
        options.write(to: &writer)
    }
}

/// What one relay agent has put around a message (RFC 8415, section 9).
public struct DHCPv6Relay: Hashable, Sendable {
    /// How many relay agents stand between this one and the client.
    public var hopCount: UInt8
    /// Of the client's link; `::` where the agent leaves it to others to say.
    public var linkAddress: IPv6Address
    /// From whom the agent had the message.
    public var peerAddress: IPv6Address
    /// All but the message itself.
    public var options = DHCPv6Options()

    public init(hopCount: UInt8 = 0, linkAddress: IPv6Address, peerAddress: IPv6Address) {
        self.hopCount = hopCount
        self.linkAddress = linkAddress
        self.peerAddress = peerAddress
    }
}

/// What one UDP datagram carries: a message, and the relay agents that it came by or is to go by.
public struct DHCPv6Packet: Hashable, Sendable {
    /// The one nearest to the server first; empty for a client on the server's link.
    public var relays: [DHCPv6Relay] = []
    public var message: DHCPv6Message

    public init(_ message: DHCPv6Message, relays: [DHCPv6Relay] = []) {
        self.message = message
        self.relays = relays
    }

    /// `HOP_COUNT_LIMIT` (RFC 8415, section 7.6).
    private static let relayLimit = 8
    /// In octets: an answer, which repeats what relay agents and clients sent, then fits a datagram in any case.
    private static let sizeLimit = 32_768
    private static let relayForward: UInt8 = 12
    private static let relayReply: UInt8 = 13

    /// Reads the payload of a UDP datagram, that is `bytes` to their end.
    public init(reading bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count <= Self.sizeLimit else { throw .malformed(offset: Self.sizeLimit, field: "message") }
        var content = (0..<bytes.count).map { bytes[$0] }
        var relays: [DHCPv6Relay] = []
        while content.first == Self.relayForward {
            guard relays.count < Self.relayLimit else { throw .malformed(offset: 1, field: "hop-count") }
            let (relay, inner) = try Self.relay(content)
            relays.append(relay)
            content = inner
        }
        var reader = WireReader(content.span)
        self.init(try DHCPv6Message(reading: &reader), relays: relays)
    }

    private static func relay(_ bytes: [UInt8]) throws(WireError) -> (DHCPv6Relay, message: [UInt8]) {
        var reader = WireReader(bytes.span)
        try reader.skip(1)
        let hopCount = try reader.u8()
        var relay = DHCPv6Relay(
            hopCount: hopCount, linkAddress: try reader.ipv6(), peerAddress: try reader.ipv6())
        let options = try DHCPv6Options(reading: &reader)
        guard let message = options[.relayMessage] else { throw .malformed(offset: 34, field: "Relay Message") }
        relay.options = options.without(.relayMessage)
        return (relay, message)
    }

    /// The datagram's payload: a message for a client, within a Relay-reply for each relay agent (RFC 8415, section 19.3).
    public func write(to writer: inout WireWriter) { write(to: &writer, behind: relays[...]) }

    private func write(to writer: inout WireWriter, behind relays: ArraySlice<DHCPv6Relay>) {
        guard let relay = relays.first else { return message.write(to: &writer) }
        writer.u8(Self.relayReply)
        writer.u8(relay.hopCount)
        writer.raw(relay.linkAddress.octets)
        writer.raw(relay.peerAddress.octets)
        relay.options.write(to: &writer)
        writer.u16(DHCPv6Options.Code.relayMessage.rawValue)
        writer.lengthPrefixed { write(to: &$0, behind: relays.dropFirst()) }
    }
}
