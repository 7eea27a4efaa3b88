internal import Glibc
internal import LibvirtRPC
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// The front door for libvirt's clients: sockets, who may come in, and what each may do.
struct LibvirtServer {
    let service: NetworkService
    let logger: Logger

    typealias Listener = NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>

    /// A socket that clients come in by.
    struct Door {
        let path: String
        /// Whether nothing can be changed through it, and so everyone may use it.
        let isReadOnly: Bool
    }

    /// Makes the sockets of an instance; it is served when the result runs.
    ///
    /// - Throws: That another network daemon of libvirt's runs, which this one was to replace.
    func listening(_ paths: Paths, replacesVirtnetworkd: Bool) async throws -> LibvirtService {
        var open: [(Door, Listener)] = []
        for door in [
            Door(path: paths.libvirtSocket, isReadOnly: false),
            Door(path: paths.libvirtReadOnlySocket, isReadOnly: true),
        ] {
            do {
                open.append((door, try await listen(door)))
            } catch {
                // Everything else works without it.
                logger.error("libvirt's clients cannot use '\(door.path)': \(error)")
            }
        }
        if replacesVirtnetworkd {
            let folder = paths.virtnetworkdSocket.lastIndex(of: "/").map { paths.virtnetworkdSocket[..<$0] } ?? ""
            try Files.makeDirectory(String(folder))
            for door in [
                Door(path: paths.virtnetworkdSocket, isReadOnly: false),
                Door(path: paths.virtnetworkdReadOnlySocket, isReadOnly: true),
            ] {
                guard await !isAnswered(door.path) else {
                    throw DaemonError(
                        "libvirt's own network daemon listens on '\(door.path)': stop it first, with systemctl stop"
                            + " 'virtnetworkd*.socket' virtnetworkd")
                }
                open.append((door, try await listen(door)))
            }
        }
        return LibvirtService(service: service, logger: logger, doors: open)
    }

    private func listen(_ door: Door) async throws -> Listener {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .bind(unixDomainSocketPath: door.path, cleanupExistingSocketFile: true) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        // Until here the umask keeps everyone out but root.
        unsafe chmod(door.path, door.isReadOnly ? 0o666 : 0o660)
        if !door.isReadOnly, let group = unsafe getgrnam(Peer.group) {
            unsafe chown(door.path, 0, group.pointee.gr_gid)
        }
        return listener
    }

    /// Whether somebody listens on a socket.
    private func isAnswered(_ path: String) async -> Bool {
        guard Files.exists(path),
            let channel = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: path).get()
        else { return false }
        try? await channel.close()
        return true
    }
}

/// Serves libvirt's clients until the daemon ends.
struct LibvirtService: Service {
    let service: NetworkService
    let logger: Logger
    let doors: [(LibvirtServer.Door, LibvirtServer.Listener)]

    func run() async throws {
        let count = ConnectionCount()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for (door, listener) in doors {
                    group.addTask { await serve(door, listener, count) }
                }
            }
        }
        for (door, _) in doors { unsafe unlink(door.path) }
    }

    private func serve(
        _ door: LibvirtServer.Door, _ listener: LibvirtServer.Listener, _ count: ConnectionCount
    ) async {
        do {
            try await listener.executeThenClose { clients in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await client in clients {
                        group.addTask { await serve(client, at: door, count) }
                    }
                }
            }
        } catch is CancellationError {
            return
        } catch {
            logger.error("'\(door.path)' is not served any more: \(error)")
        }
    }

    private func serve(
        _ client: NIOAsyncChannel<ByteBuffer, ByteBuffer>, at door: LibvirtServer.Door, _ count: ConnectionCount
    ) async {
        do {
            try await client.executeThenClose { inbound, outbound in
                let peer = try await Peer(of: client.channel)
                guard door.isReadOnly || peer.mayWrite else {
                    return logger.notice("user \(peer.uid) may not use '\(door.path)'")
                }
                guard count.enter(peer.uid) else {
                    return logger.notice(
                        "user \(peer.uid) has \(ConnectionCount.limit) connections of libvirt's already")
                }
                defer { count.leave(peer.uid) }
                let connection = LibvirtConnection(
                    service: service, isReadOnly: door.isReadOnly, outbound: outbound)
                try await withTaskExecutorPreference(EventLoopExecutor(client.channel.eventLoop)) {
                    try await connection.run(inbound)
                }
            }
        } catch is CancellationError {
            return
        } catch {
            logger.debug("a client of libvirt's is dropped: \(error)")
        }
    }
}
