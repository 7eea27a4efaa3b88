import DHCP
public import NetworkModel
import TestSupport
import Wire

/// A configuration of 10.0.0.0/24, server at .1, with what a test changes.
func configuration(
    _ change: (inout ServiceConfiguration.DHCP) -> Void = { _ in }
) -> ServiceConfiguration.DHCP {
    var configuration = ServiceConfiguration.DHCP(serverAddress: "10.0.0.1", subnet: "10.0.0.0/24")
    configuration.ranges = [.init(start: "10.0.0.100", end: "10.0.0.199", leaseSeconds: 3_600)]
    configuration.routers = ["10.0.0.1"]
    configuration.nameServers = ["10.0.0.1"]
    change(&configuration)
    return configuration
}

func reservation(
    mac: MACAddress? = nil, name: String? = nil, _ address: IPv4Address, leaseSeconds: UInt32 = 7_200
) -> ServiceConfiguration.DHCP.Reservation {
    .init(mac: mac, name: name, address: address, leaseSeconds: leaseSeconds)
}

extension WallTime: ExpressibleByIntegerLiteral {
    public init(integerLiteral seconds: Int64) { self.init(seconds: seconds) }
}

/// When most tests happen.
let noon: WallTime = 1_700_000_000

extension DHCPv4Message {
    init(_ bytes: some Sequence<UInt8>) throws(WireError) {
        let bytes = Array(bytes)
        try self.init(reading: bytes.span)
    }
}

/// One guest, whose messages have what RFC 2131, table 5, demands and what a test adds.
struct Guest {
    var mac: MACAddress
    var identifier: [UInt8]?
    var name: String?
    var server: IPv4Address = "10.0.0.1"

    init(_ mac: MACAddress, identifier: [UInt8]? = nil, name: String? = nil) {
        self.mac = mac
        self.identifier = identifier
        self.name = name
    }

    init(number: Int) { self.init(MACAddress(0x5254_0000_0000 + UInt64(number))) }

    func message(
        _ kind: DHCPv4Message.Kind, _ change: (inout DHCPv4Message) -> Void = { _ in }
    ) -> DHCPv4Message {
        var message = DHCPv4Message(op: .request, kind: kind, xid: 0x1234_5678, chaddr: mac)
        message.options[.clientIdentifier] = identifier
        if let name { message.options.set(.hostName, text: name) }
        change(&message)
        return message
    }

    func discover(wanting address: IPv4Address? = nil) -> DHCPv4Message {
        message(.discover) { if let address { $0.options.set(.requestedAddress, address) } }
    }

    func select(_ address: IPv4Address, of server: IPv4Address? = nil) -> DHCPv4Message {
        message(.request) {
            $0.options.set(.requestedAddress, address)
            $0.options.set(.serverIdentifier, server ?? self.server)
        }
    }

    func reboot(_ address: IPv4Address) -> DHCPv4Message {
        message(.request) { $0.options.set(.requestedAddress, address) }
    }

    func renew(_ address: IPv4Address) -> DHCPv4Message { message(.request) { $0.ciaddr = address } }

    func decline(_ address: IPv4Address) -> DHCPv4Message {
        message(.decline) {
            $0.options.set(.requestedAddress, address)
            $0.options.set(.serverIdentifier, server)
        }
    }

    func release(_ address: IPv4Address) -> DHCPv4Message {
        message(.release) {
            $0.ciaddr = address
            $0.options.set(.serverIdentifier, server)
        }
    }
}

/// What a decision comes to, in a form that a table can hold.
enum Outcome: Hashable, CustomStringConvertible {
    case offer(IPv4Address)
    case ack(IPv4Address)
    case nak(DHCPv4Decision.Refusal)
    case information
    case commit([LeaseChange])
    case ignore(DHCPv4Decision.Silence)
    case other

    var description: String {
        switch self {
        case .offer(let address): "OFFER \(address)"
        case .ack(let address): "ACK \(address)"
        case .nak(let refusal): "NAK: \(refusal.rawValue)"
        case .information: "ACK of INFORM"
        case .commit(let changes): "commit \(changes)"
        case .ignore(let silence): "silence: \(silence.rawValue)"
        case .other: "a reply that does not fit its decision"
        }
    }
}

extension DHCPv4Decision {
    var reply: DHCPv4Reply? {
        switch self {
        case .commitThenReply(_, let reply), .reply(let reply): reply
        case .commit, .ignore: nil
        }
    }

    var changes: [LeaseChange] {
        switch self {
        case .commitThenReply(let changes, _), .commit(let changes): changes
        case .reply, .ignore: []
        }
    }

    var outcome: Outcome {
        switch self {
        case .commit(let changes): return .commit(changes)
        case .ignore(let silence): return .ignore(silence)
        case .commitThenReply(_, let reply):
            return reply.message.kind == .ack ? .ack(reply.message.yiaddr) : .other
        case .reply(let reply):
            switch reply.message.kind {
            case .offer: return .offer(reply.message.yiaddr)
            case .ack: return reply.message.yiaddr == .any ? .information : .other
            case .nak:
                let text = String(decoding: reply.message.options[.message] ?? [], as: UTF8.self)
                return Refusal(rawValue: text).map(Outcome.nak) ?? .other
            default: return .other
            }
        }
    }
}

extension DHCPv4Server {
    init(_ configuration: ServiceConfiguration.DHCP) { self.init(configuration: configuration, leases: []) }

    /// Takes a guest through DISCOVER and REQUEST; nil where it does not get an address.
    @discardableResult
    mutating func serve(_ guest: Guest, wanting address: IPv4Address? = nil, now: WallTime = noon) -> IPv4Address? {
        guard case .offer(let offered) = handle(guest.discover(wanting: address), now: now).outcome,
            case .ack(let given) = handle(guest.select(offered), now: now).outcome
        else { return nil }
        return given
    }

    func lease(of address: IPv4Address) -> Lease? { leases.first { $0.address == address } }
}

/// What is on disk after these changes.
func replay(_ changes: [LeaseChange], onto leases: inout [IPv4Address: Lease]) {
    for change in changes {
        switch change {
        case .store(let lease): leases[lease.address] = lease
        case .remove(let address): leases[address] = nil
        case .storeIPv6, .removeIPv6: break
        }
    }
}

extension UDPFrame {
    /// The frame around `payload`, behind octets that are not its own.
    func frame(carrying payload: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.raw([0xAA, 0xBB, 0xCC])
        write(to: &writer) { $0.raw(payload) }
        return Array(writer.bytes.dropFirst(3))
    }
}

extension DHCPv4Reply {
    /// The frame that the reply goes out in; nil where it goes in none.
    func frame(from mac: MACAddress, _ address: IPv4Address) -> [UInt8]? {
        var writer = WireWriter()
        return writeFrame(from: mac, address, to: &writer) ? writer.bytes : nil
    }
}
