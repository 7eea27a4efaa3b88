internal import NetworkModel

/// One message that is to be answered, with what is known of its sender.
struct DHCPv6Request {
    let packet: DHCPv6Packet
    let origin: DHCPv6Origin
    let associations: [IdentityAssociation]
    /// Empty only in an Information-request.
    let duid: [UInt8]
    let mac: MACAddress?
    let name: String?
    /// Whether the client's name belongs to another machine in IPv4.
    let isNameTaken: Bool

    var options: DHCPv6Options { packet.message.options }

    init(
        _ packet: DHCPv6Packet, _ origin: DHCPv6Origin, _ plan: DHCPv6Plan, _ nameHolder: (String) -> MACAddress?
    ) {
        self.packet = packet
        self.origin = origin
        let options = packet.message.options
        associations = Array(options.associations.prefix(DHCPv6Server.associationLimit))
        duid = options[.clientIdentifier] ?? []
        // The relay agent on the client's link has seen its frame (RFC 6939, section 4).
        mac = packet.relays.isEmpty ? origin.mac : packet.relays.last?.clientMAC
        name = plan.name(stated: HostName.stated(in: options), by: mac)
        isNameTaken = name.flatMap(nameHolder).map { [mac] in $0 != mac } ?? false
    }

    /// Who asks for one association; a client that states no name is known by the one it stated last.
    func client(_ association: IdentityAssociation, in book: AddressBook<DHCPv6Plan>) -> DHCPv6Client {
        let identity = DHCPv6Client.Identity(kind: association.kind, duid: duid, iaid: association.iaid, mac: mac)
        guard name == nil, !options.contains(.clientFQDN) else { return DHCPv6Client(identity, name: name) }
        let nameless = DHCPv6Client(identity, name: nil)
        let known =
            book.offers(to: nameless).first.flatMap(book.nameInOffer) ?? book.leases(of: nameless).first?.hostName
        return DHCPv6Client(identity, name: known)
    }

    /// Where a prefix for the client leads to.
    func router(for kind: IPv6Lease.Kind) -> IPv6Address? {
        kind == .prefix && packet.relays.isEmpty && origin.source.isLinkLocal ? origin.source : nil
    }

    /// Whether the client asks for the option; one that does not say what it wants is taken to want everything.
    func wants(_ code: DHCPv6Options.Code) -> Bool { options.requested?.contains(code) ?? true }
}

extension DHCPv6Relay {
    fileprivate var clientMAC: MACAddress? {
        guard let octets = options[.clientLinkLayerAddress], octets.starts(with: [0, 1]) else { return nil }
        return MACAddress(octets: octets.dropFirst(2))
    }
}
