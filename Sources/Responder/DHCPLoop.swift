internal import CLinux
internal import DHCP
internal import Foundation
internal import LeaseStore
internal import NetworkModel
internal import ResponderChannel

/// The loop that serves DHCP and router advertisements of all networks.
///
/// One round: read up to 64 messages from each socket that is ready, decide each, put all leases of the round on disk in one
/// transaction, tell the names to the DNS loop, and only then send the replies that speak of them.
final class DHCPLoop {
    enum Message: Sendable {
        case request(ResponderRequest, descriptors: [Int32])
        /// The DNS loop has done its part of a request, which was the last.
        case done(UInt64)
        /// What the DNS loop has to say to a request.
        case answer(ResponderEvent)
    }

    /// What a ready descriptor is for.
    private enum Source {
        case mailbox
        case frames(NetworkUUID)
        case relay(NetworkUUID)
        case router(NetworkUUID)
    }

    private let mailbox: Mailbox<Message>
    private let dns: DNSLoops
    private let store: LeaseStore
    private let channel: Channel
    private let poller: Poller
    private var sources: [UInt64: Source] = [:]
    private var lastToken: UInt64 = 0
    private var networks: [NetworkUUID: DHCPNetwork] = [:]
    private var history = LeaseHistory()
    private var round = Round()
    private var buffer = [UInt8](repeating: 0, count: 4_096)

    /// What one round has decided and not done yet.
    private struct Round {
        var changes: [(network: NetworkUUID, change: LeaseChange)] = []
        var replies: [(network: NetworkUUID, reply: DHCPv4Reply)] = []
        /// Replies that speak of `changes`.
        var acknowledgements: [(network: NetworkUUID, reply: DHCPv4Reply)] = []
    }

    /// How often leases that ended are looked for.
    private static let sweepInterval: Duration = .seconds(5)
    private static let messagesPerRound = 64

    init(mailbox: Mailbox<Message>, dns: DNSLoops, store: LeaseStore, channel: Channel) throws {
        self.mailbox = mailbox
        self.dns = dns
        self.store = store
        self.channel = channel
        poller = try Poller()
        try watch(mailbox.descriptor, .mailbox)
    }

    func run() throws {
        var nextSweep = ContinuousClock.now + Self.sweepInterval
        while true {
            let nextAdvertisement = networks.values.compactMap(\.advertiser?.next).min()
            let deadline = nextAdvertisement.map { min($0, nextSweep) } ?? nextSweep
            for ready in poller.wait(ContinuousClock.now.duration(to: deadline)) {
                switch sources[ready.token] {
                case .mailbox: for message in mailbox.take() { handle(message) }
                case .frames(let uuid): readFrames(uuid)
                case .relay(let uuid): readRelayed(uuid)
                case .router(let uuid): readSolicitations(uuid)
                case nil: break
                }
            }
            let now = ContinuousClock.now
            if now >= nextSweep {
                nextSweep = now + Self.sweepInterval
                sweep()
            }
            for network in networks.values { network.advertiser?.advertiseIfDue(now) }
            finishRound()
        }
    }

    // MARK: Commands

    private func handle(_ message: Message) {
        switch message {
        case .done(let number): send(.done(number))
        case .answer(let event): send(event)
        case .request(let request, let descriptors):
            do {
                try carryOut(request, descriptors)
            } catch {
                for descriptor in descriptors { close(descriptor) }
                send(.failed(request.number, "\(error)"))
            }
        }
    }

    /// Does what can be done here; what the DNS loop has a part in is answered when that is done too.
    private func carryOut(_ request: ResponderRequest, _ descriptors: [Int32]) throws {
        let number = request.number
        switch request.command {
        case .serve(let configuration, let index, let roles):
            guard roles.count == descriptors.count else {
                throw SystemError("receive the network's sockets", errno: EBADMSG)
            }
            try serve(configuration, index, Array(zip(roles, descriptors)), number)
        case .reconfigure(let configuration):
            if let network = networks[configuration.uuid], let dhcp = configuration.dhcp {
                add(network.server?.reconfigure(dhcp) ?? [], of: configuration.uuid)
            }
            dns.post(.reconfigure(configuration, number))
        case .withdraw(let uuid):
            withdraw(uuid)
            dns.post(.withdraw(uuid, number))
        case .leases(let uuid):
            // What the round has decided is on disk before anyone hears of it.
            finishRound()
            send(.leases(number, try networks[uuid]?.server?.leases ?? store.leases(of: uuid)))
        case .dnsCache(let uuid, let flush): dns.post(.cache(uuid, flush: flush, number))
        case .forget(let uuid):
            try store.forget(uuid)
            send(.done(number))
        }
    }

