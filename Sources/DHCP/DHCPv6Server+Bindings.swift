internal import NetworkModel

// What a client is given for each of its identity associations.
extension DHCPv6Server {
    private typealias Book = WritableKeyPath<Self, AddressBook<DHCPv6Plan>>

    private func book(of kind: IPv6Lease.Kind) -> Book { kind == .prefix ? \.prefixes : \.addresses }

    /// What would be given: kept for the client while it makes up its mind.
    mutating func offer(
        _ wish: IdentityAssociation, to client: DHCPv6Client, _ request: DHCPv6Request, _ now: WallTime
    ) -> IdentityAssociation {
        let book = book(of: wish.kind)
        guard let prefix = choose(wish, for: client, request, now) else {
            noteExhaustion(of: book, client)
            return wish.answered(wish.kind.exhaustion)
        }
        self[keyPath: book].offer(prefix, to: client, now: now)
        let seconds = self[keyPath: book].plan.leaseSeconds(of: prefix, for: client)
        return wish.answered(with: [.init(prefix, lifetime: seconds)])
    }

    /// What is given from now on, with the changes that make it so.
    ///
    /// RFC 8415, sections 18.3.2 (Request), 18.3.4 (Renew) and 18.3.5 (Rebind).
    mutating func grant(
        _ wish: IdentityAssociation, to client: DHCPv6Client, _ request: DHCPv6Request, _ now: WallTime,
        _ changes: inout [LeaseChange]
    ) -> IdentityAssociation {
        let isRequest = request.packet.message.kind == .request
        let isOffLink = wish.kind != .prefix && wish.parts.contains { !configuration.subnet.contains($0.prefix.base) }
        if isRequest, isOffLink { return wish.answered(.notOnLink) }

        let former = isRequest || request.packet.message.kind == .solicit ? [] : wish.parts.map(\.prefix)
        guard let prefix = choose(wish, for: client, request, now) else {
            if former.isEmpty { noteExhaustion(of: book(of: wish.kind), client) }
            guard former.isEmpty else { return wish.answered(with: former.map { .init($0, lifetime: 0) }) }
            return wish.answered(former.isEmpty && isRequest ? wish.kind.exhaustion : .noBinding)
        }
        let lease = store(prefix, for: client, request, now, &changes)
        // What the client still has and can have no longer ends with this answer.
        let ended = former.filter { $0 != prefix }.map { IdentityAssociation.Part($0, lifetime: 0) }
        return wish.answered(with: [.init(prefix, lifetime: lease)] + ended)
    }

    private mutating func noteExhaustion(of book: Book, _ client: DHCPv6Client) {
        guard self[keyPath: book].plan.rangeCount > 0 else { return }
        incidents.append(.exhausted(.ipv6, client.identity.mac))
    }

    /// Leases the prefix to the client, and returns for how many seconds.
    private mutating func store(
        _ prefix: IPv6Subnet, for client: DHCPv6Client, _ request: DHCPv6Request, _ now: WallTime,
        _ changes: inout [LeaseChange]
    ) -> UInt32 {
        let book = book(of: client.identity.kind)
        for old in self[keyPath: book].leases(of: client) where old.prefix != prefix {
            self[keyPath: book].removeLease(of: old.prefix, now: now)
            changes.append(.removeIPv6(old.prefix))
        }
        if let mac = client.identity.mac,
            let twin = self[keyPath: book].leasesOfTwins(of: client, now: now).first?.mac
        {
            incidents.append(.cloned(identifier: client.identity.duid, twin, mac))
        }
        let name = hostName(for: client, at: prefix, request, now)
        // Whoever still has the name lost it to a reservation, or has an address no more.
        if let name, var other = self[keyPath: book].lease(named: name), other.prefix != prefix {
            other.hostName = nil
            self[keyPath: book].removeName(of: other.prefix)
            changes.append(.storeIPv6(other))
        }
        let seconds = max(self[keyPath: book].plan.leaseSeconds(of: prefix, for: client), 1)
        let lease = IPv6Lease(
            prefix, kind: client.identity.kind, duid: client.identity.duid, iaid: client.identity.iaid,
            mac: client.identity.mac, hostName: name, router: request.router(for: client.identity.kind),
            expiry: seconds == .max ? nil : now + Int64(seconds))
        self[keyPath: book].store(lease)
        changes.append(.storeIPv6(lease))
        return seconds
    }

    // MARK: The choice

    /// The prefix for a client: the one it has or had, one that is reserved for it, one it asks for, or one that follows
    /// from its identity and so is the same next time.
    private mutating func choose(
        _ wish: IdentityAssociation, for client: DHCPv6Client, _ request: DHCPv6Request, _ now: WallTime
    ) -> IPv6Subnet? {
        let book = book(of: wish.kind)
        let known = self[keyPath: book].leases(of: client).map(\.prefix) + self[keyPath: book].offers(to: client)
        let reserved = self[keyPath: book].plan.reservations(for: client).map { IPv6Subnet($0.address) }
        let candidates =
            known + reserved + self[keyPath: book].formerAddresses(of: client) + wish.parts.map(\.prefix)
        return candidates.first { canHave($0, client, book, now) }
            ?? self[keyPath: book].freeAddress(
                from: client.hash(salt: request.packet.message.transactionID), now: now)
    }

    /// A client with a reservation can have no other address while that one can be had.
    private func canHave(_ prefix: IPv6Subnet, _ client: DHCPv6Client, _ book: Book, _ now: WallTime) -> Bool {
        let book = self[keyPath: book]
        guard book.plan.permits(prefix, to: client), book.conflict(over: prefix, for: client, now: now) == nil else {
            return false
        }
        guard book.plan.reservation(of: prefix, for: client) == nil else { return true }
        return !book.plan.reservations(for: client).contains {
            book.conflict(over: IPv6Subnet($0.address), for: client, now: now) == nil
        }
    }

    /// The name a client has while it holds the address: the reserved one, or its own, unless that belongs to another.
    private func hostName(
        for client: DHCPv6Client, at prefix: IPv6Subnet, _ request: DHCPv6Request, _ now: WallTime
    ) -> String? {
        // A prefix has no name, and an address that is there to hide who uses it must have none.
        guard client.identity.kind == .address else { return nil }
        if let reserved = addresses.plan.reservation(of: prefix, for: client)?.label { return reserved }
        guard let name = client.name, !request.isNameTaken, addresses.plan.permits(name: name, to: client) else {
            return nil
        }
        if let other = addresses.lease(named: name), addresses.isBinding(other, at: now),
            !other.holder.isOnSameMachine(as: client)
        {
            return nil
        }
        return name
    }
}

extension IPv6Lease.Kind {
    fileprivate var exhaustion: DHCPv6Status { self == .prefix ? .noPrefixAvailable : .noAddressesAvailable }
}

extension IdentityAssociation {
    fileprivate func answered(_ status: DHCPv6Status) -> Self {
        var answer = Self(kind, iaid: iaid)
        answer.status = status
        return answer
    }

    fileprivate func answered(with parts: [Part]) -> Self {
        var answer = Self(kind, iaid: iaid)
        answer.parts = parts
        return answer
    }
}
