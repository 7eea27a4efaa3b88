/// The sending of one file: which blocks go out when, without a socket, a file or a clock.
///
/// Moments are durations since any fixed one. Blocks have numbers from 1 on; on the wire only their low 16 bits stand, so that
/// files may be of any size.
public struct TFTPTransfer: Sendable {
    /// What is to be done now.
    public enum Action: Hashable, Sendable {
        case sendOptions(TFTPOptions)
        /// Send these blocks, in this order.
        case send(ClosedRange<UInt64>)
        /// The client has everything.
        case finish
        /// The client has gone.
        case giveUp
        case wait
    }

    public let blockSize: Int
    private let options: TFTPOptions
    private let windowSize: UInt64
    /// The number of the last block, which is not full; not known before it is read where a text is converted.
    private var lastBlock: UInt64?
    /// The last block that the client has, and the last that was sent.
    private var acknowledged: UInt64 = 0
    private var sent: UInt64 = 0
    private var isNegotiating: Bool
    /// How often what waits for an answer was repeated.
    private var repeats = 0
    /// Whether the client has said already that it misses what follows ``acknowledged``.
    private var hasReportedLoss = false
    /// When the client is to be reminded.
    public private(set) var deadline: Duration = .zero

    private static let repeatLimit = 5
    /// Before a client that wishes no other is reminded for the first time.
    private static let firstTimeout: Duration = .seconds(1)

    /// `size` is that of the file, in octets; nil where it is known only when the file has been read.
    public init(_ options: TFTPOptions, size: UInt64?) {
        self.options = options
        blockSize = options.blockSize ?? TFTPOptions.defaultBlock
        windowSize = UInt64(options.windowSize ?? 1)
        // A file that fills its last block is followed by an empty one (RFC 1350, section 6).
        lastBlock = size.map { [blockSize] in $0 / UInt64(blockSize) + 1 }
        isNegotiating = !options.isEmpty
    }

    /// What answers the request.
    public mutating func begin(now: Duration) -> Action {
        deadline = now + timeout
        return isNegotiating ? .sendOptions(options) : sendNext(now)
    }

    /// The block just read is the last.
    public mutating func end(at block: UInt64) { lastBlock = block }

    public mutating func acknowledge(_ number: UInt16, now: Duration) -> Action {
        if isNegotiating {
            guard number == 0 else { return .wait }
            isNegotiating = false
            repeats = 0
            return sendNext(now)
        }
        let distance = UInt64(number &- UInt16(truncatingIfNeeded: acknowledged))
        guard distance <= sent - acknowledged else { return .wait }
        guard distance > 0 else {
            // With one block at a time an old acknowledgement means nothing: whoever answered it would send everything twice
            // from then on (RFC 1123, section 4.2.3.1). In a window it tells of a loss, once.
            guard windowSize > 1, sent > acknowledged, !hasReportedLoss else { return .wait }
            hasReportedLoss = true
            return sendNext(now)
        }
        acknowledged += distance
        repeats = 0
        hasReportedLoss = false
        return acknowledged == lastBlock ? .finish : sendNext(now)
    }

    /// To be called at ``deadline``.
    public mutating func tick(now: Duration) -> Action {
        guard now >= deadline else { return .wait }
        repeats += 1
        guard repeats <= Self.repeatLimit else { return .giveUp }
        guard !isNegotiating else {
            deadline = now + timeout
            return .sendOptions(options)
        }
        return sendNext(now)
    }

    private mutating func sendNext(_ now: Duration) -> Action {
        deadline = now + timeout
        let first = acknowledged + 1
        sent = min(acknowledged + windowSize, lastBlock ?? .max)
        return .send(first...sent)
    }

    /// What the client wishes, or longer each time.
    private var timeout: Duration { options.timeout.map { .seconds($0) } ?? Self.firstTimeout * (1 << repeats) }
}
