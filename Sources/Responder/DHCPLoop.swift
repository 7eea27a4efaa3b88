internal import CLinux
internal import DHCP
internal import Foundation
internal import LeaseStore
internal import NetworkModel
internal import ResponderChannel

/// The loop that serves DHCP and router advertisements of all networks.
///
/// One round: read up to 64 messages from each socket that is ready, decide each, and send what promises nothing that lasts. All
/// leases that were decided since the last commit go to disk in one transaction on another thread; when they are there, their
/// names go to the DNS loop, and only then are the replies sent that speak of them.
final class DHCPLoop {
    enum Message: Sendable {
        case request(ResponderRequest, descriptors: [Int32])
        /// Another loop has done its part of a request.
        case done(UInt64)
        /// What the DNS loop has to say to a request.
        case answer(ResponderEvent)
    }

    /// What a ready descriptor is for.
    private enum Source {
        case mailbox
        case commits
        case frames(NetworkUUID)
        case relay(NetworkUUID)
        case arp(NetworkUUID)
        case neighbours(NetworkUUID)
        case ipv6Frames(NetworkUUID)
        case ipv6Socket(NetworkUUID)
        case router(NetworkUUID)

        /// The network that it is of; nil for what is of none.
        var network: NetworkUUID? {
            switch self {
            case .mailbox, .commits: nil
            case .frames(let uuid), .relay(let uuid), .arp(let uuid), .neighbours(let uuid), .ipv6Frames(let uuid),
                .ipv6Socket(let uuid), .router(let uuid):
                uuid
            }
        }
    }

    private let mailbox: Mailbox<Message>
    let dns: DNSLoops
    private let boot: Mailbox<BootLoop.Message>
    let store: LeaseStore
    let writer: LeaseWriter
    private let channel: Channel
    private let poller: Poller
    /// Of ``writer`` alone, to wait for.
    let commits: Poller
    /// How many other loops have not done their part of a request yet.
    private var unfinished: [UInt64: Int] = [:]
    private var sources: [UInt64: Source] = [:]
    private var lastToken: UInt64 = 0
    var history = LeaseHistory()
    private var clock: LeaseClock
    var now: WallTime { clock.now }
    var networks: [NetworkUUID: DHCPNetwork] = [:]
    /// What goes out without the disk.
    var replies: [(network: NetworkUUID, reply: Reply)] = []
    /// What the disk works at, and what has been decided since.
    var underway: Commit?
    var next = Commit()
    /// For ``messagesPerRound`` frames, each in a place of its own, or for one datagram.
    var buffer = [UInt8](repeating: 0, count: messagesPerRound * frameRoom)
    var lengths = [UInt32](repeating: 0, count: messagesPerRound)

    /// How often leases that ended are looked for.
    private static let sweepInterval: Duration = .seconds(5)
    static let messagesPerRound = clinux_frame_limit
    /// In octets: no client or relay agent sends more.
    static let frameRoom = 4_096

    init(
        mailbox: Mailbox<Message>, dns: DNSLoops, boot: Mailbox<BootLoop.Message>, store: LeaseStore,
        writer: LeaseWriter, clock: LeaseClock, channel: Channel
    ) throws {
        self.clock = clock
        self.mailbox = mailbox
        self.dns = dns
        self.boot = boot
        self.store = store
        self.writer = writer
        self.channel = channel
        poller = try Poller()
        commits = try Poller()
        try commits.add(writer.results.descriptor, token: 0)
        try watch(mailbox.descriptor, .mailbox)
        try watch(writer.results.descriptor, .commits)
    }

