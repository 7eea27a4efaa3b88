import DHCP
import NetworkModel
import TestSupport
import Testing
import Wire

/// A configuration of fd00::/64, server at ::1, with what a test changes.
func ipv6Configuration(
    _ change: (inout ServiceConfiguration.DHCPv6) -> Void = { _ in }
) -> ServiceConfiguration.DHCPv6 {
    var configuration = ServiceConfiguration.DHCPv6(
        serverIdentifier: [0, 4, 0xAA], serverAddress: "fd00::1", subnet: "fd00::/64")
    configuration.ranges = [.init(start: "fd00::100", end: "fd00::1ff", leaseSeconds: 3_600)]
    configuration.nameServers = ["fd00::1"]
    configuration.domain = "lab.test"
    change(&configuration)
    return configuration
}

/// One guest, whose messages have what RFC 8415, section 18.2, demands and what a test adds.
struct IPv6Guest {
    var mac: MACAddress?
    var duid: [UInt8]
    var iaid: UInt32 = 7
    var kind: IPv6Lease.Kind = .address
    var name: String?
    var server: [UInt8]? = [0, 4, 0xAA]

    init(number: UInt8, name: String? = nil) {
        mac = MACAddress(0x5254_0000_0000 + UInt64(number))
        duid = [0, 4, number, number]
        self.name = name
    }

    var origin: DHCPv6Origin { DHCPv6Origin(source: "fe80::7", mac: mac) }

    func association(_ claimed: [IPv6Subnet] = []) -> IdentityAssociation {
        var association = IdentityAssociation(kind, iaid: iaid)
        association.parts = claimed.map { .init($0, lifetime: 0) }
        return association
    }

    func message(
        _ kind: DHCPv6Message.Kind, claiming claimed: [IPv6Subnet] = [], withServer: Bool = false,
        _ change: (inout DHCPv6Message) -> Void = { _ in }
    ) -> DHCPv6Packet {
        var message = DHCPv6Message(kind, transactionID: 0x12_3456)
        message.options.append(.clientIdentifier, duid)
        if withServer, let server { message.options.append(.serverIdentifier, server) }
        message.options.append(.optionRequest, [0, 23, 0, 24, 0, 39])
        if kind != .informationRequest { message.options.append(association(claimed)) }
        if let name { message.options.append(.clientFQDN, [1, UInt8(name.utf8.count)] + Array(name.utf8)) }
        change(&message)
        return DHCPv6Packet(message)
    }

    var solicit: DHCPv6Packet { message(.solicit) }
    func request(_ claimed: IPv6Subnet...) -> DHCPv6Packet { message(.request, claiming: claimed, withServer: true) }
    func renew(_ claimed: IPv6Subnet...) -> DHCPv6Packet { message(.renew, claiming: claimed, withServer: true) }
    func rebind(_ claimed: IPv6Subnet...) -> DHCPv6Packet { message(.rebind, claiming: claimed) }
    func confirm(_ claimed: IPv6Subnet...) -> DHCPv6Packet { message(.confirm, claiming: claimed) }
    func release(_ claimed: IPv6Subnet...) -> DHCPv6Packet { message(.release, claiming: claimed, withServer: true) }
    func decline(_ claimed: IPv6Subnet...) -> DHCPv6Packet { message(.decline, claiming: claimed, withServer: true) }
}

extension DHCPv6Decision {
    var reply: DHCPv6Reply? {
        switch self {
        case .commitThenReply(_, let reply), .reply(let reply): reply
        case .ignore: nil
        }
    }

    var changes: [LeaseChange] { if case .commitThenReply(let changes, _) = self { changes } else { [] } }

    /// What it comes to, in a form that a table can hold: `reply fd00::100/128 3600`, a status behind an association with `!`,
    /// one of the whole message in brackets, a leading `+` where something is committed first.
    var text: String {
        guard let reply else {
            guard case .ignore(let silence) = self else { return "" }
            return "silence: \(silence.rawValue)"
        }
        let options = reply.packet.message.options
        var words = [reply.packet.message.kind == .advertise ? "advertise" : "reply"]
        if let status = options[.status] { words.append("[\(status[1])]") }
        for association in options.associations {
            words += association.parts.map { "\($0.prefix) \($0.validLifetime)" }
            if association.status != .success { words.append("!\(association.status.rawValue)") }
        }
        return (changes.isEmpty ? "" : "+") + words.joined(separator: " ")
    }
}

extension DHCPv6Server {
    init(_ configuration: ServiceConfiguration.DHCPv6) { self.init(configuration: configuration, leases: []) }

    mutating func handle(_ packet: DHCPv6Packet, from guest: IPv6Guest, now: WallTime = noon) -> DHCPv6Decision {
        handle(packet, from: guest.origin, now: now)
    }

    /// Takes a guest through Solicit and Request; nil where it gets nothing.
    @discardableResult
    mutating func serve(_ guest: IPv6Guest, now: WallTime = noon) -> IPv6Subnet? {
        let offered = handle(guest.solicit, from: guest, now: now).prefix
        guard let offered else { return nil }
        return handle(guest.request(offered), from: guest, now: now).prefix
    }
}

extension DHCPv6Server {
    mutating func mustServe(_ guest: IPv6Guest) throws -> IPv6Subnet {
        let given = serve(guest)
        return try #require(given)
    }
}

extension DHCPv6Decision {
    /// The first address or prefix that is given.
    var prefix: IPv6Subnet? {
        reply?.packet.message.options.associations.flatMap(\.parts).first { $0.validLifetime > 0 }?.prefix
    }
}

/// What is on disk after these changes.
func replay(_ changes: [LeaseChange], onto leases: inout [IPv6Subnet: IPv6Lease]) {
    for change in changes {
        switch change {
        case .storeIPv6(let lease): leases[lease.prefix] = lease
        case .removeIPv6(let prefix): leases[prefix] = nil
        case .store, .remove: break
        }
    }
}
