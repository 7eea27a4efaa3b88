internal import CLinux
internal import DNS
internal import Glibc
internal import NetworkModel
internal import ResponderChannel
internal import Wire

/// The loop that answers DNS of all networks.
final class DNSLoop {
    enum Message: Sendable {
        case serve(ServiceConfiguration, leases: [Lease], sockets: [(role: SocketRole, descriptor: Int32)], UInt64)
        case reconfigure(ServiceConfiguration, UInt64)
        case withdraw(NetworkUUID, UInt64)
        /// What has just been put on disk.
        case leases([(network: NetworkUUID, change: LeaseChange)])
    }

    /// What a ready descriptor is for.
    private enum Source {
        case mailbox
        case datagrams(DNSNetwork, Int32)
        case listener(DNSNetwork, Int32)
        case connection(DNSConnection)
        case upstream(DNSUpstream)
    }

    private let mailbox: Mailbox<Message>
    private let dhcp: Mailbox<DHCPLoop.Message>
    private let poller: Poller
    private var sources: [UInt64: Source] = [:]
    private var lastToken: UInt64 = 0
    private var networks: [NetworkUUID: DNSNetwork] = [:]
    private var buffer = [UInt8](repeating: 0, count: 65_536)
    private var response = WireWriter(reserving: 4_096)
    private var generator = SystemRandomNumberGenerator()
    private let start = ContinuousClock.now
    private var nextSweep: Duration = .zero
    /// Connections that got an answer from elsewhere: what they have asked meanwhile is taken up at the end of the round, not
    /// from within the answer, or a client could make the calls as deep as it has queries.
    private var answered: [DNSConnection] = []
    /// Whether connections are not accepted until the next sweep, since there are no descriptors left.
    private var isFull = false
    /// How many sockets to other servers, and how many of clients, there may be over all networks.
    private let upstreamLimit: Int
    private let connectionLimit: Int

    private static let messagesPerRound = 64
    /// How often connections that have been silent for too long are looked for.
    private static let sweepInterval: Duration = .seconds(1)

    /// `descriptors` is how many this process may have open.
    init(mailbox: Mailbox<Message>, dhcp: Mailbox<DHCPLoop.Message>, descriptors: Int) throws {
        upstreamLimit = min(4_096, descriptors / 4)
        connectionLimit = min(4_096, descriptors / 4)
        self.mailbox = mailbox
        self.dhcp = dhcp
        poller = try Poller()
        _ = try watch(mailbox.descriptor, .mailbox)
    }

    private var now: Duration { start.duration(to: .now) }

    func run() throws {
        while true {
            let deadlines = networks.values.compactMap(\.forwarder.nextDeadline)
            let mustSweep = isFull || networks.values.contains { !$0.connections.isEmpty }
            let deadline = (deadlines + (mustSweep ? [nextSweep] : [])).min()
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
            let now = now
            for network in networks.values {
                if let due = network.forwarder.nextDeadline, due <= now {
                    carryOut(network.forwarder.tick(now: now, using: &generator), network)
                }
            }
            takeUpAnswered()
            if now >= nextSweep { sweep(now) }
        }
    }

    private func sweep(_ now: Duration) {
        nextSweep = now + Self.sweepInterval
        for network in networks.values {
            for connection in network.connections.values where connection.isStale(now) { end(connection) }
        }
        guard isFull else { return }
        isFull = false
        setListening(true)
    }

    private func setListening(_ isListening: Bool) {
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
                let network = DNSNetwork(configuration.uuid, dns, leases: leases)
                networks[configuration.uuid] = network
                for (role, descriptor) in sockets {
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
        case .leases(let changes): for (uuid, change) in changes { networks[uuid]?.apply(change) }
        }
    }

    private func withdraw(_ uuid: NetworkUUID) {
        guard let network = networks.removeValue(forKey: uuid) else { return }
        for connection in network.connections.values { end(connection) }
        for upstream in network.upstreams.values { end(upstream) }
        for (token, descriptor) in network.sockets { unwatch(token, descriptor) }
    }