    func run() throws {
        var nextSweep = ContinuousClock.now + Self.sweepInterval
        while true {
            var deadline = nextSweep
            for network in networks.values { deadline = min(deadline, network.advertiser?.next ?? deadline) }
            for ready in poller.wait(ContinuousClock.now.duration(to: deadline)) {
                switch sources[ready.token] {
                case .mailbox: for message in mailbox.take() { handle(message) }
                case .commits: takeResults()
                case .frames(let uuid): readFrames(uuid)
                case .relay(let uuid): readRelayed(uuid)
                case .arp(let uuid): readARP(uuid)
                case .neighbours(let uuid): readNeighbours(uuid)
                case .ipv6Frames(let uuid): readIPv6Frames(uuid)
                case .ipv6Socket(let uuid): readIPv6Relayed(uuid)
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
        case .done(let number):
            let left = (unfinished[number] ?? 1) - 1
            unfinished[number] = left > 0 ? left : nil
            if left == 0 { send(.done(number)) }
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
        // What was decided before is on disk before anyone hears of it, and comes before what is decided now.
        settle()
        switch request.command {
        case .serve(let configuration, let index, let roles):
            guard roles.count == descriptors.count else {
                throw SystemError("receive the network's sockets", errno: EBADMSG)
            }
            try serve(configuration, index, Array(zip(roles, descriptors)), number)
        case .reconfigure(let configuration):
            add(networks[configuration.uuid]?.reconfigure(configuration) ?? [], of: configuration.uuid)
            dns.post(.reconfigure(configuration, number))
        case .retire(let uuid):
            networks[uuid]?.advertiser?.retire()
            send(.done(number))
        case .withdraw(let uuid):
            withdraw(uuid)
            unfinished[number] = 2
            dns.post(.withdraw(uuid, number))
            boot.post(.withdraw(uuid, number))
        case .leases(let uuid):
            send(.leases(number, try networks[uuid]?.leases ?? store.leases(of: uuid)))
        case .leaseRecords(let uuid, let address, let time):
            send(.leaseRecords(number, try store.records(of: uuid, address: address, at: time)))
        case .release(let uuid, let address):
            let changes = try networks[uuid]?.release(address, now: now) ?? store.leases(of: uuid).removal(of: address)
            add(changes, of: uuid)
            guard settle() else { throw SystemError("write the lease database", errno: EIO) }
            send(.done(number))
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
        var forBoot: [(role: SocketRole, descriptor: Int32)] = []
        for (role, descriptor) in sockets {
            switch role {
            case .dhcpFrames:
                network.frames = descriptor
                try watch(descriptor, .frames(configuration.uuid))
            case .dhcpRelay:
                network.relay = descriptor
                try watch(descriptor, .relay(configuration.uuid))
            case .arpFrames:
                network.arp = descriptor
                try watch(descriptor, .arp(configuration.uuid))
            case .forwardingTable: network.take(forwardingTable: descriptor)
            case .neighbourFrames:
                network.neighbours = descriptor
                try watch(descriptor, .neighbours(configuration.uuid))
            case .dhcpv6Frames:
                network.ipv6Frames = descriptor
                try watch(descriptor, .ipv6Frames(configuration.uuid))
            case .dhcpv6:
                network.ipv6Socket = descriptor
                try watch(descriptor, .ipv6Socket(configuration.uuid))
            case .routerSolicitations:
                network.advertiser = Advertiser(configuration, interfaceIndex: index, socket: descriptor)
                if network.advertiser == nil {
                    close(descriptor)
                } else {
                    try watch(descriptor, .router(configuration.uuid))
                }
            case .dnsUDP, .dnsTCP, .queryLog: forDNS.append((role, descriptor))
            case .tftp, .http, .bootRoot: forBoot.append((role, descriptor))
            }
        }
        unfinished[number] = 2
        dns.post(.serve(configuration, leases: network.leases, sockets: forDNS, number))
        boot.post(.serve(configuration, sockets: forBoot, number))
    }

    private func withdraw(_ uuid: NetworkUUID) {
        guard let network = networks.removeValue(forKey: uuid) else { return }
        history.end(uuid)
        for descriptor in network.sockets {
            poller.remove(descriptor)
            close(descriptor)
        }
        network.closeForwardingTable()
        sources = sources.filter { $0.value.network != uuid }
    }

    private func watch(_ descriptor: Int32, _ source: Source) throws {
        lastToken += 1
        sources[lastToken] = source
        try poller.add(descriptor, token: lastToken)
    }

    func send(_ event: ResponderEvent) {
        // Where the daemon has gone, the main thread sees it and ends the process.
        try? channel.send(event)
    }

    private func sweep() {
        if let step = clock.adjust() { follow(step) }
        for (uuid, network) in networks { add(network.expire(now: now), of: uuid) }
    }

    /// Somebody has set the wall clock: leases last as long as guests were promised.
    private func follow(_ step: Int64) {
        settle()
        do {
            try store.moveExpiries(by: step, offset: clock.offset)
            for (uuid, network) in networks { network.restore(try store.leases(of: uuid)) }
            send(.trouble("the clock was set by \(step) s, and the ends of all leases with it"))
        } catch {
            send(.trouble("the clock was set by \(step) s, and leases end earlier or later by that: \(error)"))
        }
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
