internal import NetworkModel
internal import Wire

/// The one's complement sum of 16-bit words that IPv4 and UDP headers carry (RFC 1071).
struct InternetChecksum {
    private var sum: UInt64 = 0

    /// Adds octets that begin at an even offset of what is summed; an odd last octet counts as if a zero followed.
    mutating func add(_ octets: Span<UInt8>) {
        for index in 0..<octets.count / 2 {
            sum += UInt64(octets[2 * index]) << 8 | UInt64(octets[2 * index + 1])
        }
        if !octets.count.isMultiple(of: 2) { sum += UInt64(octets[octets.count - 1]) << 8 }
    }

    mutating func add(_ address: IPv4Address) { sum += UInt64(address.value >> 16) + UInt64(address.value & 0xFFFF) }

    mutating func add(_ word: UInt16) { sum += UInt64(word) }

    /// The checksum of what was added: 0 where that held a right checksum already.
    var value: UInt16 {
        var folded = sum
        while folded > 0xFFFF { folded = folded >> 16 + folded & 0xFFFF }
        return ~UInt16(folded)
    }
}
