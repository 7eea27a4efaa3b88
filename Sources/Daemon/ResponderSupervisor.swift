internal import CLinux
internal import Foundation
internal import Glibc
internal import Logging
internal import NetworkModel
internal import ResponderChannel

/// Keeps the responder running, and tells it what to serve.
///
/// A responder that dies is started again at once, with the sockets it had; what guests sent meanwhile waits in them.
actor ResponderSupervisor {
    /// What one network needs to be served.
    private struct Service {
        var configuration: ServiceConfiguration
        var interfaceIndex: Int32
        var sockets: [ServiceSockets]
    }

    private let paths: Paths
    private let logger: Logger
    private var services: [NetworkUUID: Service] = [:]
    private var process: (pid: pid_t, channel: Channel)?
    /// Who waits for the answer to a request, or for the word that a network is served.
    private var waiting: [UInt64: CheckedContinuation<[Lease], any Error>] = [:]
    private var starting: [NetworkUUID: [CheckedContinuation<Void, any Error>]] = [:]
    private var lastRequest: UInt64 = 0
    private var isStopping = false
    private var recentStarts: [ContinuousClock.Instant] = []

    init(paths: Paths, logger: Logger) {
        self.paths = paths
        self.logger = logger
    }

    var pid: Int32? { process?.pid }

    /// Starts the responder; the networks known are served again.
    func start() throws {
        guard process == nil, !isStopping else { return }
        let (ours, theirs) = try Channel.pair()
        defer { theirs.close() }
        let arguments = ["vnet", "responder", "--leases", paths.leases]
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        let pid = unsafe clinux_spawn("/proc/self/exe", &pointers, theirs.descriptor, STDERR_FILENO)
        guard pid > 0 else {
            let number = errno
            ours.close()
            throw SocketError("start the responder", errno: number)
        }
        process = (pid, ours)
        recentStarts.append(.now)
        listen(to: ours, of: pid)
        for service in services.values { send(service) }
        logger.debug("responder started", metadata: ["pid": "\(pid)"])
    }

    /// Ends the responder: it leaves when its channel closes.
    func stop() {
        isStopping = true
        if let process { shutdown(process.channel.descriptor, Int32(SHUT_RDWR)) }
    }

    /// Serves a network, or serves it with other sockets than before; returns when guests are answered.
    func serve(_ configuration: ServiceConfiguration, interfaceIndex: Int32, sockets: [ServiceSockets]) async throws {
        let service = Service(configuration: configuration, interfaceIndex: interfaceIndex, sockets: sockets)
        services[configuration.uuid] = service
        let timeout = Task {
            try await Task.sleep(for: .seconds(10))
            giveUp(configuration.uuid)
        }
        defer { timeout.cancel() }
        try await withCheckedThrowingContinuation { continuation in
            starting[configuration.uuid, default: []].append(continuation)
            send(service)
        }
    }

    private func giveUp(_ uuid: NetworkUUID) {
        for continuation in starting.removeValue(forKey: uuid) ?? [] {
            continuation.resume(throwing: SocketError(because: "the responder does not answer: see \(paths.log)"))
        }
    }

    /// Tells a network's new configuration, where it has the sockets already.
    func reconfigure(_ configuration: ServiceConfiguration) {
        guard services[configuration.uuid] != nil else { return }
        services[configuration.uuid]?.configuration = configuration
        send(.reconfigure(configuration))
    }

    func withdraw(_ uuid: NetworkUUID) {
        services[uuid] = nil
        send(.withdraw(uuid))
    }

    func forget(_ uuid: NetworkUUID) { send(.forget(uuid)) }

    func leases(of uuid: NetworkUUID) async throws -> [Lease] {
        lastRequest += 1
        let request = lastRequest
        let timeout = Task {
            try await Task.sleep(for: .seconds(5))
            waiting.removeValue(forKey: request)?.resume(
                throwing: SocketError(because: "the responder does not answer: see \(paths.log)"))
        }
        defer { timeout.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            waiting[request] = continuation
            send(.leases(uuid, request: request))
        }
    }

    private func send(_ service: Service) {
        let open = service.sockets.flatMap(\.open)
        send(
            .serve(service.configuration, interfaceIndex: service.interfaceIndex, roles: open.map(\.role)),
            descriptors: open.map(\.descriptor))
    }

    private func send(_ command: ResponderCommand, descriptors: [Int32] = []) {
        guard let process else { return }
        do {
            try process.channel.send(command, descriptors: descriptors)
        } catch {
            // Its end is noticed where it is listened to, and mended there.
            logger.debug("responder is gone: \(error)")
        }
    }

    /// Reads what the responder says, on a thread of its own since reading blocks, until its end.
    private func listen(to channel: Channel, of pid: pid_t) {
        Thread.detachNewThread { [weak self, logger] in
            while true {
                do {
                    guard let (event, _) = try channel.receive(ResponderEvent.self) else { break }
                    Task { [weak self] in await self?.handle(event) }
                } catch {
                    logger.error("responder: \(error)")
                    break
                }
            }
            kill(pid, SIGKILL)
            var status: Int32 = 0
            while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
            channel.close()
            Task { [weak self, status] in await self?.ended(pid, status: status) }
        }
    }

    private func handle(_ event: ResponderEvent) {
        switch event {
        case .ready: break
        case .serving(let uuid): for continuation in starting.removeValue(forKey: uuid) ?? [] { continuation.resume() }
        case .leases(let leases, let request): waiting.removeValue(forKey: request)?.resume(returning: leases)
        case .trouble(let words): logger.warning("responder: \(words)")
        }
    }

    private func ended(_ pid: pid_t, status: Int32) async {
        guard process?.pid == pid else { return }
        process = nil
        for continuation in waiting.values {
            continuation.resume(throwing: SocketError(because: "the responder ended: see \(paths.log)"))
        }
        waiting = [:]
        guard !isStopping else { return }
        logger.error("responder ended and is started again", metadata: ["pid": "\(pid)", "status": "\(status)"])
        // One that cannot live must not keep the machine busy.
        recentStarts.removeAll { $0.duration(to: .now) > .seconds(10) }
        if recentStarts.count >= 5 { try? await Task.sleep(for: .seconds(1)) }
        do {
            try start()
        } catch {
            logger.critical("\(error)")
        }
    }
}
