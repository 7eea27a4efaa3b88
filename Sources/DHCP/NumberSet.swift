/// A set of numbers below `bound` that finds the next number it does not hold, 64 at a time.
struct NumberSet: Sendable {
    let bound: Int
    private var words: [UInt64]

    init(bound: Int) {
        self.bound = bound
        words = Array(repeating: 0, count: (bound + 63) / 64)
    }

    mutating func insert(_ number: Int) { words[number / 64] |= 1 << UInt64(number % 64) }
    mutating func remove(_ number: Int) { words[number / 64] &= ~(1 << UInt64(number % 64)) }

    /// The first number from `start` on that is not in the set, going on from 0 where the bound is met; nil where the
    /// set is full.
    func firstAbsent(from start: Int) -> Int? { firstAbsent(in: start..<bound) ?? firstAbsent(in: 0..<start) }

    private func firstAbsent(in numbers: Range<Int>) -> Int? {
        var number = numbers.lowerBound
        while number < numbers.upperBound {
            let skipped = number % 64
            let absent = ~words[number / 64] >> UInt64(skipped)
            if absent != 0 {
                let found = number + absent.trailingZeroBitCount
                return found < numbers.upperBound ? found : nil
            }
            number += 64 - skipped
        }
        return nil
    }
}
