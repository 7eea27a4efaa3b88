/// A 48-bit Ethernet address.
public struct MACAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The six octets in the low 48 bits, first octet highest.
    public let value: UInt64

    public static let broadcast = Self(.max)

    public init(_ value: UInt64) { self.value = value & 0xFFFF_FFFF_FFFF }

    /// Parses six groups of one or two hexadecimal digits, separated by colons, as libvirt does.
    public init?(_ text: some StringProtocol) {
        var value: UInt64 = 0
        var groups = 1
        var digits = 0
        // A string in any case: what is generic over characters is ten times as slow.
        for byte in String(text).utf8 {
            if byte == UInt8(ascii: ":") {
                guard digits > 0, groups < 6 else { return nil }
                (groups, digits) = (groups + 1, 0)
                value <<= 8
            } else {
                guard let digit = hexadecimalDigit(byte), digits < 2 else { return nil }
                digits += 1
                // The low octet is the group being read.
                value = value & ~0xFF | (value << 4 | UInt64(digit)) & 0xFF
            }
        }
        guard groups == 6, digits > 0 else { return nil }
        self.value = value
    }

    /// Takes six octets in the order they are sent; nil where there are not exactly six.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 6 else { return nil }
        value = octets.reduce(0) { $0 << 8 | UInt64($1) }
    }

    public var octets: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: value >> (40 - 8 * UInt64($0))) } }

    /// Whether the group bit is set: multicast and broadcast (IEEE 802, section 8.2).
    public var isMulticast: Bool { value >> 40 & 1 == 1 }

    /// A random address of the prefix that QEMU and libvirt use: `52:54:00:xx:xx:xx`.
    public static func random(using generator: inout some RandomNumberGenerator) -> Self {
        Self(0x5254_0000_0000 | UInt64.random(in: 0...0xFF_FFFF, using: &generator))
    }

    /// The address of a port by its name: the same for the same name on the same network, of the same prefix as a random one.
    public static func of(port name: String, on network: NetworkUUID) -> Self {
        // FNV-1a of 64 bits, folded to the 24 that are free.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in Array(network.description.utf8) + Array(name.utf8) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return Self(0x5254_0000_0000 | (hash ^ hash >> 24 ^ hash >> 48) & 0xFF_FFFF)
    }

    /// What the host's end of a guest's link gets: the guest's address with first octet FE, or FA where that is FE already.
    ///
    /// High, so that the bridge, which takes the lowest address of its ports where it has none of its own, never takes it.
    public var hostSide: Self {
        let first: UInt64 = value >> 40 == 0xFE ? 0xFA : 0xFE
        return Self(value & 0xFF_FFFF_FFFF | first << 40)
    }

    public var description: String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    public static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}

/// The value of a hexadecimal digit in either case; nil where `byte` is none.
func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
