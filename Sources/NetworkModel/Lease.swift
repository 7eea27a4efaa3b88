/// An address that a DHCP client holds.
public struct Lease: Hashable, Sendable, Codable {
    public var address: IPv4Address
    public var mac: MACAddress
    /// The client identifier option's octets (RFC 2132, section 9.14); nil where the client sent none.
    public var clientID: [UInt8]?
    /// A valid host name of one label in lower case; nil where the client has none, or none that may be a name.
    public var hostName: String?
    /// Nil for a lease that never ends.
    public var expiry: WallTime?

    public init(
        address: IPv4Address, mac: MACAddress, clientID: [UInt8]? = nil, hostName: String? = nil,
        expiry: WallTime? = nil
    ) {
        self.address = address
        self.mac = mac
        self.clientID = clientID
        self.hostName = hostName
        self.expiry = expiry
    }

    public func isExpired(at now: WallTime) -> Bool { expiry.map { $0 <= now } ?? false }
}

/// A moment of the wall clock in whole seconds since 1970-01-01 00:00:00 UTC: what survives a restart of the machine.
public struct WallTime: Hashable, Comparable, Sendable, Codable {
    public var seconds: Int64

    public init(seconds: Int64) { self.seconds = seconds }

    public static func < (a: Self, b: Self) -> Bool { a.seconds < b.seconds }
    public static func + (time: Self, seconds: Int64) -> Self { Self(seconds: time.seconds + seconds) }

    public init(from decoder: any Decoder) throws {
        seconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(seconds)
    }
}

/// One change to the leases of a network, to be made durable before anyone hears of it.
public enum LeaseChange: Hashable, Sendable, Codable {
    /// Adds the lease, or replaces the one of the same address.
    case store(Lease)
    case remove(IPv4Address)
    /// The same for IPv6; an address is a prefix of 128 bits.
    case storeIPv6(IPv6Lease)
    case removeIPv6(IPv6Subnet)
}
