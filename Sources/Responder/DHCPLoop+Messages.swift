internal import CLinux
internal import DHCP
internal import Glibc
internal import NetworkModel
internal import ResponderChannel

// What guests send.
extension DHCPLoop {
    func readFrames(_ uuid: NetworkUUID) {
        guard let network = networks[uuid], let socket = network.frames else { return }
        receive(from: socket) { bytes in
            guard let (_, payload) = UDPFrame.read(bytes),
                let message = try? DHCPv4Message(reading: bytes.extracting(payload)), message.giaddr == .any
            else { return }
            decide(message, network)
        }
    }

    /// Who uses which address, by its own word.
    func readARP(_ uuid: NetworkUUID) {
        guard let network = networks[uuid], let socket = network.arp else { return }
        receive(from: socket) { frame in
            guard let packet = try? ARPPacket(reading: frame),
                let sighting = network.heard(.v4(packet.sender), of: packet.senderMAC, now: now)
            else { return }
            send(.addressInUse(uuid, sighting))
        }
    }

    /// The same for IPv6.
    func readNeighbours(_ uuid: NetworkUUID) {
        guard let network = networks[uuid], let socket = network.neighbours else { return }
        receive(from: socket) { frame in
            guard let claim = try? NeighbourClaim(reading: frame),
                let sighting = network.heard(.v6(claim.address), of: claim.mac, now: now)
            else { return }
            send(.addressInUse(uuid, sighting))
        }
    }

    /// What relay agents send is for this socket; everything else that reaches it has come as a frame as well.
    func readRelayed(_ uuid: NetworkUUID) {
        guard let network = networks[uuid], let socket = network.relay else { return }
        receive(from: socket) { bytes in
            guard let message = try? DHCPv4Message(reading: bytes), message.giaddr != .any else { return }
            decide(message, network)
        }
    }

    func readIPv6Frames(_ uuid: NetworkUUID) {
        guard let network = networks[uuid], let socket = network.ipv6Frames else { return }
        receive(from: socket) { bytes in
            guard let (headers, payload) = UDPv6Frame.read(bytes),
                let packet = try? DHCPv6Packet(reading: bytes.extracting(payload)), packet.relays.isEmpty
            else { return }
            let origin = DHCPv6Origin(
                source: headers.source, sourcePort: headers.sourcePort, mac: headers.sourceMAC,
                isUnicast: !headers.destination.isMulticast)
            decide(packet, from: origin, network)
        }
    }

    func readIPv6Relayed(_ uuid: NetworkUUID) {
        guard let network = networks[uuid], let socket = network.ipv6Socket else { return }
        for _ in 0..<Self.messagesPerRound {
            var sender = clinux_endpoint()
            let count = unsafe clinux_receive_from(socket, &buffer, buffer.count, &sender)
            guard count > 0 else { return }
            guard case .v6(let source)? = sender.address,
                let packet = try? DHCPv6Packet(reading: buffer.span.extracting(0..<count)), !packet.relays.isEmpty
            else { continue }
            decide(packet, from: DHCPv6Origin(source: source, sourcePort: sender.port, mac: nil), network)
        }
    }

    func readSolicitations(_ uuid: NetworkUUID) {
        guard let advertiser = networks[uuid]?.advertiser else { return }
        receive(from: advertiser.socket) { bytes in
            guard (try? RouterSolicitation(reading: bytes)) != nil else { return }
            advertiser.solicited(.now)
        }
    }

    /// Hands over what has arrived, as much as one round takes of one socket.
    private func receive(from socket: Int32, _ handle: (Span<UInt8>) -> Void) {
        let count = unsafe clinux_receive_frames(socket, &buffer, Self.frameRoom, &lengths)
        for index in 0..<max(0, Int(count)) {
            let start = index * Self.frameRoom
            handle(buffer.span.extracting(start..<start + Int(lengths[index])))
        }
    }

    private func decide(_ message: DHCPv4Message, _ network: DHCPNetwork) {
        let uuid = network.configuration.uuid
        defer { tellIncidents(of: network) }
        if message.kind == .discover || message.kind == .request {
            let isAdmitted =
                message.giaddr == .any
                ? network.admits(message.chaddr) : network.admits(message.chaddr, through: message.giaddr)
            guard isAdmitted else { return }
        }
        switch network.server?.handle(message, now: now) {
        case .commitThenReply(let changes, let reply):
            add(changes, of: uuid)
            next.acknowledgements.append((uuid, .v4(reply)))
        case .reply(let reply):
            if reply.message.kind == .offer, message.giaddr == .any {
                network.probe(reply.message.yiaddr, for: message.chaddr)
            }
            replies.append((uuid, .v4(reply)))
        case .commit(let changes): add(changes, of: uuid)
        case .ignore, nil: break
        }
    }

    private func tellIncidents(of network: DHCPNetwork) {
        for incident in network.takeIncidents(now: now) { send(.incident(network.configuration.uuid, incident)) }
    }

    private func decide(_ packet: DHCPv6Packet, from origin: DHCPv6Origin, _ network: DHCPNetwork) {
        let uuid = network.configuration.uuid
        defer { tellIncidents(of: network) }
        switch (packet.message.kind, origin.mac) {
        // What gives a client something, or promises it.
        case (.solicit, let mac?), (.request, let mac?), (.renew, let mac?), (.rebind, let mac?):
            guard network.admits(mac) else { return }
        default: break
        }
        let server = network.server
        let decision = network.ipv6Server?.handle(packet, from: origin, now: now) { server?.holder(ofName: $0) }
        switch decision {
        case .commitThenReply(let changes, let reply):
            add(changes, of: uuid)
            next.acknowledgements.append((uuid, .v6(reply)))
        case .reply(let reply): replies.append((uuid, .v6(reply)))
        case .ignore, nil: break
        }
    }
}
