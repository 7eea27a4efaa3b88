/// The identity of a network, as in libvirt's `<uuid>`.
public struct NetworkUUID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let value: UInt128

    public init(_ value: UInt128) { self.value = value }

    /// Parses 32 hexadecimal digits with `-` or spaces anywhere between pairs and spaces around them, as libvirt does.
    public init?(_ text: some StringProtocol) {
        var value: UInt128 = 0
        var digits = 0
        for character in text {
            if character == "-" || character.isWhitespace {
                guard digits.isMultiple(of: 2) else { return nil }
                continue
            }
            guard let digit = character.hexDigitValue, digits < 32 else { return nil }
            value = value << 4 | UInt128(digit)
            digits += 1
        }
        guard digits == 32 else { return nil }
        self.value = value
    }

    /// A random UUID: version 4, variant 1 (RFC 9562, section 5.4).
    public static func random(using generator: inout some RandomNumberGenerator) -> Self {
        let bits = UInt128(generator.next()) << 64 | UInt128(generator.next())
        let version: UInt128 = 0x4 << 76
        let variant: UInt128 = 0x2 << 62
        return Self(bits & ~(0xF << 76) & ~(0x3 << 62) | version | variant)
    }

    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for digit in 0..<32 {
            if [8, 12, 16, 20].contains(digit) { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(value >> UInt128(124 - 4 * digit) & 0xF)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    public static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}
