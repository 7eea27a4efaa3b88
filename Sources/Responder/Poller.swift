internal import CLinux
internal import Glibc
internal import Synchronization

/// Waits for descriptors to become ready: epoll(7), level-triggered.
@safe struct Poller: ~Copyable {
    private let descriptor: Int32
    private let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 64)

    struct Readiness {
        let token: UInt64
        let canRead: Bool
        let canWrite: Bool
        /// Whether the connection is over in both directions, or broken.
        let isOver: Bool
    }

    init() throws(SystemError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError("open epoll") }
    }

    deinit {
        close(descriptor)
        unsafe events.deallocate()
    }

    /// Watches a descriptor for what can be read, and for room to write where `writing` says so.
    func add(_ watched: Int32, token: UInt64, writing: Bool = false) throws(SystemError) {
        try control(EPOLL_CTL_ADD, watched, token, reading: true, writing: writing)
    }

    func change(_ watched: Int32, token: UInt64, reading: Bool, writing: Bool) throws(SystemError) {
        try control(EPOLL_CTL_MOD, watched, token, reading: reading, writing: writing)
    }

    /// To be called before the descriptor is closed.
    func remove(_ watched: Int32) { epoll_ctl(descriptor, EPOLL_CTL_DEL, watched, nil) }

    private func control(
        _ operation: Int32, _ watched: Int32, _ token: UInt64, reading: Bool, writing: Bool
    ) throws(SystemError) {
        let events = (reading ? EPOLLIN.rawValue : 0) | (writing ? EPOLLOUT.rawValue : 0)
        var event = unsafe epoll_event(events: events, data: epoll_data_t(u64: token))
        guard unsafe epoll_ctl(descriptor, operation, watched, &event) == 0 else { throw SystemError("watch a socket") }
    }

    /// Returns when something is ready or `timeout` is over; nil waits for ever.
    func wait(_ timeout: Duration?) -> [Readiness] {
        // Rounded up: waking a moment too early would mean waking again and again.
        let milliseconds = timeout.map { Int(max(0, ($0 / .milliseconds(1)).rounded(.up))) } ?? -1
        let count = unsafe epoll_wait(
            descriptor, events.baseAddress, Int32(events.count), Int32(clamping: min(milliseconds, 60_000)))
        return unsafe events.prefix(max(0, Int(count))).map { event in
            // Errors and hang-ups show themselves to whoever reads.
            let readable = EPOLLIN.rawValue | EPOLLERR.rawValue | EPOLLHUP.rawValue
            return unsafe Readiness(
                token: event.data.u64, canRead: event.events & readable != 0,
                canWrite: event.events & EPOLLOUT.rawValue != 0,
                isOver: event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0)
        }
    }
}

/// Messages for a loop, from any thread; its descriptor is ready while there are some.
final class Mailbox<Message: Sendable>: Sendable {
    let descriptor: Int32
    private let messages = Mutex<[Message]>([])

    init() throws(SystemError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw SystemError("open eventfd") }
    }

    func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        eventfd_write(descriptor, 1)
    }

    /// Takes what has come, in its order.
    func take() -> [Message] {
        var count: eventfd_t = 0
        _ = unsafe eventfd_read(descriptor, &count)
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}

/// A system call that the kernel refused.
struct SystemError: Error, CustomStringConvertible {
    let description: String

    init(_ operation: String, errno number: CInt = errno) {
        description = "\(operation): \(unsafe String(cString: strerror(number)))"
    }
}
