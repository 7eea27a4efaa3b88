internal import CLinux
internal import DNS
internal import Glibc
internal import NetworkModel

/// A client's TCP connection (RFC 7766).
final class DNSConnection {
    let network: DNSNetwork
    let address: IPAddress
    var stream: DNSStream
    var token: UInt64 = 0
    /// Queries of this connection that other servers are asked.
    var inFlight = 0
    /// Whether the client has said that it asks nothing more; it still waits for its answers.
    var isFinished = false
    private var lastHeard: Duration

    private static let inFlightLimit = 32
    private static let idleLimit: Duration = .seconds(10)

    init(_ network: DNSNetwork, _ descriptor: Int32, _ address: IPAddress, now: Duration) {
        self.network = network
        self.address = address
        stream = DNSStream(descriptor)
        lastHeard = now
    }

    /// Whether the next query may be taken; what a client sends beyond that waits.
    var mayAsk: Bool { inFlight < Self.inFlightLimit && !stream.isClogged }

    /// Whether all has been asked and answered.
    var isDone: Bool { isFinished && inFlight == 0 && !stream.hasOutput && !stream.hasMessage }

    func heard(_ now: Duration) { lastHeard = now }

    /// A client that asks nothing for a while gives its place to others, unless it waits for an answer.
    func isStale(_ now: Duration) -> Bool { inFlight == 0 && now - lastHeard > Self.idleLimit }
}

/// Messages over TCP, each after its length in two octets (RFC 1035, section 4.2.2), on a socket that never blocks.
struct DNSStream {
    let descriptor: Int32
    private var input: [UInt8] = []
    /// How much of `input` has been taken already; it is moved to the front only when more is read.
    private var taken = 0
    private var output: [UInt8] = []
    /// Whether what came cannot be DNS: the stream is of no use any more.
    private(set) var isMalformed = false

    enum State { case open, finished, broken }

    /// A reader that is slower than this gets no more answers until it has read some.
    private static let outputLimit = 256 << 10
    /// Two messages of the greatest length.
    private static let inputLimit = 128 << 10
    /// The header's (RFC 1035, section 4.1.1).
    private static let leastLength = 12

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    var hasOutput: Bool { !output.isEmpty }
    /// Whether more may be read; where a client is not answered as fast as it asks, the kernel makes it wait.
    var hasRoom: Bool { input.count - taken < Self.inputLimit }
    var isClogged: Bool { output.count > Self.outputLimit }
    /// Whether a whole message waits to be taken.
    var hasMessage: Bool { nextLength.map { input.count - taken >= 2 + $0 } ?? false }

    /// Reads once into this stream, and says whether more can come.
    mutating func fill(using buffer: inout [UInt8]) -> State {
        input.removeFirst(taken)
        taken = 0
        let room = min(buffer.count, Self.inputLimit - input.count)
        guard room > 0 else { return .open }
        let count = unsafe recv(descriptor, &buffer, room, 0)
        if count > 0 { input += buffer[..<count] }
        if count == 0 { return .finished }
        return count > 0 || errno == EAGAIN || errno == EINTR ? .open : .broken
    }

    /// Takes the next whole message.
    mutating func nextMessage() -> [UInt8]? {
        guard !isMalformed, let length = nextLength else { return nil }
        guard length >= Self.leastLength else {
            isMalformed = true
            return nil
        }
        guard hasMessage else { return nil }
        defer { taken += 2 + length }
        return Array(input[taken + 2..<taken + 2 + length])
    }

    private var nextLength: Int? {
        input.count - taken >= 2 ? Int(input[taken]) << 8 | Int(input[taken + 1]) : nil
    }

    /// Puts a message behind those that are to be sent; at most 65,535 octets.
    mutating func append(_ message: [UInt8]) {
        output += [UInt8(truncatingIfNeeded: message.count >> 8), UInt8(truncatingIfNeeded: message.count)] + message
    }

    /// Sends what the connection takes; false where it is over.
    mutating func flush() -> Bool {
        while !output.isEmpty {
            let count = unsafe clinux_send(descriptor, output, output.count)
            if count < 0 { return errno == EAGAIN || errno == EINTR || errno == EINPROGRESS || errno == ENOTCONN }
            output.removeFirst(count)
        }
        return true
    }
}
