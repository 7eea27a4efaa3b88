internal import NetworkModel

// What the messages to a client hold (RFC 2131, table 3) and where they go (section 4.1).
extension DHCPv4Server {
    func offer(of address: IPv4Address, to client: Client, for message: DHCPv4Message, now: WallTime) -> DHCPv4Reply {
        let times = plan.times(of: address, for: client, requested: message.options.u32(.leaseTime))
        var reply = answer(.offer, to: message)
        reply.yiaddr = address
        reply.options.set(times)
        let name = hostName(for: client, at: address, now: now)
        addParameters(to: &reply, asIn: message, name: name, isReserved: isReserved(name, for: client))
        return deliver(reply, to: message, at: address)
    }

    func ack(of lease: Lease, _ times: LeaseTimes, _ client: Client, for message: DHCPv4Message) -> DHCPv4Reply {
        var reply = answer(.ack, to: message)
        reply.ciaddr = message.ciaddr
        reply.yiaddr = lease.address
        reply.options.set(times)
        // The answer to a DISCOVER is an ACK only where the client can take one (RFC 4039, section 3.1).
        if message.kind == .discover { reply.options[.rapidCommit] = [] }
        addParameters(
            to: &reply, asIn: message, name: lease.hostName, isReserved: isReserved(lease.hostName, for: client))
        return deliver(reply, to: message, at: lease.address)
    }

    /// The answer to an INFORM: parameters, but neither an address nor times (RFC 2131, section 4.3.5).
    func information(for message: DHCPv4Message, _ client: Client) -> DHCPv4Reply {
        var reply = answer(.ack, to: message)
        reply.ciaddr = message.ciaddr
        let name = book.leases(of: client).first { $0.address == message.ciaddr }?.hostName
        addParameters(to: &reply, asIn: message, name: name, isReserved: isReserved(name, for: client))
        return deliver(reply, to: message, at: message.ciaddr)
    }

    func nak(_ refusal: DHCPv4Decision.Refusal, for message: DHCPv4Message) -> DHCPv4Reply {
        var reply = answer(.nak, to: message)
        reply.options.set(.message, text: refusal.rawValue)
        guard message.giaddr == .any else {
            // The client's address may be wrong for its link, so that the relay agent cannot reach it there.
            reply.wantsBroadcast = true
            return limited(reply, .relay(message.giaddr), for: message)
        }
        return limited(reply, .broadcast, for: message)
    }

    private func answer(_ kind: DHCPv4Message.Kind, to message: DHCPv4Message) -> DHCPv4Message {
        var reply = DHCPv4Message(op: .reply, kind: kind, xid: message.xid, chaddr: message.chaddr)
        reply.flags = message.flags
        reply.giaddr = message.giaddr
        reply.options.set(.serverIdentifier, configuration.serverAddress)
        // Both as the client or its relay agent sent them (RFC 6842, section 3; RFC 3046, section 2.2).
        reply.options[.clientIdentifier] = message.options[.clientIdentifier]
        reply.options[.relayAgent] = message.options[.relayAgent]
        return reply
    }

    /// Adds what the client asks for in its parameter request list, or everything where it sent no list; the subnet
    /// mask and a reserved name in any case.
    private func addParameters(
        to reply: inout DHCPv4Message, asIn message: DHCPv4Message, name: String?, isReserved: Bool
    ) {
        let list = message.options[.parameterRequestList]
        func isWanted(_ code: DHCPv4Message.OptionCode) -> Bool { list?.contains(code.rawValue) ?? true }

        reply.options.set(.subnetMask, configuration.subnet.netmask)
        if isWanted(.routers), !configuration.routers.isEmpty { reply.options.set(.routers, configuration.routers) }
        if isWanted(.nameServers), !configuration.nameServers.isEmpty {
            reply.options.set(.nameServers, configuration.nameServers)
        }
        if isWanted(.domainName), let domain = configuration.domain { reply.options.set(.domainName, text: domain) }
        if isWanted(.interfaceMTU), let mtu = configuration.mtu { reply.options.set(.interfaceMTU, mtu) }
        if isWanted(.broadcastAddress) { reply.options.set(.broadcastAddress, configuration.subnet.broadcast) }
        if isReserved || isWanted(.hostName), let name { reply.options.set(.hostName, text: name) }
    }

    private func isReserved(_ name: String?, for client: Client) -> Bool {
        name != nil && plan.reservations(for: client).contains { $0.label == name }
    }

    private func deliver(_ reply: DHCPv4Message, to message: DHCPv4Message, at address: IPv4Address) -> DHCPv4Reply {
        let destination: DHCPv4Reply.Destination =
            if message.giaddr != .any {
                .relay(message.giaddr)
            } else if message.ciaddr != .any {
                .unicast(message.ciaddr, message.chaddr)
            } else if message.wantsBroadcast {
                .broadcast
            } else {
                .unicast(address, message.chaddr)
            }
        return limited(reply, destination, for: message)
    }

    /// Adds how long the payload may be: a datagram of the size the client takes, at least 576 octets (RFC 2132,
    /// section 9.10).
    ///
    /// It must also fit the link, because frames are sent in one piece. IPv4 and UDP headers take 28 octets of it.
    private func limited(
        _ reply: DHCPv4Message, _ destination: DHCPv4Reply.Destination, for message: DHCPv4Message
    ) -> DHCPv4Reply {
        let accepted = min(message.options.u16(.maximumMessageSize) ?? 576, configuration.mtu ?? 1_500)
        return DHCPv4Reply(message: reply, destination: destination, sizeLimit: Int(max(accepted, 576)) - 28)
    }
}

extension DHCPv4Message.Options {
    /// For ever has no moments of renewal.
    fileprivate mutating func set(_ times: LeaseTimes) {
        set(.leaseTime, times.lease)
        guard !times.isInfinite else { return }
        set(.renewalTime, times.renewal)
        set(.rebindingTime, times.rebinding)
    }
}
