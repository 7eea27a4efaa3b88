internal import CLinux
internal import DNS
internal import Glibc
internal import NetworkModel
internal import ResponderChannel
internal import Wire

extension DNSLoop {
    /// Answers what has come to a socket, up to 64 messages with two system calls.
    func readDatagrams(_ network: DNSNetwork, _ socket: Int32) {
        let count = batch.receive(from: socket)
        guard count > 0 else { return }
        let now = now
        network.floodGuard.received(isCrowded: count == clinux_batch_limit && Self.isCrowded(socket), now: now)
        let isFlooded = network.floodGuard.isActive
        for index in 0..<count {
            let remote = batch.sender(index)
            guard let address = remote.address, network.serves(address),
                !isFlooded || network.floodGuard.admits(address)
            else { continue }
            let client = DNSClient(
                way: .datagram(socket: socket, port: remote.port), address: address, askedAt: now)
            let outcome = batch.withMessage(index) { message in
                network.resolver.handle(
                    message, from: client, over: .udp, now: now, using: &generator, into: &response,
                    effects: &effects)
            }
            guard case .answered(let answerer) = outcome else { continue }
            batch.answer(index, with: response.bytes)
            network.log?.note(response.bytes, to: client, by: answerer, at: now)
        }
        batch.send(to: socket)
        carryOutCollected(network)
    }

    /// Whether there is soon no room for more in a socket's queue.
    ///
    /// Up to a quarter of the room may be what has been read already: the kernel reckons that later.
    private static func isCrowded(_ socket: Int32) -> Bool { clinux_queue_fill(socket) > 50 }
}

/// Datagrams that are received together, and their answers.
@safe final class DatagramBatch {
    private let batch: OpaquePointer

    init() throws(SystemError) {
        guard let batch = unsafe clinux_batch_create() else { throw SystemError("make room for datagrams") }
        unsafe self.batch = batch
    }

    deinit { unsafe free(UnsafeMutableRawPointer(batch)) }

    /// Returns how many came; none where that failed, since whatever is wrong with a socket shows again.
    func receive(from socket: Int32) -> Int { max(0, Int(unsafe clinux_batch_receive(batch, socket))) }

    func sender(_ index: Int) -> clinux_endpoint {
        var remote = clinux_endpoint()
        unsafe clinux_batch_sender(batch, Int32(index), &remote)
        return remote
    }

    func withMessage<Result>(_ index: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        var count = 0
        let start = unsafe clinux_batch_message(batch, Int32(index), &count)
        return unsafe body(UnsafeBufferPointer(start: start, count: count).span)
    }

    func answer(_ index: Int, with octets: [UInt8]) {
        unsafe clinux_batch_answer(batch, Int32(index), octets, octets.count)
    }

    func send(to socket: Int32) { unsafe clinux_batch_send(batch, socket) }
}
