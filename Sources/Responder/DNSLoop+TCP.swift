internal import CLinux
internal import DNS
internal import Glibc
internal import NetworkModel
internal import ResponderChannel
internal import Wire

extension DNSLoop {
    func accept(_ network: DNSNetwork, _ listener: Int32) {
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
            guard let address = remote.address, network.hasRoom(for: address), connectionCount < connectionLimit else {
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
            connectionCount += 1
            busy[network.uuid] = network
        }
    }

    func serve(_ connection: DNSConnection, _ ready: Poller.Readiness) {
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

    func takeUpAnswered() {
        while let connection = answered.popLast() {
            guard connection.network.connections[connection.token] === connection else { continue }
            takeUp(connection)
        }
    }

    private func answer(_ query: [UInt8], _ connection: DNSConnection) {
        let network = connection.network
        let now = now
        let client = DNSClient(way: .connection(connection.token), address: connection.address, askedAt: now)
        let outcome = network.resolver.handle(
            query.span, from: client, over: .tcp, now: now, using: &generator,
            into: &response, effects: &effects)
        switch outcome {
        case .answered(let answerer):
            connection.stream.append(response.bytes)
            network.log?.note(response.bytes, to: client, by: answerer, at: now)
        case .pending: connection.inFlight += 1
        case .ignored: break
        }
        carryOutCollected(network)
    }

    func end(_ connection: DNSConnection) {
        guard connection.network.connections.removeValue(forKey: connection.token) != nil else { return }
        connectionCount -= 1
        unwatch(connection.token, connection.stream.descriptor)
    }
}
