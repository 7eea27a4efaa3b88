internal import API
internal import NetworkModel
internal import ServiceLifecycle
internal import Synchronization

/// Where events go out to all who want to know; telling them never waits for anyone.
final class EventHub: Sendable {
    private struct Subscriber {
        /// Nil for events of all networks.
        let network: NetworkUUID?
        let continuation: AsyncStream<NetworkEvent>.Continuation
    }

    private struct State {
        var subscribers: [UInt64: Subscriber] = [:]
        var lastNumber: UInt64 = 0
        var isOpen = true
    }

    private let state = Mutex(State())
    /// How many events may wait for one subscriber; who does not read more than that is dropped.
    private let backlog: Int

    init(backlog: Int = 1_000) { self.backlog = backlog }

    /// The events from now on, until the hub closes, or as many as could be kept for a reader that is too slow.
    func subscribe(to network: NetworkUUID?) -> AsyncStream<NetworkEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: NetworkEvent.self, bufferingPolicy: .bufferingOldest(backlog))
        let number = state.withLock { state -> UInt64? in
            guard state.isOpen else { return nil }
            state.lastNumber += 1
            state.subscribers[state.lastNumber] = Subscriber(network: network, continuation: continuation)
            return state.lastNumber
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.subscribers[number] = nil }
        }
        return stream
    }

    func emit(_ event: NetworkEvent) {
        var dropped: [Subscriber] = []
        state.withLock { state in
            for (number, subscriber) in state.subscribers where (subscriber.network ?? event.uuid) == event.uuid {
                if case .enqueued = subscriber.continuation.yield(event) { continue }
                state.subscribers[number] = nil
                dropped.append(subscriber)
            }
        }
        // Outside the lock, which a stream's end takes again.
        for subscriber in dropped { subscriber.continuation.finish() }
    }

    /// Whether events are still told: a stream that has ended before this is false was too slow.
    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Ends all subscriptions.
    func close() {
        let subscribers = state.withLock { state in
            state.isOpen = false
            defer { state.subscribers = [:] }
            return state.subscribers.values.map(\.self)
        }
        for subscriber in subscribers { subscriber.continuation.finish() }
    }
}

/// Ends all subscriptions before the server stops, which waits for its answers to be finished.
struct EventHubCloser: Service {
    let hub: EventHub

    func run() async throws {
        try? await gracefulShutdown()
        hub.close()
    }
}
