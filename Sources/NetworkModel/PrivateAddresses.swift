// What means something within a network or a host alone: nobody outside can speak for it (RFC 6890).

extension IPv4Address {
    /// Whether it is of this network, loopback, link-local, RFC 1918's or RFC 6598's.
    public var isPrivate: Bool {
        switch value >> 24 {
        case 0, 10, 127: true
        default: value >> 20 == 0xAC1 || value >> 16 == 0xC0A8 || value >> 16 == 0xA9FE || value >> 22 == 0x191
        }
    }
}

extension IPv6Address {
    /// Whether it is ::, ::1, of fc00::/7 or fe80::/10, or such an IPv4 address in the form of RFC 4291, section 2.5.5.2.
    public var isPrivate: Bool {
        if value >> 32 == 0xFFFF { return IPv4Address(UInt32(truncatingIfNeeded: value)).isPrivate }
        return value <= 1 || value >> 121 == 0x7E || value >> 118 == 0x3FA
    }
}

extension IPAddress {
    public var isPrivate: Bool {
        switch self {
        case .v4(let address): address.isPrivate
        case .v6(let address): address.isPrivate
        }
    }
}
