internal import CNetlink
internal import Glibc
internal import NetworkModel

// What messages about queueing disciplines, classes and filters hold (linux/pkt_sched.h, linux/pkt_cls.h).

/// What the kernel says of a discipline, a class or a filter: `struct tcmsg` and its attributes.
struct TrafficObject {
    var handle: UInt32
    var kind: String?
    var options: Attributes?

    init?(_ message: [UInt8]) {
        guard message.count >= MemoryLayout<tcmsg>.size else { return nil }
        handle = message[...].hostInteger(at: 8, as: UInt32.self)
        let attributes = Attributes(message[MemoryLayout<tcmsg>.size...])
        kind = attributes.string(TCA_KIND)
        options = attributes.nested(TCA_OPTIONS)
    }
}

extension Shaper.Bucket {
    /// Reads a class's options: `struct tc_htb_opt`, two `struct tc_ratespec` of 12 octets with the rate last, then the
    /// buffers.
    init?(_ options: Attributes?) {
        guard let options, let fixed = options.bytes(TCA_HTB_PARMS), fixed.count >= 32 else { return nil }
        let bytes = fixed[...]
        self.init(
            rate: options.integer(TCA_HTB_RATE64, as: UInt64.self) ?? UInt64(bytes.hostInteger(at: 8, as: UInt32.self)),
            ceiling: options.integer(TCA_HTB_CEIL64, as: UInt64.self)
                ?? UInt64(bytes.hostInteger(at: 20, as: UInt32.self)),
            ticks: bytes.hostInteger(at: 24, as: UInt32.self), ceilingTicks: bytes.hostInteger(at: 28, as: UInt32.self))
    }
}

/// What a `u32` filter looks for: `struct tc_u32_sel`, 16 octets, with 16 for each word that is compared.
enum TrafficSelector {
    /// One word, of which nothing is compared.
    static let all = head(count: 1) + key(mask: [0, 0, 0, 0], value: [0, 0, 0, 0], at: 0)

    /// The destination stands 14 octets before the packet, and words are compared from multiples of four on.
    static func frames(to receiver: MACAddress) -> [UInt8] {
        let octets = receiver.octets
        return head(count: 2) + key(mask: [0, 0, 0xFF, 0xFF], value: [0, 0] + octets[..<2], at: -16)
            + key(mask: [0xFF, 0xFF, 0xFF, 0xFF], value: Array(octets[2...]), at: -12)
    }

    static func receiver(_ selector: [UInt8]) -> MACAddress? {
        guard selector.count >= 48, selector[2] == 2 else { return nil }
        return MACAddress(octets: Array(selector[22..<24]) + Array(selector[36..<40]))
    }

    private static func head(count: UInt8) -> [UInt8] {
        // TC_U32_TERMINAL: what matches goes no further.
        [1, 0, count, 0] + [UInt8](repeating: 0, count: 12)
    }

    private static func key(mask: [UInt8], value: [UInt8], at offset: Int32) -> [UInt8] {
        let place = unsafe withUnsafeBytes(of: offset) { unsafe [UInt8]($0) }
        return mask + value + place + [0, 0, 0, 0]
    }
}
