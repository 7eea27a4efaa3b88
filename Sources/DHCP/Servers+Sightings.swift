public import NetworkModel

extension DHCPv4Server {
    /// Takes note that somebody uses an address, which is then given to nobody else; nil where that is none of the subnet's
    /// addresses, or the server's own.
    public mutating func sighted(_ address: IPv4Address, by mac: MACAddress, now: WallTime) -> AddressUse? {
        guard configuration.subnet.contains(address), address != configuration.serverAddress,
            address != configuration.subnet.base
        else { return nil }
        return book.sighted(
            address, by: mac, isGivenOut: plan.number(of: address) != nil || plan.isReserved(address),
            limit: Self.quarantineLimit, now: now)
    }
}

extension DHCPv6Server {
    /// The same for IPv6.
    public mutating func sighted(_ address: IPv6Address, by mac: MACAddress, now: WallTime) -> AddressUse? {
        guard configuration.subnet.contains(address), address != configuration.serverAddress else { return nil }
        let prefix = IPv6Subnet(address)
        return addresses.sighted(
            prefix, by: mac, isGivenOut: addresses.plan.isGivenOut(prefix), limit: Self.quarantineLimit, now: now)
    }
}
