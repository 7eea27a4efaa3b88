/// An address or a prefix that a DHCPv6 client holds: the binding of one identity association (RFC 8415, section 12).
public struct IPv6Lease: Hashable, Sendable, Codable {
    /// What an identity association is for.
    public enum Kind: String, Hashable, Sendable, Codable {
        /// IA_NA: addresses that last.
        case address
        /// IA_TA: addresses that a client changes often (RFC 8981).
        case temporary
        /// IA_PD: prefixes for networks behind the client.
        case prefix
    }

    /// Of 128 bits where it is an address.
    public var prefix: IPv6Subnet
    public var kind: Kind
    /// The client identifier option's octets (RFC 8415, section 11).
    public var duid: [UInt8]
    /// Which of the client's associations it is; the client chooses the number.
    public var iaid: UInt32
    /// The client's Ethernet address; nil where it asked through a relay agent that does not tell.
    public var mac: MACAddress?
    /// A valid host name of one label in lower case; nil where the client has none, or none that may be a name.
    public var hostName: String?
    /// The client's address on the link, by which a prefix is reached; nil for an address, and behind a relay agent.
    public var router: IPv6Address?
    /// Nil for a lease that never ends.
    public var expiry: WallTime?

    public init(
        _ prefix: IPv6Subnet, kind: Kind = .address, duid: [UInt8], iaid: UInt32, mac: MACAddress?,
        hostName: String? = nil, router: IPv6Address? = nil, expiry: WallTime? = nil
    ) {
        self.prefix = prefix
        self.kind = kind
        self.duid = duid
        self.iaid = iaid
        self.mac = mac
        self.hostName = hostName
        self.router = router
        self.expiry = expiry
    }
}

/// All leases of one network, each kind in ascending order of its address.
public struct NetworkLeases: Hashable, Sendable, Codable {
    public var ipv4: [Lease]
    public var ipv6: [IPv6Lease]
    /// Addresses that guests were seen to use without a lease.
    public var sightings: [AddressSighting]

    public init(ipv4: [Lease] = [], ipv6: [IPv6Lease] = [], sightings: [AddressSighting] = []) {
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.sightings = sightings
    }

    /// What ends the lease of an address, or of a prefix that begins with it; empty where there is none.
    public func removal(of address: IPAddress) -> [LeaseChange] {
        switch address {
        case .v4(let address): ipv4.filter { $0.address == address }.map { .remove($0.address) }
        case .v6(let address): ipv6.filter { $0.prefix.base == address }.map { .removeIPv6($0.prefix) }
        }
    }
}
