/// An IPv6 address, without a zone.
public struct IPv6Address: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The address as a number in host byte order: `::1` is 1.
    public let value: UInt128

    public static let any = Self(0)

    public init(_ value: UInt128) { self.value = value }

    /// Parses the text forms of RFC 4291, section 2.2, among them `::` and a dotted IPv4 tail.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 45 else { return nil }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        switch halves.count {
        case 1:
            guard let groups = Self.groups(halves[0]), groups.count == 8 else { return nil }
            self.init(groups: groups)
        case 2:
            guard let head = Self.groups(halves[0], mayEndDotted: false), let tail = Self.groups(halves[1]),
                head.count + tail.count <= 7
            else { return nil }
            let zeros = [UInt16](repeating: 0, count: 8 - head.count - tail.count)
            self.init(groups: head + zeros + tail)
        default: return nil
        }
    }

    private init(groups: [UInt16]) {
        value = groups.reduce(0) { $0 << 16 | UInt128($1) }
    }

    /// The groups of one side of a `::`, or nil where the text is none.
    private static func groups(_ text: some StringProtocol, mayEndDotted: Bool = true) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if part.contains(".") {
                guard mayEndDotted, index == parts.count - 1, let tail = IPv4Address(part) else { return nil }
                groups += [UInt16(tail.value >> 16), UInt16(tail.value & 0xFFFF)]
            } else {
                guard (1...4).contains(part.utf8.count), part.allSatisfy(\.isHexDigit),
                    let group = UInt16(part, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }

    /// The form of RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::`.
    public var description: String {
        let groups = self.groups
        var best = 0..<0
        var start: Int?
        for index in 0...8 {
            if index < 8, groups[index] == 0 {
                start = start ?? index
            } else if let first = start {
                if index - first > best.count { best = first..<index }
                start = nil
            }
        }
        func hex(_ part: some Sequence<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if value >> 32 == 0xFFFF { return "::ffff:\(IPv4Address(UInt32(truncatingIfNeeded: value)))" }
        guard best.count >= 2 else { return hex(groups) }
        return hex(groups[..<best.lowerBound]) + "::" + hex(groups[best.upperBound...])
    }

    private var groups: [UInt16] { (0..<8).map { UInt16(truncatingIfNeeded: value >> (112 - 16 * UInt128($0))) } }

    /// The sixteen octets, in the order they are sent.
    public var octets: [UInt8] { (0..<16).map { UInt8(truncatingIfNeeded: value >> (120 - 8 * UInt128($0))) } }

    /// Takes sixteen octets in the order they are sent; nil where there are not exactly sixteen.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 16 else { return nil }
        value = octets.reduce(0) { $0 << 8 | UInt128($1) }
    }

    /// The name that holds this address's PTR record, without a final dot (RFC 3596, section 2.5).
    public var reverseName: String {
        (0..<32).map { String(value >> (4 * UInt128($0)) & 0xF, radix: 16) }.joined(separator: ".") + ".ip6.arpa"
    }

    public var isMulticast: Bool { value >> 120 == 0xFF }
    public var isLinkLocal: Bool { value >> 118 == 0x3FA }

    public static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}

/// A block of IPv6 addresses.
public struct IPv6Subnet: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let base: IPv6Address
    /// 0 to 128.
    public let prefixLength: Int

    /// The block that holds `address`, whose host bits are dropped.
    ///
    /// Returns nil where `prefixLength` is not 0 to 128.
    public init?(containing address: IPv6Address, prefixLength: Int) {
        guard (0...128).contains(prefixLength) else { return nil }
        self.prefixLength = prefixLength
        base = IPv6Address(address.value & Self.mask(prefixLength))
    }

    /// The block that `address` alone makes.
    public init(_ address: IPv6Address) {
        base = address
        prefixLength = 128
    }

    public static func < (a: Self, b: Self) -> Bool { (a.base, a.prefixLength) < (b.base, b.prefixLength) }

    public func contains(_ address: IPv6Address) -> Bool { address.value & Self.mask(prefixLength) == base.value }

    public func overlaps(_ other: Self) -> Bool {
        prefixLength <= other.prefixLength ? contains(other.base) : other.contains(base)
    }

    public var description: String { "\(base)/\(prefixLength)" }

    /// The address all of whose host bits are one.
    public var last: IPv6Address { IPv6Address(base.value | ~Self.mask(prefixLength)) }

    private static func mask(_ prefixLength: Int) -> UInt128 {
        prefixLength == 0 ? 0 : ~0 << (128 - UInt128(prefixLength))
    }
}

extension IPv6Address {
    /// The address that an interface gives itself on its link by default (RFC 4291, section 2.5.6 and appendix A).
    public static func linkLocal(_ mac: MACAddress) -> Self {
        let octets = mac.octets
        let identifier = [octets[0] ^ 0x02] + octets[1...2] + [0xFF, 0xFE] + octets[3...5]
        return Self(0xFE80 << 112 | identifier.reduce(0) { $0 << 8 | UInt128($1) })
    }
}
