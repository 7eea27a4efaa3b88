internal import NetworkModel
internal import Wire

/// The server's part of a DNS cookie: proof that a client has had an answer at its address before (RFC 7873).
struct ServerCookie: Hashable, Sendable {
    /// When it was made, in seconds of some clock, modulo 2³².
    let time: UInt32
    let proof: UInt64

    /// In octets, with version and reserved field (RFC 9018, section 4).
    static let count = 16

    func write(to writer: inout WireWriter) {
        writer.u32(0x0100_0000)  // version 1
        writer.u32(time)
        writer.u32(UInt32(truncatingIfNeeded: proof >> 32))
        writer.u32(UInt32(truncatingIfNeeded: proof))
    }
}

/// Makes server cookies, and knows its own again.
public struct CookieMaker: Sendable {
    private let secret: (UInt64, UInt64)

    /// How long a cookie is good for, in seconds (RFC 9018, section 4.3).
    static let lifetime: UInt32 = 3600

    public init(using generator: inout some RandomNumberGenerator) {
        secret = (generator.next(), generator.next())
    }

    /// The cookie for a client, which chose the eight octets `clientCookie` and asks from `address`.
    func cookie(for clientCookie: UInt64, at address: IPAddress, time: UInt32) -> ServerCookie {
        var hash = SipHash24(key: secret)
        hash.add(clientCookie)
        hash.add(0x0100_0000 << 32 | UInt64(time))
        switch address {
        case .v4(let address): hash.add(UInt64(address.value))
        case .v6(let address):
            hash.add(UInt64(truncatingIfNeeded: address.value >> 64))
            hash.add(UInt64(truncatingIfNeeded: address.value))
        }
        return ServerCookie(time: time, proof: hash.finish())
    }

    /// Whether `cookie` was made here for the client, and not too long ago.
    func accepts(_ cookie: ServerCookie, for clientCookie: UInt64, at address: IPAddress, time: UInt32) -> Bool {
        time &- cookie.time <= Self.lifetime && self.cookie(for: clientCookie, at: address, time: cookie.time) == cookie
    }
}

/// SipHash-2-4 of whole 64-bit words (Aumasson and Bernstein, 2012), which RFC 9018, section 4.4, asks for.
struct SipHash24 {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    private var count: UInt64 = 0

    init(key: (UInt64, UInt64)) {
        v0 = key.0 ^ 0x736F_6D65_7073_6575
        v1 = key.1 ^ 0x646F_7261_6E64_6F6D
        v2 = key.0 ^ 0x6C79_6765_6E65_7261
        v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    mutating func add(_ word: UInt64) {
        count += 8
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    consuming func finish() -> UInt64 {
        let last = count << 56
        v3 ^= last
        round()
        round()
        v0 ^= last
        v2 ^= 0xFF
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    private mutating func round() {
        v0 = v0 &+ v1
        v2 = v2 &+ v3
        v1 = v1 << 13 | v1 >> 51
        v3 = v3 << 16 | v3 >> 48
        v1 ^= v0
        v3 ^= v2
        v0 = v0 << 32 | v0 >> 32
        v2 = v2 &+ v1
        v0 = v0 &+ v3
        v1 = v1 << 17 | v1 >> 47
        v3 = v3 << 21 | v3 >> 43
        v1 ^= v2
        v3 ^= v0
        v2 = v2 << 32 | v2 >> 32
    }
}
