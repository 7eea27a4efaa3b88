internal import CLinux
internal import Foundation
internal import Glibc
internal import Hummingbird
internal import Logging
internal import NetworkModel
internal import ResponderChannel
internal import ServiceLifecycle
internal import UnixSignals

/// `vnet daemon`: the privileged process of one instance, from its lock to its last breath.
public enum DaemonProcess {
    /// Runs until SIGTERM or SIGINT; networks run on, and the next daemon takes them over.
    ///
    /// - Parameters:
    ///   - paths: The instance.
    ///   - isVerbose: Whether it logs more.
    ///   - replacesVirtnetworkd: Whether it also listens where libvirt's clients look for its network daemon.
    /// - Throws: A sentence where another daemon runs, privileges are missing or a folder cannot be made.
    public static func run(paths: Paths, isVerbose: Bool, replacesVirtnetworkd: Bool = false) async throws {
        guard geteuid() == 0 else {
            throw DaemonError("the vnet daemon needs root, to build networks: run it with sudo")
        }
        umask(0o007)
        _ = clinux_raise_descriptor_limit()
        try Files.makeDirectory(paths.run)
        try Files.makeDirectory(paths.logs)
        try makeResponderFolder(paths.leases)
        let lock = try takeLock(paths)
        defer { close(lock) }

        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "vnet")
        logger.logLevel = isVerbose ? .debug : .info
        logger.info(
            "daemon started", metadata: ["pid": "\(getpid())", "root": "\(paths.root.isEmpty ? "/" : paths.root)"])

        let responder = ResponderSupervisor(paths: paths, logger: logger)
        let service = try NetworkService(paths: paths, responder: responder, logger: logger)
        await responder.tellLeases { uuid, changes in await service.leasesChanged(uuid, changes) }
        try await responder.start()
        await service.adopt()

        let libvirt = try await LibvirtServer(service: service, logger: logger)
            .listening(paths, replacesVirtnetworkd: replacesVirtnetworkd)
        unsafe unlink(paths.socket)
        var quiet = logger
        quiet.logLevel = .warning
        let server = ControlServer(service: service, responder: responder, logger: quiet)
        let application = server.application(socket: paths.socket) {
            unsafe chmod(paths.socket, 0o660)
            if let group = unsafe getgrnam("vnet") { unsafe chown(paths.socket, 0, group.pointee.gr_gid) }
        }
        let watcher = ResolverWatcher(service: service)
        let host = HostWatcher(service: service, logger: logger)
        let addresses = AddressWatcher(service: service, news: responder.addressNews)
        let group = ServiceGroup(
            configuration: .init(
                services: [application, libvirt, watcher, host, addresses, EventHubCloser(hub: service.events)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        try await group.run()
        await responder.stop()
        unsafe unlink(paths.socket)
        unsafe unlink(paths.pid)
        logger.info("daemon ended; networks run on")
    }

    /// Holds the lock that keeps a second daemon from the same root.
    private static func takeLock(_ paths: Paths) throws -> Int32 {
        let lock = unsafe open(paths.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard lock >= 0 else { throw FileError("open", paths.lock) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            let holder = (try? Files.read(paths.pid)).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? "?"
            throw SocketError(
                "another vnet daemon (process \(holder.trimmingCharacters(in: .whitespacesAndNewlines))) runs for"
                    + " '\(paths.root.isEmpty ? "/" : paths.root)': use that one, or give this one another --root")
        }
        try Files.write("\(getpid())\n".utf8, to: paths.pid, durable: false)
        return lock
    }

    /// The lease database's folder belongs to the responder's own user, which can reach nothing else.
    private static func makeResponderFolder(_ path: String) throws {
        try Files.makeDirectory(path, mode: 0o750)
        let (uid, gid) = ResponderIdentity.current
        guard unsafe chown(path, uid, gid) == 0, unsafe chmod(path, 0o750) == 0 else {
            throw FileError("give to the responder", path)
        }
    }
}

/// Looks every few seconds whether the host has other name servers than before.
private struct ResolverWatcher: Service {
    let service: NetworkService

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(2))
                await service.updateResolvers(Resolvers.current())
            }
        }
    }
}

/// Passes on what the responder tells of guests' addresses.
private struct AddressWatcher: Service {
    let service: NetworkService
    let news: AsyncStream<ResponderSupervisor.AddressNews>

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await item in news {
                switch item {
                case .lease(let news): await service.tell(news)
                case .sighting(let sighting, let uuid): await service.tell(sighting, on: uuid)
                case .incident(let incident, let uuid): await service.tell(incident, on: uuid)
                }
            }
        }
    }
}
