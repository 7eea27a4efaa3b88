import DNS
import NetworkModel
import TestSupport
import Testing

/// Who is answered when more is asked than can be.
@Suite struct FloodGuardTests {
    /// A socket whose queue has `full` full batches behind each other, in which every guest of `senders` has as many queries as
    /// stand there; returns how many of each are answered, of those of the last half.
    private func answered(_ senders: [IPAddress: Int], full: Int = 400, perWindow: Int = 200) -> [IPAddress: Double] {
        var floodGuard = FloodGuard()
        var answered: [IPAddress: Int] = [:]
        for batch in 0..<full {
            floodGuard.received(isCrowded: true, now: .milliseconds(batch * 100 / perWindow))
            for (address, count) in senders {
                for _ in 0..<count where !floodGuard.isActive || floodGuard.admits(address) {
                    if batch >= full / 2 { answered[address, default: 0] += 1 }
                }
            }
        }
        return senders.reduce(into: [:]) { parts, sender in
            parts[sender.key] = Double(answered[sender.key] ?? 0) / Double(sender.value * full / 2)
        }
    }

    @Test func othersAreAnsweredWhileOneFloods() {
        let parts = answered(["10.0.0.2": 62, "10.0.0.3": 1, "10.0.0.4": 1])
        #expect(parts["10.0.0.3"] == 1 && parts["10.0.0.4"] == 1)
        // Not none: who knows what it is.
        #expect((0.05...0.3).contains(parts["10.0.0.2"] ?? 0), "\(parts)")
    }

    @Test func severalThatFloodAreNotBelieved() {
        let parts = answered(["10.0.0.2": 21, "10.0.0.3": 21, "10.0.0.4": 21, "10.0.0.5": 1])
        #expect(parts["10.0.0.5"] == 1 && (parts["10.0.0.2"] ?? 1) < 0.4, "\(parts)")
    }

    /// Many that ask a little are no flood of one.
    @Test func manyGuestsAreAllAnswered() {
        let senders = Dictionary(
            uniqueKeysWithValues: (0..<64).map { (IPAddress.v4(IPv4Address(0x0A00_0002 + UInt32($0))), 1) })
        #expect(answered(senders).values.allSatisfy { $0 == 1 })
    }

    @Test func aQueueThatIsEmptiedHoldsNobodyBack() {
        var floodGuard = FloodGuard()
        for batch in 0..<10_000 {
            floodGuard.received(isCrowded: batch % 2 == 0, now: .zero)
            #expect(!floodGuard.isActive)
        }
        for _ in 0..<10_000 { floodGuard.received(isCrowded: true, now: .zero) }
        #expect(floodGuard.isActive)
        for _ in 0..<10 { floodGuard.received(isCrowded: false, now: .zero) }
        #expect(!floodGuard.isActive)
    }

    /// Made-up senders take no memory without end.
    @Test func madeUpSendersAreCountedTogether() {
        var floodGuard = FloodGuard()
        for _ in 0..<100 { floodGuard.received(isCrowded: true, now: .zero) }
        var admitted = 0
        for number in 0..<20_000 as Range<UInt32> where floodGuard.admits(.v4(IPv4Address(0x0A00_0000 + number))) {
            admitted += 1
        }
        #expect((4_096...8_000).contains(admitted), "\(admitted)")
    }
}
