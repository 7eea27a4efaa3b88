internal import API
internal import LibvirtRPC
internal import NIOCore
internal import Synchronization

/// One client of libvirt's: what it asks for is done, what it wants to know is told, and a client that is gone or does not
/// read is dropped.
final class LibvirtConnection: Sendable {
    private let service: NetworkService
    private let session: Mutex<Session>
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let messageLimit: Int
    /// When what is being sent now was begun.
    private let sending = Mutex<[UInt64: ContinuousClock.Instant]>([:])
    private let lastSent = Mutex<UInt64>(0)
    /// Whether what the client sends is left unread until one of its calls is done.
    private let isHeld = Atomic(false)

    /// As many as libvirt's own daemons do at once for one client (`max_client_requests`).
    private static let callsInFlight = 5
    /// How long a client may leave unread what is sent to it.
    private static let patience = Duration.seconds(30)
    private static let procedures = ProcedureTable<NetworkService>.networks
    private static let writing = Set(Procedures.all.filter { $0.access == .writes }.map(\.number))

    init(service: NetworkService, isReadOnly: Bool, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
        self.service = service
        self.outbound = outbound
        session = Mutex(Session(isReadOnly: isReadOnly))
        // Who can change nothing has no document to send.
        messageLimit = isReadOnly ? 1 << 16 : String.xdrLimit + 1 << 16
    }

    /// Serves the client until it is gone.
    func run(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async throws {
        let (subscriptions, subscriber) = AsyncStream.makeStream(of: AsyncStream<NetworkEvent>.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.readCalls(inbound, subscriber) }
            group.addTask { try await self.tellEvents(subscriptions) }
            group.addTask { try await self.watch() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    // MARK: Calls

    /// Returns when the client has said good-bye or gone, and everything that it asked for before is done.
    private func readCalls(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ subscriber: AsyncStream<AsyncStream<NetworkEvent>>.Continuation
    ) async throws {
        var messages = MessageReader(limit: messageLimit)
        var isSubscribed = false
        try await withThrowingTaskGroup(of: Void.self) { calls in
            var inFlight = 0
            for try await buffer in inbound {
                messages.append(buffer.readableBytesView)
                while let message = try messages.next() {
                    let reaction = session.withLock { $0.receive(message) }
                    if !isSubscribed, session.withLock({ $0.wantsEvents }) {
                        // Before the answer says so.
                        subscriber.yield(service.events.subscribe(to: nil))
                        isSubscribed = true
                    }
                    switch reaction {
                    case .nothing: break
                    case .send(let answer): try await send(answer)
                    case .sendAndClose(let answer): return try await send(answer)
                    case .close: return
                    // What only looks is done at once: a task of its own would take longer than the call.
                    case .perform(let call) where !Self.writing.contains(call.procedure):
                        try await send(await Self.procedures.answer(call, for: service))
                    case .perform(let call):
                        if inFlight == Self.callsInFlight {
                            isHeld.store(true, ordering: .relaxed)
                            try await calls.next()
                            isHeld.store(false, ordering: .relaxed)
                        } else {
                            inFlight += 1
                        }
                        calls.addTask { try await self.perform(call) }
                    }
                }
            }
        }
    }

    private func perform(_ call: Message) async throws {
        let service = service
        // A task of its own, for what was begun is brought to an end also where the client has gone meanwhile.
        let answer = await Task { await Self.procedures.answer(call, for: service) }.value
        try await send(answer)
    }

    // MARK: Events

    private func tellEvents(_ subscriptions: AsyncStream<AsyncStream<NetworkEvent>>) async throws {
        for await events in subscriptions {
            for await event in events {
                for message in session.withLock({ $0.messages(for: event) }) { try await send(message) }
            }
            // The stream ends with the daemon, or where this client has let too many events wait.
            return
        }
    }

    // MARK: Silence

    private func send(_ message: Message) async throws {
        let number = lastSent.withLock { number in
            number += 1
            return number
        }
        sending.withLock { $0[number] = .now }
        defer { sending.withLock { $0[number] = nil } }
        try await outbound.write(ByteBuffer(bytes: message.bytes))
    }

    /// Throws where the client reads nothing, and returns where it answers no ping.
    private func watch() async throws {
        while true {
            try await Task.sleep(for: .seconds(5))
            let oldest = sending.withLock { $0.values.min() }
            if let oldest, oldest.duration(to: .now) > Self.patience { throw SlowReader() }
            // Whether it is silent is not known while nothing is read.
            guard !isHeld.load(ordering: .relaxed) else { continue }
            switch session.withLock({ $0.checkSilence() }) {
            case .send(let ping): try await send(ping)
            case .close: return
            default: break
            }
        }
    }

    private struct SlowReader: Error, CustomStringConvertible {
        var description: String { "it does not read what is sent to it" }
    }
}
