public import NetworkModel

/// The DHCPv6 server of one subnet (RFC 8415): rules and leases, without a socket, a clock or a disk.
///
/// As with IPv4 it is the only authority on its link: what a client says it has and could have is given to it again, as after
/// the loss of the leases, and what it cannot have is ended at once. Each identity association is given one address or prefix.
///
/// All it remembers is bounded by the number of addresses and prefixes that the configuration gives out.
public struct DHCPv6Server: Sendable {
    var addresses: AddressBook<DHCPv6Plan>
    var prefixes: AddressBook<DHCPv6Plan>
    var incidents: [DHCPIncident] = []

    /// Offers that wait for an answer, of either kind.
    static let offerLimit = 65_536
    /// Declined addresses that are set aside.
    static let quarantineLimit = 1_024
    /// Associations of one message that are looked at; no honest client has as many.
    static let associationLimit = 32

    /// Goes on with the leases that are on disk.
    ///
    /// Those that have ended or that the configuration does not permit keep no address from anybody; the next
    /// ``expire(now:)`` removes them.
    public init(configuration: ServiceConfiguration.DHCPv6, leases: [IPv6Lease]) {
        addresses = AddressBook(.addresses(of: configuration), leases: leases.filter { $0.kind != .prefix })
        prefixes = AddressBook(.prefixes(of: configuration), leases: leases.filter { $0.kind == .prefix })
    }

    public var configuration: ServiceConfiguration.DHCPv6 { addresses.plan.configuration }

    /// Addresses and then prefixes, in ascending order: always what is on disk once every change handed out is there.
    public var leases: [IPv6Lease] { addresses.leases + prefixes.leases }

    /// How many addresses and prefixes are leased or promised.
    public var givenCount: Int {
        addresses.leaseCount + addresses.offerCount + prefixes.leaseCount + prefixes.offerCount
    }
    /// The Ethernet addresses of the clients that have leases, in no order.
    public var holders: [MACAddress] { addresses.holders + prefixes.holders }
    /// How many addresses the ranges hold, or prefixes the blocks, whichever are more.
    public var poolSize: Int { max(addresses.plan.rangeCount, prefixes.plan.rangeCount) }

    /// Takes what people should hear of the decisions so far.
    public mutating func takeIncidents() -> [DHCPIncident] {
        defer { incidents = [] }
        return incidents
    }

    /// Takes a new configuration; leases that it permits go on as they are, the others are removed.
    public mutating func reconfigure(_ configuration: ServiceConfiguration.DHCPv6) -> [LeaseChange] {
        let dropped =
            addresses.adopt(.addresses(of: configuration)) + prefixes.adopt(.prefixes(of: configuration))
        return dropped.map { .removeIPv6($0) }
    }

    /// Removes leases that have ended or are not permitted, and forgets offers that nobody took.
    ///
    /// To be called every few seconds; its cost is linear in the number of addresses in use.
    public mutating func expire(now: WallTime) -> [LeaseChange] {
        (addresses.sweep(now: now) + prefixes.sweep(now: now)).map { .removeIPv6($0) }
    }

    /// Ends the lease of an address, or of the prefix that begins with it, because a person says so.
    ///
    /// Empty where there is no such lease.
    public mutating func release(_ address: IPv6Address, now: WallTime) -> [LeaseChange] {
        var changes: [LeaseChange] = []
        for lease in leases where lease.prefix.base == address {
            if lease.kind == .prefix {
                prefixes.removeLease(of: lease.prefix, now: now)
                prefixes.forgetHolder(of: lease.prefix)
            } else {
                addresses.removeLease(of: lease.prefix, now: now)
                addresses.forgetHolder(of: lease.prefix)
            }
            changes.append(.removeIPv6(lease.prefix))
        }
        return changes
    }

    /// Decides about one packet, as if all decisions before had been carried out.
    ///
    /// `nameHolder` tells the Ethernet address that has a name in IPv4 now: no other machine is to get that name.
    public mutating func handle(
        _ packet: DHCPv6Packet, from origin: DHCPv6Origin, now: WallTime,
        nameHolder: (String) -> MACAddress? = { _ in nil }
    ) -> DHCPv6Decision {
        if let silence = reasonToIgnore(packet, origin) { return .ignore(silence) }
        let request = DHCPv6Request(packet, origin, addresses.plan, nameHolder)
        // No client was ever told that it may send to this server alone (sections 18.3.2, 18.3.4, 18.3.7 and 18.3.8).
        guard !Self.isUnicast(packet, origin) else { return .reply(answer(request, status: .useMulticast)) }
        switch packet.message.kind {
        case .solicit: return solicit(request, now)
        case .request, .renew, .rebind: return assign(request, now)
        case .confirm: return confirm(request)
        case .release: return release(request, now)
        case .decline: return decline(request, now)
        case .informationRequest: return .reply(information(request))
        case .advertise, .reply, .reconfigure: return .ignore(.notFromClient)
        }
    }