    private func watch(_ descriptor: Int32, _ source: Source, writing: Bool = false) throws(SystemError) -> UInt64 {
        lastToken += 1
        try poller.add(descriptor, token: lastToken, writing: writing)
        sources[lastToken] = source
        return lastToken
    }

    private func unwatch(_ token: UInt64, _ descriptor: Int32) {
        sources[token] = nil
        poller.remove(descriptor)
        close(descriptor)
    }

    // MARK: UDP

    private func readDatagrams(_ network: DNSNetwork, _ socket: Int32) {
        for _ in 0..<Self.messagesPerRound {
            var remote = clinux_endpoint()
            let count = unsafe clinux_receive_from(socket, &buffer, buffer.count, &remote)
            guard count > 0 else { return }
            guard let address = remote.address, network.serves(address) else { continue }
            response.removeAll()
            switch network.zone.decide(query: buffer.span.extracting(0..<count), over: .udp, into: &response) {
            case .answered: _ = unsafe clinux_send_to(socket, response.bytes, response.count, &remote)
            case .forward(let request):
                let client = DNSClient.datagram(socket: socket, address: address, port: remote.port)
                forward(request, from: client, at: address, over: .udp, network)
            case .ignore: break
            }
        }
    }

    // MARK: TCP

    private func accept(_ network: DNSNetwork, _ listener: Int32) {
        for _ in 0..<Self.messagesPerRound {
            var remote = clinux_endpoint()
            let descriptor = unsafe clinux_accept(listener, &remote)
            guard descriptor >= 0 else {
                if errno == EMFILE || errno == ENFILE {
                    isFull = true
                    setListening(false)
                }
                return
            }
            let count = networks.values.reduce(0) { $0 + $1.connections.count }
            guard let address = remote.address, network.hasRoom(for: address), count < connectionLimit else {
                close(descriptor)
                continue
            }
            let connection = DNSConnection(network, descriptor, address, now: now)
            guard let token = try? watch(descriptor, .connection(connection)) else {
                close(descriptor)
                continue
            }
            connection.token = token
            network.connections[token] = connection
        }
    }

    private func serve(_ connection: DNSConnection, _ ready: Poller.Readiness) {
        if ready.canRead {
            switch connection.stream.fill(using: &buffer) {
            case .open: break
            case .finished: connection.isFinished = true
            case .broken: return end(connection)
            }
            // Where both directions are over, nobody is left to hear an answer.
            if ready.isOver { return end(connection) }
        }
        takeUp(connection)
    }

    /// Answers what a connection has asked, as far as it may ask, and sends what is there for it.
    private func takeUp(_ connection: DNSConnection) {
        while connection.mayAsk, let query = connection.stream.nextMessage() {
            connection.heard(now)
            answer(query, connection)
        }
        guard !connection.stream.isMalformed, connection.stream.flush(), !connection.isDone else {
            return end(connection)
        }
        try? poller.change(
            connection.stream.descriptor, token: connection.token,
            reading: !connection.isFinished && connection.stream.hasRoom, writing: connection.stream.hasOutput)
    }

    private func takeUpAnswered() {
        while let connection = answered.popLast() {
            guard connection.network.connections[connection.token] === connection else { continue }
            takeUp(connection)
        }
    }

    private func answer(_ query: [UInt8], _ connection: DNSConnection) {
        response.removeAll()
        switch connection.network.zone.decide(query: query.span, over: .tcp, into: &response) {
        case .answered: connection.stream.append(response.bytes)
        case .forward(let request):
            connection.inFlight += 1
            forward(
                request, from: .connection(connection.token), at: connection.address, over: .tcp, connection.network)
        case .ignore: break
        }
    }

    private func end(_ connection: DNSConnection) {
        guard connection.network.connections.removeValue(forKey: connection.token) != nil else { return }
        unwatch(connection.token, connection.stream.descriptor)
    }

    // MARK: Forwarding

