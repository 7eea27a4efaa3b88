internal import NetworkModel

/// What somebody's use of an address is, as ARP and neighbour discovery tell of it.
public enum AddressUse: Hashable, Sendable {
    /// As it was leased, or is about to be.
    case leased
    /// Nobody has leased the address.
    case unleased
    /// Another client has leased it.
    case conflict
}

extension AddressBook {
    /// Takes note that somebody uses an address: where nobody has leased it, it is given to nobody else for a while (RFC 2131,
    /// section 2.2, has a server look whether an address is in use).
    ///
    /// A guest that claims more than a quarter of what is given out is not believed any more: it would be taking the others'
    /// addresses. At most `limit` addresses are set aside.
    mutating func sighted(
        _ address: Address, by mac: MACAddress, isGivenOut: Bool, limit: Int, now: WallTime
    ) -> AddressUse {
        if let lease = lease(of: address), isBinding(lease, at: now) {
            // A guest behind a relay agent that did not tell its address is believed.
            return lease.holder.hardware.map { $0 == mac } ?? true ? .leased : .conflict
        }
        guard !isOffered(address, to: mac) else { return .leased }
        // One that has ended is on disk still, and swept within seconds.
        guard lease(of: address) == nil else { return .unleased }
        if isGivenOut, isUsed(address) || usedCount < max(1, plan.rangeCount / 4) {
            setAside(address, from: mac, limit: limit, now: now)
        }
        return .unleased
    }
}
