internal import BootFiles
internal import CLinux
internal import Glibc
internal import NetworkModel
internal import ResponderChannel
internal import Wire

/// The loop that gives out the files of all networks, by TFTP and by HTTP.
///
/// All TFTP transfers of an address go through its port 69, which the daemon has opened: this process may bind no port of its own,
/// and a host firewall needs to know of no other (the server chooses its transfer identifier: RFC 1350, section 4).
final class BootLoop {
    enum Message: Sendable {
        case serve(ServiceConfiguration, sockets: [(role: SocketRole, descriptor: Int32)], UInt64)
        case withdraw(NetworkUUID, UInt64)
    }

    private enum Source {
        case mailbox
        case port(TFTPPort)
        case listener(HTTPListener, BootNetwork)
        case connection(HTTPConnection)
    }

    private let mailbox: Mailbox<Message>
    private let dhcp: Mailbox<DHCPLoop.Message>
    private let poller: Poller
    private var sources: [UInt64: Source] = [:]
    private var lastToken: UInt64 = 0
    private var networks: [NetworkUUID: BootNetwork] = [:]
    private var buffer = [UInt8](repeating: 0, count: 2_048)
    private let start = ContinuousClock.now

    private static let messagesPerRound = 64

    init(mailbox: Mailbox<Message>, dhcp: Mailbox<DHCPLoop.Message>) throws {
        self.mailbox = mailbox
        self.dhcp = dhcp
        poller = try Poller()
        _ = try watch(mailbox.descriptor, .mailbox)
    }

    private var now: Duration { start.duration(to: .now) }

    func run() throws {
        while true {
            let deadline = networks.values.compactMap(\.nextDeadline).min()
            let current = now
            for ready in poller.wait(deadline.map { max(.zero, $0 - current) }) {
                switch sources[ready.token] {
                case .mailbox: for message in mailbox.take() { try handle(message) }
                case .port(let port): read(port)
                case .listener(let listener, let network): accept(listener, network)
                case .connection(let connection): serve(connection, ready)
                case nil: break
                }
            }
            let now = now
            for network in networks.values {
                network.tick(now)
                for connection in network.connections.values where connection.deadline <= now { end(connection) }
            }
        }
    }

    private func handle(_ message: Message) throws {
        switch message {
        case .serve(let configuration, let sockets, let number):
            withdraw(configuration.uuid)
            if !sockets.isEmpty {
                let network = BootNetwork(configuration.uuid, sockets, mtu: configuration.bootFiles?.mtu ?? 1_500)
                networks[configuration.uuid] = network
                for port in network.ports { port.token = try watch(port.descriptor, .port(port)) }
                for listener in network.listeners {
                    listener.token = try watch(listener.descriptor, .listener(listener, network))
                }
            }
            dhcp.post(.done(number))
        case .withdraw(let uuid, let number):
            withdraw(uuid)
            dhcp.post(.done(number))
        }
    }

    private func withdraw(_ uuid: NetworkUUID) {
        guard let network = networks.removeValue(forKey: uuid) else { return }
        for connection in network.connections.values { end(connection) }
        let sockets =
            network.ports.map { ($0.descriptor, $0.token) } + network.listeners.map { ($0.descriptor, $0.token) }
        for (descriptor, token) in sockets {
            poller.remove(descriptor)
            sources[token] = nil
        }
        network.close()
    }

    private func watch(_ descriptor: Int32, _ source: Source) throws -> UInt64 {
        lastToken += 1
        sources[lastToken] = source
        try poller.add(descriptor, token: lastToken)
        return lastToken
    }

    private func read(_ port: TFTPPort) {
        for _ in 0..<Self.messagesPerRound {
            var sender = clinux_endpoint()
            let count = unsafe clinux_receive_from(port.descriptor, &buffer, buffer.count, &sender)
            guard count >= 0 else { return }
            guard let address = sender.address else { continue }
            let client = TFTPClient(address: address, port: sender.port)
            do {
                port.handle(try TFTPRequest(reading: buffer.span.extracting(0..<count)), from: client, now)
            } catch {
                // Not to answer what is no request at all: two programs that did so would never end.
            }
        }
    }

    // MARK: HTTP

    private func accept(_ listener: HTTPListener, _ network: BootNetwork) {
        for _ in 0..<Self.messagesPerRound {
            var remote = clinux_endpoint()
            let descriptor = unsafe clinux_accept(listener.descriptor, &remote)
            guard descriptor >= 0 else { return }
            guard let address = remote.address, network.hasRoom(for: address) else {
                close(descriptor)
                continue
            }
            lastToken += 1
            let connection = HTTPConnection(
                network, descriptor, address, root: listener.root, token: lastToken, now: now)
            guard (try? poller.add(descriptor, token: lastToken)) != nil else { continue }
            sources[lastToken] = .connection(connection)
            network.connections[lastToken] = connection
        }
    }

    private func serve(_ connection: HTTPConnection, _ ready: Poller.Readiness) {
        guard connection.serve(ready, using: &buffer, now: now) else { return end(connection) }
        try? poller.change(
            connection.descriptor, token: connection.token, reading: connection.wantsToRead,
            writing: connection.wantsToWrite)
    }

    private func end(_ connection: HTTPConnection) {
        guard connection.network.connections.removeValue(forKey: connection.token) != nil else { return }
        poller.remove(connection.descriptor)
        sources[connection.token] = nil
    }
}