    private func forward(
        _ request: DNSForwardRequest, from client: DNSClient, at address: IPAddress, over transport: DNSTransport,
        _ network: DNSNetwork
    ) {
        guard networks.values.reduce(0, { $0 + $1.upstreams.count }) < upstreamLimit else {
            return deliver(request.failure, to: client, network)
        }
        let effects = network.forwarder.forward(
            request, from: client, at: address, over: transport, now: now, using: &generator)
        carryOut(effects, network)
    }

    private func carryOut(_ effects: [DNSForwarder<DNSClient>.Effect], _ network: DNSNetwork) {
        for effect in effects {
            switch effect {
            case .send(let flight, let server, let bytes, let transport): ask(flight, server, bytes, transport, network)
            case .answer(let client, let bytes): deliver(bytes, to: client, network)
            case .close(let flight): network.upstreams[flight].map(end)
            }
        }
    }

    private func ask(
        _ flight: DNSFlightID, _ server: ServiceConfiguration.DNS.Server, _ bytes: [UInt8], _ transport: DNSTransport,
        _ network: DNSNetwork
    ) {
        network.upstreams[flight].map(end)
        var endpoint = clinux_endpoint(server.address, port: server.port)
        let descriptor = unsafe clinux_connect(&endpoint, transport == .tcp ? 1 : 0)
        guard descriptor >= 0 else { return unreachable(flight, network) }
        let upstream = DNSUpstream(network, descriptor, flight, server, isStream: transport == .tcp)
        if transport == .tcp {
            upstream.stream.append(bytes)
        } else if unsafe clinux_send(descriptor, bytes, bytes.count) < 0 {
            close(descriptor)
            return unreachable(flight, network)
        }
        guard let token = try? watch(descriptor, .upstream(upstream), writing: transport == .tcp) else {
            close(descriptor)
            return unreachable(flight, network)
        }
        upstream.token = token
        network.upstreams[flight] = upstream
    }

    private func unreachable(_ flight: DNSFlightID, _ network: DNSNetwork) {
        carryOut(network.forwarder.unreachable(flight, now: now, using: &generator), network)
    }

    private func hear(_ upstream: DNSUpstream, _ ready: Poller.Readiness) {
        let network = upstream.network
        if upstream.isStream {
            if ready.canWrite {
                guard upstream.stream.flush() else { return lose(upstream) }
                try? poller.change(
                    upstream.stream.descriptor, token: upstream.token, reading: true, writing: upstream.stream.hasOutput
                )
            }
            guard ready.canRead else { return }
            guard upstream.stream.fill(using: &buffer) == .open else { return lose(upstream) }
            while let reply = upstream.stream.nextMessage() { receive(reply.span, upstream, network) }
        } else {
            let count = unsafe recv(upstream.stream.descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                // The effects may use the buffer again: what was read must not change under the reader.
                receive(Array(buffer[..<count]).span, upstream, network)
            } else if count < 0, errno != EAGAIN, errno != EINTR {
                lose(upstream)
            }
        }
    }

    private func receive(_ reply: Span<UInt8>, _ upstream: DNSUpstream, _ network: DNSNetwork) {
        let effects = network.forwarder.receive(
            reply, on: upstream.flight, from: upstream.server, now: now, using: &generator)
        carryOut(effects, network)
    }

    private func lose(_ upstream: DNSUpstream) {
        end(upstream)
        unreachable(upstream.flight, upstream.network)
    }

    private func end(_ upstream: DNSUpstream) {
        guard upstream.network.upstreams[upstream.flight] === upstream else { return }
        upstream.network.upstreams[upstream.flight] = nil
        unwatch(upstream.token, upstream.stream.descriptor)
    }

    private func deliver(_ bytes: [UInt8], to client: DNSClient, _ network: DNSNetwork) {
        switch client {
        case .datagram(let socket, let address, let port):
            var endpoint = clinux_endpoint(address, port: port)
            _ = unsafe clinux_send_to(socket, bytes, bytes.count, &endpoint)
        case .connection(let token):
            guard let connection = network.connections[token] else { return }
            connection.inFlight -= 1
            connection.stream.append(bytes)
            answered.append(connection)
        }
    }
}
