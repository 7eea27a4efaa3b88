internal import NetworkModel
internal import Wire

/// The one's complement sum of 16-bit words that IPv4 and UDP headers carry (RFC 1071).
struct InternetChecksum {
    private var sum: UInt64 = 0

    /// Adds octets that begin at an even offset of what is summed; an odd last octet counts as if a zero followed.
    mutating func add(_ octets: some Sequence<UInt8>) {
        var isHigh = true
        for octet in octets {
            sum += isHigh ? UInt64(octet) << 8 : UInt64(octet)
            isHigh.toggle()
        }
    }

    mutating func add(_ word: UInt16) { sum += UInt64(word) }

    /// The checksum of what was added: 0 where that held a right checksum already.
    var value: UInt16 {
        var folded = sum
        while folded > 0xFFFF { folded = folded >> 16 + folded & 0xFFFF }
        return ~UInt16(folded)
    }
}