    private func serve(
        _ configuration: ServiceConfiguration, _ index: Int32, _ sockets: [(role: SocketRole, descriptor: Int32)],
        _ number: UInt64
    ) throws {
        let leases = try store.leases(of: configuration.uuid)
        withdraw(configuration.uuid)
        let network = DHCPNetwork(configuration, interfaceIndex: index, leases: leases)
        networks[configuration.uuid] = network
        history.begin(configuration.uuid, with: leases)
        var forDNS: [(role: SocketRole, descriptor: Int32)] = []
        for (role, descriptor) in sockets {
            switch role {
            case .dhcpFrames:
                network.frames = descriptor
                try watch(descriptor, .frames(configuration.uuid))
            case .dhcpRelay:
                network.relay = descriptor
                try watch(descriptor, .relay(configuration.uuid))
            case .routerSolicitations:
                network.advertiser = Advertiser(configuration, interfaceIndex: index, socket: descriptor)
                if network.advertiser == nil {
                    close(descriptor)
                } else {
                    try watch(descriptor, .router(configuration.uuid))
                }
            case .dnsUDP, .dnsTCP: forDNS.append((role, descriptor))
            }
        }
        dns.post(.serve(configuration, leases: network.server?.leases ?? [], sockets: forDNS, number))
    }

    private func withdraw(_ uuid: NetworkUUID) {
        guard let network = networks.removeValue(forKey: uuid) else { return }
        history.end(uuid)
        for descriptor in [network.frames, network.relay, network.advertiser?.socket].compactMap({ $0 }) {
            poller.remove(descriptor)
            close(descriptor)
        }
        sources = sources.filter { _, source in
            switch source {
            case .mailbox: true
            case .frames(let served), .relay(let served), .router(let served): served != uuid
            }
        }
    }

    private func watch(_ descriptor: Int32, _ source: Source) throws {
        lastToken += 1
        sources[lastToken] = source
        try poller.add(descriptor, token: lastToken)
    }

    private func send(_ event: ResponderEvent) {
        // Where the daemon has gone, the main thread sees it and ends the process.
        try? channel.send(event)
    }

    // MARK: Messages

    private func readFrames(_ uuid: NetworkUUID) {
        guard let network = networks[uuid], let socket = network.frames else { return }
        for _ in 0..<Self.messagesPerRound {
            let count = unsafe recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            guard let (_, payload) = UDPFrame.read(buffer.span.extracting(0..<count)),
                let message = try? DHCPv4Message(reading: buffer.span.extracting(payload)), message.giaddr == .any
            else { continue }
            decide(message, network)
        }
    }

    /// What relay agents send is for this socket; everything else that reaches it has come as a frame as well.
    private func readRelayed(_ uuid: NetworkUUID) {
        guard let network = networks[uuid], let socket = network.relay else { return }
        for _ in 0..<Self.messagesPerRound {
            let count = unsafe recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            guard let message = try? DHCPv4Message(reading: buffer.span.extracting(0..<count)), message.giaddr != .any
            else { continue }
            decide(message, network)
        }
    }

    private func readSolicitations(_ uuid: NetworkUUID) {
        guard let advertiser = networks[uuid]?.advertiser else { return }
        for _ in 0..<Self.messagesPerRound {
            let count = unsafe recv(advertiser.socket, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            guard (try? RouterSolicitation(reading: buffer.span.extracting(0..<count))) != nil else { continue }
            advertiser.solicited(.now)
        }
    }

    private func decide(_ message: DHCPv4Message, _ network: DHCPNetwork) {
        let uuid = network.configuration.uuid
        switch network.server?.handle(message, now: .now) {
        case .commitThenReply(let changes, let reply):
            add(changes, of: uuid)
            round.acknowledgements.append((uuid, reply))
        case .reply(let reply): round.replies.append((uuid, reply))
        case .commit(let changes): add(changes, of: uuid)
        case .ignore, nil: break
        }
    }

    private func sweep() {
        for (uuid, network) in networks { add(network.server?.expire(now: .now) ?? [], of: uuid) }
    }

    private func add(_ changes: [LeaseChange], of uuid: NetworkUUID) {
        round.changes += changes.map { (uuid, $0) }
    }

    /// Offers and refusals, which promise nothing that lasts, and then disk, names, acknowledgements: in this order.
    private func finishRound() {
        defer { round = Round() }
        for (uuid, reply) in round.replies { networks[uuid]?.send(reply) }
        guard !round.changes.isEmpty else { return }
        do {
            try store.commit(round.changes)
        } catch {
            // Nobody hears of a lease that is not on disk; the clients will ask again.
            send(.trouble("\(error)"))
            return
        }
        dns.post(.leases(round.changes))
        for (uuid, reply) in round.acknowledgements { networks[uuid]?.send(reply) }
        let news = history.news(of: round.changes, now: .now)
        if !news.isEmpty { send(.leaseNews(news)) }
    }
}

extension WallTime {
    /// The wall clock's time.
    static var now: WallTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(seconds: Int64(time.tv_sec))
    }
}
