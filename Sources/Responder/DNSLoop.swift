internal import CLinux
internal import DNS
internal import Glibc
internal import NetworkModel
internal import ResponderChannel
internal import Wire

/// A loop that answers DNS of some networks; each network belongs to one of ``DNSLoops``.
final class DNSLoop {
    enum Message: Sendable {
        case serve(
            ServiceConfiguration, leases: NetworkLeases, sockets: [(role: SocketRole, descriptor: Int32)], UInt64)
        case reconfigure(ServiceConfiguration, UInt64)
        case withdraw(NetworkUUID, UInt64)
        /// What has just been put on disk.
        case leases([(network: NetworkUUID, change: LeaseChange)])
        case cache(NetworkUUID, flush: Bool, UInt64)
    }

    /// What a ready descriptor is for.
    enum Source {
        case mailbox
        case datagrams(DNSNetwork, Int32)
        case listener(DNSNetwork, Int32)
        case connection(DNSConnection)
        case upstream(DNSUpstream)
    }

    private let mailbox: Mailbox<Message>
    private let dhcp: Mailbox<DHCPLoop.Message>
    let poller: Poller
    private var sources: [UInt64: Source] = [:]
    private var lastToken: UInt64 = 0
    private var networks: [NetworkUUID: DNSNetwork] = [:]
    /// Of networks whose queries are written down.
    private var logs: [NetworkUUID: QueryLog] = [:]
    /// Networks that wait for other servers or have connections: time has something to say to them.
    var busy: [NetworkUUID: DNSNetwork] = [:]
    let batch: DatagramBatch
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var response = WireWriter(reserving: 4_096)
    var effects: [DNSEffect] = []
    var generator = KernelRandom()
    private let start = ContinuousClock.now
    private var nextSweep: Duration = .zero
    /// Connections that got an answer from elsewhere: what they have asked meanwhile is taken up at the end of the round, not
    /// from within the answer, or a client could make the calls as deep as it has queries.
    var answered: [DNSConnection] = []
    /// Whether connections are not accepted until the next sweep, since there are no descriptors left.
    var isFull = false
    /// How many sockets to other servers, and how many of clients, there are and may be over all networks.
    var upstreamCount = 0
    var connectionCount = 0
    let upstreamLimit: Int
    let connectionLimit: Int

    static let messagesPerRound = 64
    /// How much the caches of all networks of a loop may hold, in octets, and how much each has at least.
    private static let cacheBudget = 64 << 20
    private static let leastCache = 256 << 10
    /// How often connections that have been silent for too long are looked for.
    private static let sweepInterval: Duration = .seconds(1)

    /// `descriptors` is how many this process may have open.
    init(mailbox: Mailbox<Message>, dhcp: Mailbox<DHCPLoop.Message>, descriptors: Int) throws {
        upstreamLimit = min(4_096, descriptors / 4)
        connectionLimit = min(4_096, descriptors / 4)
        self.mailbox = mailbox
        self.dhcp = dhcp
        poller = try Poller()
        batch = try DatagramBatch()
        _ = try watch(mailbox.descriptor, .mailbox)
    }

    var now: Duration { start.duration(to: .now) }

    func run() throws {
        while true {
            var deadline = isFull ? nextSweep : nil
            for network in busy.values {
                let due =
                    network.connections.isEmpty && network.pool.isEmpty ? network.resolver.nextDeadline : nextSweep
                if let due, deadline.map({ due < $0 }) ?? true { deadline = due }
                if let due = network.resolver.nextDeadline, deadline.map({ due < $0 }) ?? true { deadline = due }
            }
            let current = now
            for ready in poller.wait(deadline.map { max(.zero, $0 - current) }) {
                switch sources[ready.token] {
                case .mailbox: for message in mailbox.take() { try handle(message) }
                case .datagrams(let network, let socket): readDatagrams(network, socket)
                case .listener(let network, let socket): accept(network, socket)
                case .connection(let connection): serve(connection, ready)
                case .upstream(let upstream): hear(upstream, ready)
                case nil: break
                }
            }
            for log in logs.values { log.flush() }
            guard !busy.isEmpty || isFull else { continue }
            let now = now
            for (uuid, network) in busy {
                if let due = network.resolver.nextDeadline, due <= now {
                    carryOut(network.resolver.tick(now: now, using: &generator), network)
                }
                if network.isIdle { busy[uuid] = nil }
            }
            takeUpAnswered()
            if now >= nextSweep { sweep(now) }
        }
    }

