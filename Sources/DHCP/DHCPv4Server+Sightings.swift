public import NetworkModel

/// What somebody's use of an address is, as ARP tells of it.
public enum AddressUse: Hashable, Sendable {
    /// As it was leased, or is about to be.
    case leased
    /// Nobody has leased the address.
    case unleased
    /// Another client has leased it.
    case conflict
}

extension DHCPv4Server {
    /// Takes note that somebody uses an address: where nobody has leased it, it is given to nobody else for a while (RFC 2131,
    /// section 2.2, has a server look whether an address is in use).
    ///
    /// Nil where that is none of the subnet's addresses or the server's own. A guest that claims more than a quarter of the
    /// ranges for itself is not believed any more: it would be taking the others' addresses.
    public mutating func sighted(_ address: IPv4Address, by mac: MACAddress, now: WallTime) -> AddressUse? {
        guard configuration.subnet.contains(address), address != configuration.serverAddress,
            address != configuration.subnet.base
        else { return nil }
        if let lease = book.lease(of: address), book.isBinding(lease, at: now) {
            return lease.mac == mac ? .leased : .conflict
        }
        let client = Client(identifier: nil, mac: mac, name: nil)
        guard !book.offers(to: client).contains(address) else { return .leased }
        // One that has ended is on disk still, and swept within seconds.
        guard book.lease(of: address) == nil else { return .unleased }
        let isGivenOut = plan.number(of: address) != nil || plan.isReserved(address)
        if isGivenOut, book.isUsed(address) || book.usedCount < max(1, plan.rangeCount / 4) {
            book.setAside(address, from: mac, limit: Self.quarantineLimit, now: now)
        }
        return .unleased
    }
}
