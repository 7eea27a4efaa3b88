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
        let hex = String(value, radix: 16)
        let padded = String(repeating: "0", count: 32 - hex.utf8.count) + hex
        var text = ""
        for (index, digit) in padded.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    public static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}
