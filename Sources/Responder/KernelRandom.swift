internal import Glibc

/// Random numbers of the kernel, as good as Swift's own, which take a system call each; here one call fetches 32.
struct KernelRandom: RandomNumberGenerator {
    private var words: [UInt64] = []

    mutating func next() -> UInt64 {
        if words.isEmpty {
            words = [UInt64](repeating: 0, count: 32)
            // At most 256 octets cannot fail (getentropy(3)); and if they did, none of the zeros is given out.
            let code = unsafe words.withUnsafeMutableBytes { unsafe getentropy($0.baseAddress, $0.count) }
            precondition(code == 0, "the kernel has random numbers")
        }
        return words.removeLast()
    }
}
