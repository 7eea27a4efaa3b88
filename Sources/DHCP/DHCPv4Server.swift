public import NetworkModel

/// The DHCPv4 server of one subnet (RFC 2131): rules and leases, without a socket, a clock or a disk.
///
/// It is the only authority on its subnet: a client it does not know may keep a free address that it says it has, as
/// after the loss of the leases, and a client that claims what it cannot have is refused at once instead of running
/// into silence.
///
/// All it remembers is bounded by the number of addresses that the configuration gives out.
public struct DHCPv4Server: Sendable {
    var book: AddressBook<AddressPlan>
    private var incidents: [DHCPIncident] = []

    /// Offers that wait for an answer; more DISCOVERs than that in a minute are no honest clients.
    static let offerLimit = 65_536
    /// Declined addresses that are set aside; more of them, and a guest would be emptying the ranges by declining.
    static let quarantineLimit = 1_024

    /// Goes on with the leases that are on disk.
    ///
    /// Those that have ended or that the configuration does not permit keep no address from anybody; the next
    /// ``expire(now:)`` removes them.
    public init(configuration: ServiceConfiguration.DHCP, leases: [Lease]) {
        book = AddressBook(AddressPlan(configuration), leases: leases)
    }

    public var configuration: ServiceConfiguration.DHCP { plan.configuration }

    /// The leases in ascending order of their address: always what is on disk once every change handed out is there.
    public var leases: [Lease] { book.leases }

    /// How many addresses are leased or promised.
    public var givenCount: Int { book.leaseCount + book.offerCount }
    /// The Ethernet addresses of the clients that have leases, in no order.
    public var holders: [MACAddress] { book.holders }
    /// How many addresses the ranges hold.
    public var poolSize: Int { plan.rangeCount }

    /// Takes what people should hear of the decisions so far.
    public mutating func takeIncidents() -> [DHCPIncident] {
        defer { incidents = [] }
        return incidents
    }

    /// Whether the client has or has been promised an address, or one is kept for it.
    public func isKnown(_ mac: MACAddress) -> Bool {
        let client = Client(identifier: nil, mac: mac, name: nil)
        return !book.leases(of: client).isEmpty || !book.offers(to: client).isEmpty
            || !plan.reservations(for: client).isEmpty
    }

    /// The Ethernet address of the client that has an address, by a lease that may have ended since.
    public func holder(of address: IPv4Address) -> MACAddress? { book.lease(of: address)?.mac }
    /// The Ethernet address of the client that has a name now.
    public func holder(ofName name: String) -> MACAddress? { book.lease(named: name)?.mac }

    /// Takes a new configuration; leases that it permits go on as they are, the others are removed.
    ///
    /// A client whose reservation is new keeps its lease until it asks again.
    public mutating func reconfigure(_ configuration: ServiceConfiguration.DHCP) -> [LeaseChange] {
        book.adopt(AddressPlan(configuration)).map { .remove($0) }
    }

    /// Removes leases that have ended or are not permitted, and forgets offers that nobody took.
    ///
    /// To be called every few seconds; its cost is linear in the number of addresses in use.
    public mutating func expire(now: WallTime) -> [LeaseChange] { book.sweep(now: now).map { .remove($0) } }

    /// Ends the lease of an address because a person says so: its holder has no claim to it any more.
    ///
    /// Empty where there is no such lease. A guest that goes on using the address is refused it when it asks again, unless
    /// nobody else has it then.
    public mutating func release(_ address: IPv4Address, now: WallTime) -> [LeaseChange] {
        guard book.lease(of: address) != nil else { return [] }
        book.removeLease(of: address, now: now)
        book.forgetHolder(of: address)
        return [.remove(address)]
    }

    /// Decides about one message, as if all decisions before had been carried out.
    public mutating func handle(_ message: DHCPv4Message, now: WallTime) -> DHCPv4Decision {
        if let silence = reasonToIgnore(message) { return .ignore(silence) }
        let client = self.client(of: message)
        switch message.kind {
        case .discover: return discover(message, client, now)
        case .request: return request(message, client, now)
        case .decline: return decline(message, client, now)
        case .release: return release(message, client, now)
        case .inform: return inform(message, client)
        case .offer, .ack, .nak: return .ignore(.notFromClient)
        }
    }

    var plan: AddressPlan { book.plan }

    private func reasonToIgnore(_ message: DHCPv4Message) -> DHCPv4Decision.Silence? {
        guard message.op == .request else { return .notFromClient }
        guard message.chaddr.value != 0, !message.chaddr.isMulticast else { return .hardwareAddressNotUnicast }
        guard message.giaddr == .any || plan.mayBeRelay(message.giaddr) else { return .foreignRelay }
        return nil
    }

