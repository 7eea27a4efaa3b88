extension IPSubnet {
    /// The domain that holds the subnet's reverse names and no others (RFC 1035, section 3.5; RFC 3596, section 2.5); nil
    /// where it takes several.
    public var reverseDomain: String? {
        let (address, bits, width): (IPAddress, Int, Int) =
            switch self {
            case .v4(let subnet): (.v4(subnet.base), 8, 32)
            case .v6(let subnet): (.v6(subnet.base), 4, 128)
            }
        guard prefixLength > 0, prefixLength % bits == 0 else { return nil }
        return address.reverseName.split(separator: ".").dropFirst((width - prefixLength) / bits).joined(separator: ".")
    }
}
