import BootFiles
import TestSupport
import Testing

@Suite struct TFTPTransferTests {
    private static func transfer(
        size: UInt64, block: Int? = nil, window: Int? = nil, timeout: Int? = nil
    ) -> TFTPTransfer {
        var options = TFTPOptions()
        options.blockSize = block
        options.windowSize = window
        options.timeout = timeout
        return TFTPTransfer(options, size: size)
    }

    /// RFC 1350, section 6: a file that fills its last block is followed by an empty one.
    @Test(arguments: [(0, 1), (1, 1), (511, 1), (512, 2), (513, 2), (1_024, 3)] as [(UInt64, UInt16)])
    func blocksOfAFile(size: UInt64, count: UInt16) {
        var transfer = Self.transfer(size: size)
        var action = transfer.begin(now: .zero)
        for block in 1...count {
            #expect(action == .send(UInt64(block)...UInt64(block)))
            action = transfer.acknowledge(block, now: .zero)
        }
        #expect(action == .finish)
    }

    /// RFC 2347: the options go first, and their acknowledgement is that of block 0.
    @Test func optionsComeFirst() {
        var transfer = Self.transfer(size: 10, block: 1_000)
        guard case .sendOptions(let options) = transfer.begin(now: .zero) else {
            Issue.record("no options")
            return
        }
        #expect(options.blockSize == 1_000)
        #expect(transfer.acknowledge(1, now: .zero) == .wait)
        #expect(transfer.acknowledge(0, now: .zero) == .send(1...1))
    }

    /// RFC 1123, section 4.2.3.1: an acknowledgement that comes twice is not answered twice.
    @Test func oldAcknowledgementsMeanNothing() {
        var transfer = Self.transfer(size: 10_000)
        _ = transfer.begin(now: .zero)
        #expect(transfer.acknowledge(1, now: .zero) == .send(2...2))
        for stale in [1, 0, 3, 65_535] as [UInt16] { #expect(transfer.acknowledge(stale, now: .zero) == .wait) }
        #expect(transfer.acknowledge(2, now: .zero) == .send(3...3))
    }

    @Test func remindsAndGivesUp() {
        var transfer = Self.transfer(size: 10_000)
        _ = transfer.begin(now: .zero)
        var now = Duration.zero
        var waits: [Duration] = []
        for _ in 0..<5 {
            #expect(transfer.tick(now: transfer.deadline - .milliseconds(1)) == .wait)
            waits.append(transfer.deadline - now)
            now = transfer.deadline
            #expect(transfer.tick(now: now) == .send(1...1))
        }
        #expect(waits == [1, 2, 4, 8, 16].map { .seconds($0) })
        #expect(transfer.tick(now: transfer.deadline) == .giveUp)
        // RFC 2349: the client's own wish, each time.
        var hasty = Self.transfer(size: 10_000, timeout: 3)
        _ = hasty.begin(now: .zero)
        #expect(hasty.deadline == .seconds(3))
        _ = hasty.tick(now: .seconds(3))
        #expect(hasty.deadline == .seconds(6))
    }

    /// RFC 7440: a window at a time, and from the last block that arrived where one is missing.
    @Test func windows() {
        var transfer = Self.transfer(size: 512 * 9, window: 4)
        _ = transfer.begin(now: .zero)
        #expect(transfer.acknowledge(0, now: .zero) == .send(1...4))
        // the third is lost
        #expect(transfer.acknowledge(2, now: .zero) == .send(3...6))
        // the first of the window is lost, and a copy of the report comes later
        #expect(transfer.acknowledge(2, now: .zero) == .send(3...6))
        #expect(transfer.acknowledge(2, now: .zero) == .wait)
        #expect(transfer.acknowledge(6, now: .zero) == .send(7...10))
        #expect(transfer.acknowledge(10, now: .zero) == .finish)
    }

    /// Block numbers have 16 bits and go round; a file may have any number of blocks.
    @Test(arguments: [1, 3, 64]) func hugeFiles(window: Int) {
        let count: UInt64 = 200_000
        var transfer = Self.transfer(size: count * 512 - 1, window: window)
        _ = transfer.begin(now: .zero)
        var action = transfer.acknowledge(0, now: .zero)
        var received: UInt64 = 0
        while case .send(let blocks) = action {
            guard blocks.lowerBound == received + 1 else { break }
            received = blocks.upperBound
            action = transfer.acknowledge(UInt16(truncatingIfNeeded: received), now: .zero)
        }
        #expect(action == .finish)
        #expect(received == count)
    }

    /// Whatever is lost on the way, a client that goes on asking gets every block.
    @Test(arguments: 0..<50) func survivesLoss(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = UInt64.random(in: 1...300, using: &random)
        var transfer = Self.transfer(size: count * 512 - 1, window: Int.random(in: 1...9, using: &random))
        var now = Duration.zero
        var received: UInt64 = 0
        var lossyRounds = 0
        var action = transfer.begin(now: now)
        for _ in 0..<10_000 {
            // At most three rounds one after the other lose something, so that nobody may give up.
            lossyRounds = lossyRounds < 3 && Bool.random(using: &random) ? lossyRounds + 1 : 0
            func isLost() -> Bool { lossyRounds > 0 && Bool.random(using: &random) }
            var isHeard = false
            switch action {
            case .finish:
                #expect(received == count)
                return
            case .giveUp:
                Issue.record("gave up at block \(received)")
                return
            case .sendOptions: isHeard = !isLost()
            case .send(let blocks):
                for block in blocks where !isLost() {
                    isHeard = true
                    if block == received + 1 { received = block }
                }
            case .wait: break
            }
            if isHeard, !isLost() {
                action = transfer.acknowledge(UInt16(truncatingIfNeeded: received), now: now)
            } else {
                now = transfer.deadline
                action = transfer.tick(now: now)
            }
        }
        Issue.record("the transfer does not end")
    }
}
