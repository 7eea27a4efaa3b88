public import NetworkModel
internal import Wire

/// What the caller is to do about a message; the server itself does nothing.
public enum DHCPv6Decision: Hashable, Sendable {
    /// Put all the changes on disk at once, and only then send the reply.
    case commitThenReply([LeaseChange], DHCPv6Reply)
    /// Send the reply; nothing that must last has changed.
    case reply(DHCPv6Reply)
    case ignore(Silence)

    /// Why a message gets no answer.
    public enum Silence: String, Hashable, Sendable {
        /// A message that servers send.
        case notFromClient
        /// It lacks an identifier that it must have, or has one or an option that it must not have (RFC 8415, section 16).
        case contradictory
        /// The client identifier is shorter than 3 or longer than 130 octets (RFC 8415, section 11.1).
        case strangeIdentifier
        /// The client has chosen the server of another identifier.
        case foreignServer
        /// It was sent to this server alone and must go to all (RFC 8415, section 16).
        case notMulticast
        /// The relay agent stands on another link.
        case foreignRelay
        /// A Confirm without addresses, about which there is nothing to say.
        case nothingToConfirm
        /// As many offers wait for an answer as this server keeps.
        case tooManyOffers
    }
}

/// How a message came.
public struct DHCPv6Origin: Hashable, Sendable {
    /// The client's own address, or that of the relay agent nearest to the server.
    public var source: IPv6Address
    public var sourcePort: UInt16
    /// The client's Ethernet address; nil where a relay agent sent the message.
    public var mac: MACAddress?
    /// Whether it was sent to an address of this host instead of to all servers.
    public var isUnicast: Bool

    public init(source: IPv6Address, sourcePort: UInt16 = 546, mac: MACAddress?, isUnicast: Bool = false) {
        self.source = source
        self.sourcePort = sourcePort
        self.mac = mac
        self.isUnicast = isUnicast
    }
}

/// A message for a client, to be sent by UDP from port 547.
public struct DHCPv6Reply: Hashable, Sendable {
    public var packet: DHCPv6Packet
    public var destination: IPv6Address
    public var port: UInt16

    public static let serverPort: UInt16 = 547
    public static let clientPort: UInt16 = 546

    /// The answer to a packet, by the way that it came (RFC 8415, section 18.3.10 and 19.3).
    init(_ message: DHCPv6Message, to packet: DHCPv6Packet, from origin: DHCPv6Origin) {
        self.packet = DHCPv6Packet(message, relays: packet.relays.map(\.answer))
        destination = origin.source
        port =
            switch packet.relays.first {
            case nil: Self.clientPort
            // An agent that says so listens on the port that it sent from (RFC 8357, section 5.4).
            case let relay?: relay.options.contains(.relaySourcePort) ? origin.sourcePort : Self.serverPort
            }
    }

    public var payload: [UInt8] {
        var writer = WireWriter(reserving: 512)
        packet.write(to: &writer)
        return writer.bytes
    }
}

extension DHCPv6Relay {
    /// The same agent's part of the answer: what tells it the client's link, and what it asks to have back (RFC 4994).
    fileprivate var answer: Self {
        var answer = DHCPv6Relay(hopCount: hopCount, linkAddress: linkAddress, peerAddress: peerAddress)
        var echoed: [DHCPv6Options.Code] = [.interfaceID, .relaySourcePort]
        if let wish = options[.echoRequest], wish.count.isMultiple(of: 2) {
            for index in stride(from: 0, to: wish.count, by: 2) {
                let code = DHCPv6Options.Code(rawValue: UInt16(wish[index]) << 8 | UInt16(wish[index + 1]))
                if !echoed.contains(code), code != .relayMessage { echoed.append(code) }
            }
        }
        for code in echoed { for value in options.all(code) { answer.options.append(code, value) } }
        return answer
    }
}
