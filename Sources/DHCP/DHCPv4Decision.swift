public import NetworkModel
internal import Wire

/// What the caller is to do about a message; the server itself does nothing.
public enum DHCPv4Decision: Hashable, Sendable {
    /// Put all the changes on disk at once, and only then send the reply: a lease a client knows of survives a crash.
    case commitThenReply([LeaseChange], DHCPv4Reply)
    /// Send the reply; nothing that must last has changed.
    case reply(DHCPv4Reply)
    /// Put the changes on disk; nobody waits for an answer. Empty where an address that was only offered is set aside.
    case commit([LeaseChange])
    case ignore(Silence)

    /// Why a message gets no answer.
    public enum Silence: String, Hashable, Sendable {
        /// `op` or the message type is one that servers send.
        case notFromClient
        /// `chaddr` is zero or a group address.
        case hardwareAddressNotUnicast
        /// `giaddr` is no relay agent on this subnet.
        case foreignRelay
        /// The client speaks to, or has chosen, the server of another identifier.
        case foreignServer
        /// The address is not of this subnet.
        case foreignSubnet
        /// Fields that must be set are not, or the other way round (RFC 2131, table 5).
        case contradictory
        /// The client does not hold the address it speaks of.
        case notHeld
        case noAddressFree
        /// As many offers wait for an answer as this server keeps.
        case tooManyOffers
    }

    /// Why a DHCPNAK is sent, with the text of its message option (RFC 2132, section 9.9).
    public enum Refusal: String, Hashable, Sendable {
        case foreignSubnet = "address is of another subnet"
        case notGivenOut = "address is not given out here"
        case reservedForAnother = "address is reserved for another client"
        case reservedElsewhere = "another address is reserved for this client"
        case leasedElsewhere = "client holds another address"
        case heldByAnother = "address is held by another client"
        case offeredToAnother = "address is offered to another client"
        case setAside = "address was declined a short time ago"

        init(_ conflict: AddressConflict) {
            self =
                switch conflict {
                case .setAside: .setAside
                case .heldByAnother: .heldByAnother
                case .offeredToAnother: .offeredToAnother
                }
        }
    }
}

/// A message for a client, and how it gets there.
public struct DHCPv4Reply: Hashable, Sendable {
    public var message: DHCPv4Message
    public var destination: Destination
    /// The most octets of UDP payload the client takes; at least 548.
    public var sizeLimit: Int

    /// RFC 2131, section 4.1.
    public enum Destination: Hashable, Sendable {
        /// By UDP to port 67 of the relay agent.
        case relay(IPv4Address)
        /// In a frame of its own to port 68: the client cannot answer ARP for the address yet.
        case unicast(IPv4Address, MACAddress)
        /// In a frame to all, from which the client takes what bears its `xid`, to 255.255.255.255, port 68.
        case broadcast
    }

    public init(message: DHCPv4Message, destination: Destination, sizeLimit: Int = 548) {
        self.message = message
        self.destination = destination
        self.sizeLimit = sizeLimit
    }

    /// The message as a UDP payload.
    public var payload: [UInt8] {
        var writer = WireWriter(reserving: 512)
        message.write(to: &writer, limit: sizeLimit)
        return writer.bytes
    }
}
