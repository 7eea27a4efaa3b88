extension DNSName: CustomStringConvertible {
    /// Reads the text form of RFC 1035, section 5.1: labels with dots between them, `\.` and `\DDD` for odd octets.
    ///
    /// A final dot may be there or not, the name is always taken as complete. Returns nil for the empty text, an empty or too
    /// long label and a too long name.
    public init?(_ text: some StringProtocol) {
        if text == "." {
            self = .root
            return
        }
        var wire: [UInt8] = [0]
        var lengthIndex = 0
        var octets = text.utf8.makeIterator()
        while let octet = octets.next() {
            if octet == UInt8(ascii: ".") {
                guard Self.closeLabel(&wire, at: lengthIndex) else { return nil }
                lengthIndex = wire.count
                wire.append(0)
            } else if octet == UInt8(ascii: "\\") {
                guard let escaped = Self.escapedOctet(&octets) else { return nil }
                wire.append(escaped)
            } else {
                wire.append(octet)
            }
        }
        let endedWithDot = lengthIndex > 0 && lengthIndex == wire.count - 1
        if !endedWithDot {
            guard Self.closeLabel(&wire, at: lengthIndex) else { return nil }
            wire.append(0)
        }
        guard wire.count <= Self.maximumCount else { return nil }
        self.init(validWire: wire)
    }

    private static func closeLabel(_ wire: inout [UInt8], at lengthIndex: Int) -> Bool {
        let count = wire.count - lengthIndex - 1
        guard (1...maximumLabelLength).contains(count) else { return false }
        wire[lengthIndex] = UInt8(count)
        return true
    }

    /// What follows a backslash: three decimal digits, or one octet that stands for itself.
    private static func escapedOctet(_ octets: inout some IteratorProtocol<UInt8>) -> UInt8? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let first = octets.next() else { return nil }
        guard digits.contains(first) else { return first }
        guard let second = octets.next(), let third = octets.next(), digits.contains(second), digits.contains(third)
        else { return nil }
        let value = [first, second, third].reduce(0) { $0 * 10 + Int($1 - digits.lowerBound) }
        return UInt8(exactly: value)
    }

    /// The text form without a final dot; `.` for the root.
    public var description: String {
        let text = labels.map { $0.map(Self.text).joined() }.joined(separator: ".")
        return text.isEmpty ? "." : text
    }

    private static func text(_ octet: UInt8) -> String {
        switch octet {
        case UInt8(ascii: "."), UInt8(ascii: "\\"): return "\\" + String(UnicodeScalar(octet))
        case 0x21...0x7E: return String(UnicodeScalar(octet))
        default:
            let digits = String(octet)
            return "\\" + String(repeating: "0", count: 3 - digits.utf8.count) + digits
        }
    }
}
