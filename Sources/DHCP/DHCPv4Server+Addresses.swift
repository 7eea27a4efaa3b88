internal import NetworkModel

extension DHCPv4Server {
    /// The address for a client that asks for any (RFC 2131, section 4.3.1): the one it has or had, one that is
    /// reserved for it, the one it asks for, or one that follows from its identity and so is the same next time.
    mutating func chooseAddress(for client: Client, wanted: IPv4Address?, now: WallTime) -> IPv4Address? {
        let known = book.leases(of: client).map(\.address) + book.offers(to: client)
        let candidates =
            known + plan.reservations(for: client).map(\.address) + book.formerAddresses(of: client)
            + (wanted.map { [$0] } ?? [])
        return candidates.first { refusal(of: $0, to: client, now: now) == nil }
            ?? book.freeAddress(from: client.hash, now: now)
    }

    /// Why the client cannot have the address; nil where it can.
    ///
    /// A client with a reservation can have no other address while that one can be had.
    func refusal(of address: IPv4Address, to client: Client, now: WallTime) -> DHCPv4Decision.Refusal? {
        guard configuration.subnet.contains(address) else { return .foreignSubnet }
        guard plan.permits(address, to: client) else {
            return plan.isReserved(address) ? .reservedForAnother : .notGivenOut
        }
        if let conflict = book.conflict(over: address, for: client, now: now) { return .init(conflict) }
        guard plan.reservation(of: address, for: client) == nil else { return nil }
        let hasBetter = plan.reservations(for: client).contains {
            book.conflict(over: $0.address, for: client, now: now) == nil
        }
        return hasBetter ? .reservedElsewhere : nil
    }

    /// Whether the client claims `address` although it was given another, and that is not its reservation (RFC 2131,
    /// section 4.3.2: "the client's notion of its IP address is not correct").
    func holdsAnother(than address: IPv4Address, _ client: Client, _ now: WallTime) -> Bool {
        guard plan.reservation(of: address, for: client) == nil else { return false }
        guard let lease = book.leases(of: client).first(where: { book.isBinding($0, at: now) }) else { return false }
        return lease.address != address
    }

    /// The name a client has while it holds `address`: the one that is reserved with that address, or for it elsewhere,
    /// or its own, unless that belongs to another.
    func hostName(for client: Client, at address: IPv4Address, now: WallTime) -> String? {
        if let reserved = plan.reservation(of: address, for: client)?.label { return reserved }
        let reserved = plan.reservations(for: client).lazy.compactMap(\.label).first
        guard let name = reserved ?? client.name, plan.permits(name: name, to: client) else { return nil }
        if let holder = book.lease(named: name), book.isBinding(holder, at: now), !Client(holder).isSame(as: client) {
            return nil
        }
        return name
    }
}
