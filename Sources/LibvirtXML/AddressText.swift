internal import NetworkModel

extension IPAddress {
    /// Parses an address as libvirt does.
    ///
    /// IPv6 as in RFC 4291. IPv4 in the forms of `inet_aton()`: one to four numbers, decimal, `0x` hexadecimal or `0` octal,
    /// the last of which fills all octets left, so that `10.1` is 10.0.0.1 and `010.0.0.1` is 8.0.0.1.
    init?(libvirtText text: String) {
        if let address = IPAddress(text) {
            self = address
        } else if let value = Self.looseIPv4(text) {
            self = .v4(IPv4Address(value))
        } else {
            return nil
        }
    }

    private static func looseIPv4(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 4 else { return nil }
        var value: UInt32 = 0
        for part in parts.dropLast() {
            guard let octet = number(part), octet <= 0xFF else { return nil }
            value = value << 8 | octet
        }
        let octetsLeft = UInt32(5 - parts.count)
        guard let last = parts.last.flatMap(number), UInt64(last) < 1 << (8 * UInt64(octetsLeft)) else { return nil }
        return parts.count == 1 ? last : value << (8 * octetsLeft) | last
    }

    private static func number(_ text: Substring) -> UInt32? {
        let (digits, radix) =
            if text.hasPrefix("0x") || text.hasPrefix("0X") {
                (text.dropFirst(2), 16)
            } else if text.hasPrefix("0"), text.utf8.count > 1 {
                (text.dropFirst(), 8)
            } else {
                (text, 10)
            }
        guard digits.utf8.first != UInt8(ascii: "+"), digits.utf8.first != UInt8(ascii: "-") else { return nil }
        return UInt32(digits, radix: radix)
    }
}