    /// Who sent the message; a client that states no name in it is known by the one it stated last.
    private func client(of message: DHCPv4Message) -> Client {
        let options = message.options
        let identifier = options[.clientIdentifier]
        if options.contains(.hostName) || options.contains(.clientFQDN) {
            return Client(identifier: identifier, mac: message.chaddr, name: HostName.stated(in: options))
        }
        let nameless = Client(identifier: identifier, mac: message.chaddr, name: nil)
        let name =
            book.offers(to: nameless).first.flatMap(book.nameInOffer) ?? book.leases(of: nameless).first?.hostName
        return Client(identifier: identifier, mac: message.chaddr, name: name)
    }

    // MARK: RFC 2131, sections 4.3.1 to 4.3.5

    private mutating func discover(_ message: DHCPv4Message, _ client: Client, _ now: WallTime) -> DHCPv4Decision {
        let wanted = message.options.address(.requestedAddress)
        guard let address = chooseAddress(for: client, wanted: wanted, now: now) else {
            if poolSize > 0 { incidents.append(.exhausted(.ipv4, client.mac)) }
            return .ignore(.noAddressFree)
        }
        if message.options.contains(.rapidCommit) { return acknowledge(address, to: client, message, now) }
        guard book.offerCount < Self.offerLimit || !book.offers(to: client).isEmpty else {
            return .ignore(.tooManyOffers)
        }
        book.offer(address, to: client, now: now)
        return .reply(offer(of: address, to: client, for: message, now: now))
    }

    private mutating func request(_ message: DHCPv4Message, _ client: Client, _ now: WallTime) -> DHCPv4Decision {
        guard let kind = RequestKind(message) else { return .ignore(.contradictory) }
        let address: IPv4Address
        var refusal: DHCPv4Decision.Refusal?
        switch kind {
        case .selecting(let server, _) where server != configuration.serverAddress:
            book.withdrawOffers(to: client)
            return .ignore(.foreignServer)
        case .selecting(_, let chosen):
            address = chosen
        case .rebooting(let claimed), .extending(let claimed):
            address = claimed
            if holdsAnother(than: claimed, client, now) { refusal = .leasedElsewhere }
        }
        refusal = self.refusal(of: address, to: client, now: now) ?? refusal
        if let refusal { return .reply(nak(refusal, for: message)) }
        return acknowledge(address, to: client, message, now)
    }

    private mutating func acknowledge(
        _ address: IPv4Address, to client: Client, _ message: DHCPv4Message, _ now: WallTime
    ) -> DHCPv4Decision {
        var changes: [LeaseChange] = []
        for old in book.leases(of: client) where old.address != address {
            book.removeLease(of: old.address, now: now)
            changes.append(.remove(old.address))
        }
        if let identifier = client.identifier, let twin = book.leasesOfTwins(of: client, now: now).first {
            incidents.append(.cloned(identifier: identifier, twin.mac, client.mac))
        }
        let name = hostName(for: client, at: address, now: now)
        // Whoever still has the name lost it to a reservation, or has an address no more.
        if let name, var other = book.lease(named: name), other.address != address {
            other.hostName = nil
            book.removeName(of: other.address)
            changes.append(.store(other))
        }
        let times = plan.times(of: address, for: client, requested: message.options.u32(.leaseTime))
        let lease = Lease(
            address: address, mac: client.mac, clientID: client.identifier, hostName: name,
            expiry: times.expiry(from: now))
        book.store(lease)
        changes.append(.store(lease))
        return .commitThenReply(changes, ack(of: lease, times, client, for: message))
    }

    private mutating func decline(_ message: DHCPv4Message, _ client: Client, _ now: WallTime) -> DHCPv4Decision {
        guard let address = message.options.address(.requestedAddress) else { return .ignore(.contradictory) }
        guard message.options.address(.serverIdentifier) == configuration.serverAddress else {
            return .ignore(.foreignServer)
        }
        let isLeased = book.leases(of: client).contains { $0.address == address }
        // Only who has an address can decline it: otherwise a guest could take addresses from others.
        guard isLeased || book.offers(to: client).contains(address) else { return .ignore(.notHeld) }
        // An offer is made of an address whose last lease has ended, and that of somebody else may still be on disk.
        let isOnDisk = book.lease(of: address) != nil
        book.setAside(address, limit: Self.quarantineLimit, now: now)
        incidents.append(.declined(.v4(address), by: client.mac))
        return .commit(isOnDisk ? [.remove(address)] : [])
    }

    private mutating func release(_ message: DHCPv4Message, _ client: Client, _ now: WallTime) -> DHCPv4Decision {
        let server = message.options.address(.serverIdentifier) ?? configuration.serverAddress
        guard server == configuration.serverAddress else { return .ignore(.foreignServer) }
        guard book.leases(of: client).contains(where: { $0.address == message.ciaddr }) else {
            return .ignore(.notHeld)
        }
        book.removeLease(of: message.ciaddr, now: now)
        return .commit([.remove(message.ciaddr)])
    }

    private func inform(_ message: DHCPv4Message, _ client: Client) -> DHCPv4Decision {
        guard message.ciaddr != .any else { return .ignore(.contradictory) }
        guard configuration.subnet.contains(message.ciaddr) else { return .ignore(.foreignSubnet) }
        return .reply(information(for: message, client))
    }
}
