internal import NetworkModel

/// What is given out of one kind, numbered from 0 on in ascending order: the addresses of ranges, which are prefixes of 128
/// bits, or the parts of delegated blocks.
struct PrefixPool: Sendable {
    private(set) var count = 0
    private var blocks: [Block] = []

    /// Consecutive prefixes of one length, the first of which has the number `start`.
    private struct Block: Sendable {
        /// Without the bits behind the prefix length, so that neighbours differ by 1.
        var numbers: ClosedRange<UInt128>
        var prefixLength: Int
        var start: Int
        var leaseSeconds: UInt32

        func number(of prefix: IPv6Subnet) -> UInt128 { prefix.base.value >> UInt128(128 - prefixLength) }
    }

    /// How much of a pool is used, so that what is remembered of it has a bound.
    private static let limit = 1 << 20

    /// The addresses of ranges, each once however the ranges overlap.
    init(_ ranges: [ServiceConfiguration.DHCPv6.Range], in subnet: IPv6Subnet) {
        let hosts = subnet.base.value...subnet.last.value
        for range in ranges.sorted(by: { $0.start < $1.start }) {
            guard range.start <= range.end, range.end.value >= hosts.lowerBound, range.start.value <= hosts.upperBound
            else { continue }
            add((range.start.value...range.end.value).clamped(to: hosts), length: 128, range.leaseSeconds)
        }
    }

    /// The parts of blocks.
    init(_ delegations: [ServiceConfiguration.DHCPv6.Delegation]) {
        for delegation in delegations.sorted(by: { $0.block < $1.block }) {
            guard (max(1, delegation.block.prefixLength)...128).contains(delegation.prefixLength) else { continue }
            let shift = UInt128(128 - delegation.prefixLength)
            add(
                delegation.block.base.value >> shift...delegation.block.last.value >> shift,
                length: delegation.prefixLength, delegation.leaseSeconds)
        }
    }

    private mutating func add(_ numbers: ClosedRange<UInt128>, length: Int, _ leaseSeconds: UInt32) {
        var first = numbers.lowerBound
        if let last = blocks.last, last.prefixLength == length, last.numbers.upperBound >= first {
            guard last.numbers.upperBound < numbers.upperBound else { return }
            first = last.numbers.upperBound + 1
        }
        let room = UInt128(Self.limit - count)
        guard room > 0 else { return }
        let last = numbers.upperBound - first < room ? numbers.upperBound : first + room - 1
        blocks.append(
            Block(numbers: first...last, prefixLength: length, start: count, leaseSeconds: leaseSeconds))
        count += Int(last - first) + 1
    }

    func number(of prefix: IPv6Subnet) -> Int? {
        block(of: prefix).map { $0.start + Int($0.number(of: prefix) - $0.numbers.lowerBound) }
    }

    /// How long a prefix of the pool is given to a client, in seconds; nil for one that is not of it.
    func leaseSeconds(of prefix: IPv6Subnet) -> UInt32? { block(of: prefix)?.leaseSeconds }

    /// The prefix of a number below ``count``.
    func prefix(numbered number: Int) -> IPv6Subnet {
        guard number < count, let block = blocks.last(where: { $0.start <= number }),
            let prefix = IPv6Subnet(
                containing: IPv6Address(
                    (block.numbers.lowerBound + UInt128(number - block.start)) << UInt128(128 - block.prefixLength)),
                prefixLength: block.prefixLength)
        else { preconditionFailure("prefix \(number) of \(count)") }
        return prefix
    }

    private func block(of prefix: IPv6Subnet) -> Block? {
        blocks.first { $0.prefixLength == prefix.prefixLength && $0.numbers.contains($0.number(of: prefix)) }
    }
}