    /// RFC 8415, section 16.
    private func reasonToIgnore(_ packet: DHCPv6Packet, _ origin: DHCPv6Origin) -> DHCPv6Decision.Silence? {
        let kind = packet.message.kind
        let options = packet.message.options
        guard ![.advertise, .reply, .reconfigure].contains(kind) else { return .notFromClient }
        // The link that the agent nearest to the client names (section 13.1).
        if let link = packet.relays.last(where: { $0.linkAddress != .any })?.linkAddress, !link.isLinkLocal,
            !configuration.subnet.contains(link)
        {
            return .foreignRelay
        }
        if let identifier = options[.clientIdentifier] {
            guard (3...130).contains(identifier.count) else { return .strangeIdentifier }
        } else if kind != .informationRequest {
            return .contradictory
        }
        let server = options[.serverIdentifier]
        switch kind {
        case .solicit, .confirm, .rebind:
            guard server == nil else { return .contradictory }
            return Self.isUnicast(packet, origin) ? .notMulticast : nil
        case .informationRequest:
            guard options.associations.isEmpty else { return .contradictory }
            if let server, server != configuration.serverIdentifier { return .foreignServer }
            return Self.isUnicast(packet, origin) ? .notMulticast : nil
        default:
            guard let server else { return .contradictory }
            return server == configuration.serverIdentifier ? nil : .foreignServer
        }
    }

    /// What a relay agent passes on was sent to all, however the agent sent it.
    private static func isUnicast(_ packet: DHCPv6Packet, _ origin: DHCPv6Origin) -> Bool {
        origin.isUnicast && packet.relays.isEmpty
    }

    private func client(_ association: IdentityAssociation, _ request: DHCPv6Request) -> DHCPv6Client {
        request.client(association, in: association.kind == .prefix ? prefixes : addresses)
    }

    // MARK: RFC 8415, sections 18.3.1 to 18.3.8

    private mutating func solicit(_ request: DHCPv6Request, _ now: WallTime) -> DHCPv6Decision {
        if request.options.contains(.rapidCommit) { return assign(request, now) }
        guard addresses.offerCount + prefixes.offerCount < Self.offerLimit else { return .ignore(.tooManyOffers) }
        let answers = request.associations.map { offer($0, to: client($0, request), request, now) }
        return .reply(advertisement(request, answers))
    }

    private mutating func assign(_ request: DHCPv6Request, _ now: WallTime) -> DHCPv6Decision {
        var changes: [LeaseChange] = []
        let answers = request.associations.map { grant($0, to: client($0, request), request, now, &changes) }
        let reply = reply(request, answers)
        return changes.isEmpty ? .reply(reply) : .commitThenReply(changes, reply)
    }

    private func confirm(_ request: DHCPv6Request) -> DHCPv6Decision {
        let claimed = request.associations.filter { $0.kind != .prefix }.flatMap(\.parts).map(\.prefix.base)
        guard !claimed.isEmpty else { return .ignore(.nothingToConfirm) }
        let isOnLink = claimed.allSatisfy(configuration.subnet.contains)
        return .reply(answer(request, status: isOnLink ? .success : .notOnLink, showsSuccess: true))
    }

    private mutating func release(_ request: DHCPv6Request, _ now: WallTime) -> DHCPv6Decision {
        giveBack(request) { book, prefix in
            book.removeLease(of: prefix, now: now)
        }
    }

    private mutating func decline(_ request: DHCPv6Request, _ now: WallTime) -> DHCPv6Decision {
        let decision = giveBack(request) { book, prefix in
            book.setAside(prefix, limit: Self.quarantineLimit, now: now)
        }
        if case .commitThenReply(let changes, _) = decision {
            incidents += changes.compactMap { change in
                if case .removeIPv6(let prefix) = change { .declined(.v6(prefix.base), by: request.mac) } else { nil }
            }
        }
        return decision
    }

    /// Ends what the client holds of what it names; for what it does not hold it is told so.
    private mutating func giveBack(
        _ request: DHCPv6Request, _ end: (inout AddressBook<DHCPv6Plan>, IPv6Subnet) -> Void
    ) -> DHCPv6Decision {
        var changes: [LeaseChange] = []
        var unknown: [IdentityAssociation] = []
        for association in request.associations {
            let isPrefix = association.kind == .prefix
            let client = client(association, request)
            let held = (isPrefix ? prefixes : addresses).leases(of: client).map(\.prefix)
            let named = held.filter { prefix in association.parts.contains { $0.prefix == prefix } }
            for prefix in named {
                if isPrefix { end(&prefixes, prefix) } else { end(&addresses, prefix) }
                changes.append(.removeIPv6(prefix))
            }
            if named.isEmpty {
                var answer = IdentityAssociation(association.kind, iaid: association.iaid)
                answer.status = .noBinding
                unknown.append(answer)
            }
        }
        let reply = answer(request, status: .success, unknown, showsSuccess: true)
        return changes.isEmpty ? .reply(reply) : .commitThenReply(changes, reply)
    }
}
