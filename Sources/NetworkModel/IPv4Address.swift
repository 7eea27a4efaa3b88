/// An IPv4 address.
public struct IPv4Address: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The address as a number in host byte order: `10.0.0.1` is `0x0A00_0001`.
    public let value: UInt32

    public static let any = Self(0)
    public static let broadcast = Self(.max)

    public init(_ value: UInt32) { self.value = value }

    /// Parses dotted decimal, four octets without leading zeros: the form of RFC 6943, section 3.1.1, "strict".
    public init?(_ text: some StringProtocol) {
        var value: UInt32 = 0
        var octets = 1
        var octet: UInt32?
        for byte in String(text).utf8 {
            switch byte {
            case UInt8(ascii: "."):
                guard let whole = octet, octets < 4 else { return nil }
                value = value << 8 | whole
                (octets, octet) = (octets + 1, nil)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard octet != 0 else { return nil }
                let grown = (octet ?? 0) * 10 + UInt32(byte - UInt8(ascii: "0"))
                guard grown <= 0xFF else { return nil }
                octet = grown
            default: return nil
            }
        }
        guard let last = octet, octets == 4 else { return nil }
        self.value = value << 8 | last
    }

    public var description: String {
        // In one piece, without a string for each number: every document and reply has many.
        unsafe String(unsafeUninitializedCapacity: 15) { text in
            var length = 0
            func append(_ byte: UInt8) {
                unsafe text[length] = byte
                length += 1
            }
            for shift in stride(from: UInt32(24), through: 0, by: -8) {
                let octet = UInt8(truncatingIfNeeded: value >> shift)
                if octet >= 100 { append(UInt8(ascii: "0") + octet / 100) }
                if octet >= 10 { append(UInt8(ascii: "0") + octet / 10 % 10) }
                append(UInt8(ascii: "0") + octet % 10)
                if shift > 0 { append(UInt8(ascii: ".")) }
            }
            return length
        }
    }

    /// The four octets, in the order they are sent.
    public var octets: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) } }

    /// Takes four octets in the order they are sent; nil where there are not exactly four.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 4 else { return nil }
        value = octets.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The name that holds this address's PTR record, without a final dot (RFC 1035, section 3.5).
    public var reverseName: String { octets.reversed().map { String($0) }.joined(separator: ".") + ".in-addr.arpa" }

    public var isMulticast: Bool { value >> 28 == 0xE }
    public var isLoopback: Bool { value >> 24 == 127 }

    public static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}

/// A block of IPv4 addresses: a base address and how many leading bits all of the block shares.
public struct IPv4Subnet: Hashable, Sendable, CustomStringConvertible {
    public let base: IPv4Address
    /// 0 to 32.
    public let prefixLength: Int

    /// The block that holds `address`, whose host bits are dropped.
    ///
    /// Returns nil where `prefixLength` is not 0 to 32.
    public init?(containing address: IPv4Address, prefixLength: Int) {
        guard (0...32).contains(prefixLength) else { return nil }
        self.prefixLength = prefixLength
        base = IPv4Address(address.value & Self.mask(prefixLength))
    }

    /// The block that `address` alone makes.
    public init(_ address: IPv4Address) {
        base = address
        prefixLength = 32
    }

    public func contains(_ address: IPv4Address) -> Bool { address.value & Self.mask(prefixLength) == base.value }

    public func overlaps(_ other: Self) -> Bool {
        prefixLength <= other.prefixLength ? contains(other.base) : other.contains(base)
    }

    public var netmask: IPv4Address { IPv4Address(Self.mask(prefixLength)) }
    /// The address with all host bits set.
    public var broadcast: IPv4Address { IPv4Address(base.value | ~Self.mask(prefixLength)) }

    public var description: String { "\(base)/\(prefixLength)" }

    /// The number of leading ones of a netmask; nil where ones follow a zero.
    public static func prefixLength(ofNetmask netmask: IPv4Address) -> Int? {
        let length = (~netmask.value).leadingZeroBitCount
        return mask(length) == netmask.value ? length : nil
    }

    private static func mask(_ prefixLength: Int) -> UInt32 {
        prefixLength == 0 ? 0 : ~0 << (32 - UInt32(prefixLength))
    }
}