    private func sweep(_ now: Duration) {
        nextSweep = now + Self.sweepInterval
        for network in busy.values {
            for connection in network.connections.values where connection.isStale(now) { end(connection) }
        }
        closeIdle { $0.removeExpired(now: now) }
        guard isFull else { return }
        isFull = false
        setListening(true)
    }

    /// Closes the sockets that `remove` takes out of the pools.
    func closeIdle(_ remove: (inout UpstreamPool) -> [DNSUpstream]) {
        for network in networks.values { remove(&network.pool).forEach(end) }
    }

    func setListening(_ isListening: Bool) {
        for (token, source) in sources {
            guard case .listener(_, let descriptor) = source else { continue }
            try? poller.change(descriptor, token: token, reading: isListening, writing: false)
        }
    }

    // MARK: Messages to the loop

    private func handle(_ message: Message) throws {
        switch message {
        case .serve(let configuration, let leases, let sockets, let number):
            withdraw(configuration.uuid)
            if let dns = configuration.dns {
                let network = DNSNetwork(configuration.uuid, dns, leases: leases, using: &generator)
                networks[configuration.uuid] = network
                shareCacheBudget()
                for (role, descriptor) in sockets {
                    if case .queryLog = role {
                        let log = QueryLog(descriptor)
                        network.log = log
                        logs[configuration.uuid] = log
                        continue
                    }
                    let source: Source =
                        role == .dnsUDP ? .datagrams(network, descriptor) : .listener(network, descriptor)
                    network.sockets.append((try watch(descriptor, source), descriptor))
                }
            } else {
                for (_, descriptor) in sockets { close(descriptor) }
            }
            dhcp.post(.done(number))
        case .reconfigure(let configuration, let number):
            if let dns = configuration.dns { networks[configuration.uuid]?.reconfigure(dns) }
            dhcp.post(.done(number))
        case .withdraw(let uuid, let number):
            withdraw(uuid)
            dhcp.post(.done(number))
        case .cache(let uuid, let flush, let number):
            if flush { networks[uuid]?.resolver.flushCache() }
            dhcp.post(.answer(.dnsCache(number, networks[uuid]?.resolver.cacheStatistics ?? .init())))
        case .leases(let changes): for (uuid, change) in changes { networks[uuid]?.apply(change) }
        }
    }

    private func withdraw(_ uuid: NetworkUUID) {
        guard let network = networks.removeValue(forKey: uuid) else { return }
        for connection in network.connections.values { end(connection) }
        for upstream in network.upstreams.values { end(upstream) }
        network.pool.removeAll().forEach(end)
        for (token, descriptor) in network.sockets { unwatch(token, descriptor) }
        busy[uuid] = nil
        logs[uuid] = nil
        shareCacheBudget()
    }

    private func shareCacheBudget() {
        let share = Self.cacheBudget / max(1, networks.count)
        let limit = min(DNSResolver.defaultCacheLimit, max(Self.leastCache, share))
        for network in networks.values { network.resolver.setCacheLimit(limit) }
    }

    func watch(_ descriptor: Int32, _ source: Source, writing: Bool = false) throws(SystemError) -> UInt64 {
        lastToken += 1
        try poller.add(descriptor, token: lastToken, writing: writing)
        sources[lastToken] = source
        return lastToken
    }

    func unwatch(_ token: UInt64, _ descriptor: Int32) {
        sources[token] = nil
        poller.remove(descriptor)
        close(descriptor)
    }
}
