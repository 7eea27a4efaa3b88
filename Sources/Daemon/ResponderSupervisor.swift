internal import CLinux
internal import Foundation
internal import Glibc
internal import Logging
internal import NetworkModel
internal import ResponderChannel

/// Keeps the responder running, and tells it what to serve.
///
/// A responder that dies is started again at once, with the sockets it had; what guests sent meanwhile waits in them. What it
/// says is taken for what it is, the word of a process that reads what guests send.
actor ResponderSupervisor {
    /// What one network needs to be served.
    private struct Service {
        var configuration: ServiceConfiguration
        var interfaceIndex: Int32
        var sockets: ServiceSockets
        /// The number of the request that asks for it, the same for each responder that is asked.
        var number: UInt64
    }

    /// What people who watch a network hear of its guests' addresses.
    enum AddressNews: Sendable {
        case lease(LeaseNews)
        case sighting(AddressSighting, on: NetworkUUID)
        case incident(DHCPIncident, on: NetworkUUID)
    }

    /// The oldest are dropped where nobody reads them.
    nonisolated let addressNews: AsyncStream<AddressNews>
    private let newsFeed: AsyncStream<AddressNews>.Continuation
    private let paths: Paths
    private let logger: Logger
    private var services: [NetworkUUID: Service] = [:]
    private var process: (pid: pid_t, channel: Channel)?
    /// Who waits for the answer to a request.
    private var waiting: [UInt64: CheckedContinuation<ResponderEvent, any Error>] = [:]
    private var lastNumber: UInt64 = 0
    /// Networks to be forgotten by the next responder, since there was none to tell.
    private var unforgotten: Set<NetworkUUID> = []
    private var isStopping = false
    /// Who hears of leases.
    private var leaseListener: (@Sendable (NetworkUUID, [LeaseChange]) async -> Void)?
    private var recentStarts: [ContinuousClock.Instant] = []

    private static let answerTimeout: Duration = .seconds(10)
    /// How long a responder may leave its end unread before it is taken for stuck.
    private static let sendTimeout: Duration = .seconds(2)

    init(paths: Paths, logger: Logger) {
        self.paths = paths
        self.logger = logger
        (addressNews, newsFeed) = AsyncStream.makeStream(of: AddressNews.self, bufferingPolicy: .bufferingNewest(1_000))
    }

    var pid: Int32? { process?.pid }

    // MARK: The process

    /// Starts the responder; the networks known are served again.
    func start() throws {
        guard process == nil, !isStopping else { return }
        let (ours, theirs) = try Channel.pair()
        defer { theirs.close() }
        ours.limitSending(to: Self.sendTimeout)
        do {
            let lock = try takeLock()
            defer { close(lock) }
            let output = Pipe()
            let arguments = ["vnet", "responder", "--leases", paths.leases]
            let pid = try spawn(arguments, [theirs.descriptor, lock], output.fileHandleForWriting.fileDescriptor)
            process = (pid, ours)
            recentStarts.append(.now)
            listen(to: ours, of: pid)
            copyToLog(output.fileHandleForReading)
        } catch {
            ours.close()
            throw error
        }
        for uuid in unforgotten { send(.init(nextNumber(), .forget(uuid))) }
        unforgotten = []
        for service in services.values { send(service) }
    }

    /// The lock that a responder holds while it lives: two at once would answer the same guests and write the same database.
    private func takeLock() throws -> Int32 {
        let path = paths.run + "/responder.lock"
        let lock = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw FileError("open", path) }
        // One whose daemon has died leaves within milliseconds.
        for _ in 0..<500 {
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { return lock }
            usleep(10_000)
        }
        close(lock)
        throw DaemonError("a responder of an earlier daemon does not end: 'fuser \(path)' shows which process it is")
    }

    private func spawn(_ arguments: [String], _ descriptors: [Int32], _ log: Int32) throws -> pid_t {
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        let pid = unsafe clinux_spawn("/proc/self/exe", &pointers, descriptors, descriptors.count, log)
        guard pid > 0 else { throw SocketError("start the responder") }
        return pid
    }

    /// Ends the responder: it leaves when its channel closes.
    func stop() {
        isStopping = true
        if let process { shutdown(process.channel.descriptor, Int32(SHUT_RDWR)) }
    }

    /// Reads what the responder says, on a thread of its own since reading blocks, until its end.
    private func listen(to channel: Channel, of pid: pid_t) {
        Thread.detachNewThread { [weak self, logger] in
            let handled = DispatchSemaphore(value: 0)
            do {
                while let event = try channel.receiveAlone(ResponderEvent.self) {
                    // One after the other: a responder that talks faster than it is listened to has to wait.
                    Task { [weak self] in
                        await self?.handle(event)
                        handled.signal()
                    }
                    handled.wait()
                }
            } catch {
                logger.error("responder: \(error)")
            }
            kill(pid, SIGKILL)
            var status: Int32 = 0
            while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
            Task { [weak self, status] in await self?.ended(pid, status: status) }
        }
    }

    /// Copies what the responder writes, such as the last words of a crash, to the log: not more than is of use.
    private func copyToLog(_ output: FileHandle) {
        Thread.detachNewThread { [logger] in
            var budget = 64
            while case let data = output.availableData, !data.isEmpty {
                for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where budget > 0 {
                    budget -= 1
                    logger.error("responder: \(line.printable)")
                }
            }
        }
    }

    private func ended(_ pid: pid_t, status: Int32) async {
        guard let (current, channel) = process, current == pid else { return }
        process = nil
        channel.close()
        // What is being served will be, by the next one; all else has no answer any more.
        let kept = Set(services.values.map(\.number))
        for (number, continuation) in waiting where !kept.contains(number) {
            waiting[number] = nil
            continuation.resume(throwing: DaemonError("the responder ended: see \(paths.log)"))
        }
        guard !isStopping else { return }
        logger.error("responder ended and is started again", metadata: ["pid": "\(pid)", "status": "\(status)"])
        // One that cannot live must not keep the machine busy.
        recentStarts.removeAll { $0.duration(to: .now) > .seconds(10) }
        if recentStarts.count >= 5 { try? await Task.sleep(for: .seconds(1)) }
        while process == nil, !isStopping {
            do {
                try start()
            } catch {
                logger.critical("\(error)")
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    // MARK: Requests

    /// Serves a network, or serves it with other sockets than before; returns when guests are answered.
    func serve(_ configuration: ServiceConfiguration, interfaceIndex: Int32, sockets: ServiceSockets) async throws {
        let count = sockets.open.count
        guard count <= Channel.descriptorLimit else {
            throw DaemonError(
                "network '\(configuration.name)' needs \(count) sockets, and \(Channel.descriptorLimit) is the most that one can"
                    + " have: give it fewer addresses")
        }
        let service = Service(
            configuration: configuration, interfaceIndex: interfaceIndex, sockets: sockets, number: nextNumber())
        services[configuration.uuid] = service
        _ = try await answer(to: service.number) { send(service) }
    }

    func isServing(_ uuid: NetworkUUID) -> Bool { services[uuid] != nil }

    /// Tells a network's new configuration, where it has the sockets already; returns when guests are answered by it.
    func reconfigure(_ configuration: ServiceConfiguration) async throws {
        guard var service = services[configuration.uuid], service.configuration != configuration else { return }
        service.configuration = configuration
        service.number = nextNumber()
        services[configuration.uuid] = service
        _ = try await answer(to: service.number) { send(.init(service.number, .reconfigure(configuration))) }
    }

    /// Lets the guests of a network know that its router is going; returns when it is said.
    ///
    /// A network that goes on all the same says so to its guests with the next advertisement.
    func retire(_ uuid: NetworkUUID) async {
        guard services[uuid]?.configuration.advertisement != nil else { return }
        _ = try? await ask(.retire(uuid))
    }

    /// Serves a network no longer; returns when its sockets are closed, or their holder gone.
    func withdraw(_ uuid: NetworkUUID) async {
        guard services.removeValue(forKey: uuid) != nil else { return }
        _ = try? await ask(.withdraw(uuid))
    }

    func forget(_ uuid: NetworkUUID) {
        if process == nil {
            unforgotten.insert(uuid)
        } else {
            send(.init(nextNumber(), .forget(uuid)))
        }
    }

    func leases(of uuid: NetworkUUID) async throws -> NetworkLeases {
        guard case .leases(_, let leases) = try await ask(.leases(uuid)) else {
            throw DaemonError("the responder's answer is no list of leases")
        }
        return leases
    }

    /// Who had which address of a network, as ``LeaseRecord`` says.
    func leaseRecords(of uuid: NetworkUUID, address: IPAddress?, at time: WallTime?) async throws -> [LeaseRecord] {
        guard case .leaseRecords(_, let records) = try await ask(.leaseRecords(uuid, address, at: time)) else {
            throw DaemonError("the responder's answer is no list of records")
        }
        return records
    }

    /// What a network's DNS cache holds, after it is emptied where `flush` says so.
    func dnsCache(of uuid: NetworkUUID, flush: Bool) async throws -> DNSCacheStatistics {
        guard case .dnsCache(_, let statistics) = try await ask(.dnsCache(uuid, flush: flush)) else {
            throw DaemonError("the responder's answer is not about the DNS cache")
        }
        return statistics
    }

    /// Ends the lease of an address; returns when that is on disk.
    func release(_ address: IPAddress, of uuid: NetworkUUID) async throws {
        _ = try await ask(.release(uuid, address))
    }

    private func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// Asks the responder that runs, and waits for its answer.
    private func ask(_ command: ResponderCommand) async throws -> ResponderEvent {
        guard process != nil else { throw DaemonError("the responder is being started again: try again in a moment") }
        let number = nextNumber()
        return try await answer(to: number) { send(.init(number, command)) }
    }

    /// Waits for the answer to a request that `ask` sends.
    private func answer(to number: UInt64, _ ask: () -> Void) async throws -> ResponderEvent {
        let timeout = Task {
            try await Task.sleep(for: Self.answerTimeout)
            waiting.removeValue(forKey: number)?.resume(
                throwing: DaemonError("the responder does not answer: see \(paths.log)"))
        }
        defer { timeout.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            waiting[number] = continuation
            ask()
        }
    }

    private func send(_ service: Service) {
        let open = service.sockets.open
        send(
            .init(
                service.number,
                .serve(service.configuration, interfaceIndex: service.interfaceIndex, roles: open.map(\.role))),
            descriptors: open.map(\.descriptor))
    }

    private func send(_ request: ResponderRequest, descriptors: [Int32] = []) {
        guard let process else { return }
        do {
            try process.channel.send(request, descriptors: descriptors)
        } catch {
            // It is stuck, or gone: its end is noticed where it is listened to, and mended there.
            logger.error("responder: \(error)")
            kill(process.pid, SIGKILL)
        }
    }

    /// Has `listener` told of leases that change, one change after the other.
    func tellLeases(to listener: @escaping @Sendable (NetworkUUID, [LeaseChange]) async -> Void) {
        leaseListener = listener
    }

    private func handle(_ event: ResponderEvent) async {
        switch event {
        case .done(let number), .leases(let number, _), .leaseRecords(let number, _), .dnsCache(let number, _):
            waiting.removeValue(forKey: number)?.resume(returning: event)
        case .leasesChanged(let uuid, let changes): await leaseListener?(uuid, changes)
        case .failed(let number, let words):
            waiting.removeValue(forKey: number)?.resume(throwing: DaemonError(words.printable))
        case .addressInUse(let uuid, let sighting): newsFeed.yield(.sighting(sighting, on: uuid))
        case .incident(let uuid, let incident): newsFeed.yield(.incident(incident, on: uuid))
        case .leaseNews(let news): for item in news { newsFeed.yield(.lease(item)) }
        case .trouble(let words): logger.warning("responder: \(words.printable)")
        }
    }
}

/// Something that the daemon cannot do, as a sentence.
struct DaemonError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension StringProtocol {
    /// The beginning of a text from elsewhere, fit for a line of a log.
    fileprivate var printable: String {
        String(prefix(500).map { $0.isASCII && !$0.isNewline && ($0.asciiValue ?? 0) >= 0x20 ? $0 : "?" })
    }
}
