/// A domain name: labels of 1 to 63 octets, at most 255 octets as it is sent (RFC 1035, sections 2.3.4 and 3.1).
///
/// Case is preserved, and ignored where names are compared or hashed (RFC 4343, section 3). A label may hold any octet
/// (RFC 2181, section 11).
public struct DNSName: Sendable {
    /// The name as it is sent without compression: each label after its length, then the zero length of the root.
    public let wire: [UInt8]

    public static let root = Self(validWire: [0])
    /// In octets, as it is sent.
    static let maximumCount = 255
    /// Of one octet each, with its length, before the root's zero.
    static let maximumLabelCount = 127
    /// In octets, without its length.
    static let maximumLabelLength = 63

    /// Takes over octets that are known to be a whole name.
    init(validWire wire: [UInt8]) { self.wire = wire }

    /// The labels from the leftmost to the one below the root.
    public var labels: [ArraySlice<UInt8>] {
        var labels: [ArraySlice<UInt8>] = []
        var index = 0
        while wire[index] != 0 {
            let end = index + 1 + Int(wire[index])
            labels.append(wire[index + 1..<end])
            index = end
        }
        return labels
    }

    /// How many labels the name has; none for the root.
    public var labelCount: Int { labels.count }

    /// The name without its leftmost label; nil for the root.
    public var parent: DNSName? {
        wire[0] == 0 ? nil : Self(validWire: Array(wire[(1 + Int(wire[0]))...]))
    }

    /// This name in front of `suffix`; nil where that is too long.
    public func appending(_ suffix: DNSName) -> DNSName? {
        let joined = wire.dropLast() + suffix.wire
        return joined.count <= Self.maximumCount ? Self(validWire: Array(joined)) : nil
    }

    /// Whether this name is `domain` or below it.
    public func isWithin(_ domain: DNSName) -> Bool {
        let excess = labelCount - domain.labelCount
        guard excess >= 0 else { return false }
        let start = labels.prefix(excess).reduce(0) { $0 + 1 + $1.count }
        return wire.span.nameEquals(at: start, domain.wire.span, at: 0)
    }
}

extension DNSName: Hashable {
    public static func == (a: Self, b: Self) -> Bool { a.wire.span.nameEquals(at: 0, b.wire.span, at: 0) }
    public func hash(into hasher: inout Hasher) { wire.span.hashName(at: 0, into: &hasher) }
}

// A name inside a message is compared and hashed where it stands. What is at `offset` must be a whole name without
// compression. Length octets are at most 63, below `A`, so that the letters can be folded without telling them apart.
extension Span<UInt8> {
    func nameEquals(at offset: Int, _ other: Span<UInt8>, at otherOffset: Int) -> Bool {
        var index = 0
        var nextLength = 0
        while true {
            let octet = self[offset + index]
            guard octet.lowercased == other[otherOffset + index].lowercased else { return false }
            if index == nextLength {
                if octet == 0 { return true }
                nextLength += 1 + Int(octet)
            }
            index += 1
        }
    }

    func nameEquals(_ name: DNSName, at offset: Int) -> Bool { name.wire.span.nameEquals(at: 0, self, at: offset) }

    func hashName(at offset: Int, into hasher: inout Hasher) {
        var index = offset
        var word: UInt64 = 0
        var filled = 0
        while true {
            var left = Int(self[index])
            if left == 0 { break }
            while left >= 0 {
                word = word << 8 | UInt64(self[index].lowercased)
                filled += 1
                if filled == 8 {
                    hasher.combine(word)
                    (word, filled) = (0, 0)
                }
                index += 1
                left -= 1
            }
        }
        // The length keeps the last, partly filled word apart from the same bits in another place.
        hasher.combine(word << 8 | UInt64(truncatingIfNeeded: index - offset))
    }
}

extension UInt8 {
    /// ASCII letters in lower case, every other octet as it is (RFC 4343, section 3).
    var lowercased: UInt8 { self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self }
}
