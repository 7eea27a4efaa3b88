internal import NetworkModel

// What the messages to a client hold (RFC 2131, table 3) and where they go (section 4.1).
extension DHCPv4Server {
    func offer(of address: IPv4Address, to client: Client, for message: DHCPv4Message, now: WallTime) -> DHCPv4Reply {
        let times = plan.times(of: address, for: client, requested: message.options.u32(.leaseTime))
        var reply = answer(.offer, to: message)
        reply.yiaddr = address
        let name = hostName(for: client, at: address, now: now)
        addParameters(to: &reply, asIn: message, times, name: name, isReserved: isReserved(name, for: client))
        return deliver(reply, to: message, at: address)
    }

    func ack(of lease: Lease, _ times: LeaseTimes, _ client: Client, for message: DHCPv4Message) -> DHCPv4Reply {
        var reply = answer(.ack, to: message)
        reply.ciaddr = message.ciaddr
        reply.yiaddr = lease.address
        addParameters(
            to: &reply, asIn: message, times, name: lease.hostName, isReserved: isReserved(lease.hostName, for: client))
        // The answer to a DISCOVER is an ACK only where the client can take one (RFC 4039, section 3.1).
        if message.kind == .discover { reply.options[.rapidCommit] = [] }
        return deliver(reply, to: message, at: lease.address)
    }

    /// The answer to an INFORM: parameters, but neither an address nor times (RFC 2131, section 4.3.5).
    func information(for message: DHCPv4Message, _ client: Client) -> DHCPv4Reply {
        var reply = answer(.ack, to: message)
        reply.ciaddr = message.ciaddr
        let name = book.leases(of: client).first { $0.address == message.ciaddr }?.hostName
        addParameters(to: &reply, asIn: message, nil, name: name, isReserved: isReserved(name, for: client))
        return deliver(reply, to: message, at: message.ciaddr)
    }

    func nak(_ refusal: DHCPv4Decision.Refusal, for message: DHCPv4Message) -> DHCPv4Reply {
        var reply = answer(.nak, to: message)
        reply.options.set(.message, text: refusal.rawValue)
        addIdentifiers(to: &reply, asIn: message)
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
        return reply
    }

    /// Adds what is as the client or its relay agent sent it (RFC 6842, section 3; RFC 3046, section 2.2).
    private func addIdentifiers(to reply: inout DHCPv4Message, asIn message: DHCPv4Message) {
        for code in [.clientIdentifier, .relayAgent] as [DHCPv4Message.OptionCode] {
            if let value = message.options.value(code) { reply.options.set(code, value) }
        }
    }

    /// Adds what the client asks for in its parameter request list, or everything where it sent no list; the subnet
    /// mask, a reserved name, times and identifiers in any case.
    ///
    /// What most replies have comes in the order in which it is written, which is the fastest.
    private func addParameters(
        to reply: inout DHCPv4Message, asIn message: DHCPv4Message, _ times: LeaseTimes?, name: String?,
        isReserved: Bool
    ) {
        let list = message.options.value(.parameterRequestList)
        func isWanted(_ code: DHCPv4Message.OptionCode) -> Bool { list?.contains(code.rawValue) ?? true }

        reply.options.set(.subnetMask, configuration.subnet.netmask)
        if isWanted(.routers), !configuration.routers.isEmpty { reply.options.set(.routers, configuration.routers) }
        if isWanted(.nameServers), !configuration.nameServers.isEmpty {
            reply.options.set(.nameServers, configuration.nameServers)
        }
        if isReserved || isWanted(.hostName), let name { reply.options.set(.hostName, text: name) }
        if isWanted(.domainName), let domain = configuration.domain { reply.options.set(.domainName, text: domain) }
        if isWanted(.interfaceMTU), let mtu = configuration.mtu { reply.options.set(.interfaceMTU, mtu) }
        if isWanted(.broadcastAddress) { reply.options.set(.broadcastAddress, configuration.subnet.broadcast) }
        if let times { reply.options.set(times) }
        addIdentifiers(to: &reply, asIn: message)
        if let stated = message.options[.clientFQDN], !stated.isEmpty {
            reply.options.set(.clientFQDN, fullName(name, answering: stated))
        }
        if let boot = configuration.boots.first(where: { $0.conditions.allHold(for: message) }) {
            add(boot, to: &reply, asIn: message)
        }
        addOptions(to: &reply, asIn: message, isWanted)
        if !reply.options.contains(.vendorClass), HTTPBoot.isAsked(by: message.options.value(.vendorClass)),
            HTTPBoot.isAnswered(by: reply.options[.bootFileName] ?? reply.file)
        {
            reply.options[.vendorClass] = HTTPBoot.vendorClass
        }
    }

    /// Sets, or takes away, what the configuration says of single options; what is meant for this client comes first.
    private func addOptions(
        to reply: inout DHCPv4Message, asIn message: DHCPv4Message, _ isWanted: (DHCPv4Message.OptionCode) -> Bool
    ) {
        guard !configuration.options.isEmpty else { return }
        var decided: Set<UInt8> = []
        let meant = configuration.options.filter { $0.conditions.allHold(for: message) }
        for option in meant.filter({ !$0.conditions.isEmpty }) + meant.filter(\.conditions.isEmpty) {
            let code = DHCPv4Message.OptionCode(rawValue: option.code)
            guard decided.insert(option.code).inserted else { continue }
            if option.isForced || isWanted(code) || option.data == nil { reply.options[code] = option.data }
        }
    }

    /// The name as DNS has it, in the form that the client uses, and who has put it there (RFC 4702, section 4).
    private func fullName(_ name: String?, answering stated: [UInt8]) -> [UInt8] {
        let (isForServer, isOnDNSWire): (UInt8, UInt8) = (0x01, 0x04)
        let form = stated[0] & isOnDNSWire
        // Both result codes mean nothing any more and are 255 (section 2.2).
        let results: [UInt8] = [255, 255]
        let full = name.map { name in configuration.domain.map { "\(name).\($0)" } ?? name }
        guard let full, let encoded = form != 0 ? DomainName.encoded(full) : Array(full.utf8) else {
            // N: no name is registered.
            return [form | 0x08] + results + stated.dropFirst(3)
        }
        // S, and O where the client wanted to do it itself.
        return [form | isForServer | (stated[0] & isForServer != 0 ? 0 : 0x02)] + results + encoded
    }

    /// Says what to start from in the header's fields, where every boot ROM looks, and in the options for who asks for them.
    private func add(_ boot: ServiceConfiguration.DHCP.Boot, to reply: inout DHCPv4Message, asIn message: DHCPv4Message)
    {
        reply.siaddr = boot.server
        let byHTTP = HTTPBoot.isAsked(by: message.options.value(.vendorClass)) ? boot.httpURL : nil
        let file = Array((byHTTP ?? boot.file).utf8)
        // The field ends with a zero (RFC 2131, section 2); a longer name has room in the option alone.
        let fits = file.count < 128
        if fits { reply.file = file }
        let requested = message.options[.parameterRequestList] ?? []
        func isRequested(_ code: DHCPv4Message.OptionCode) -> Bool { requested.contains(code.rawValue) }
        if !fits || isRequested(.bootFileName) { reply.options[.bootFileName] = file }
        if isRequested(.tftpServerName) { reply.options.set(.tftpServerName, text: boot.server.description) }
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

extension [ServiceConfiguration.DHCP.Condition] {
    fileprivate func allHold(for message: DHCPv4Message) -> Bool {
        allSatisfy { condition in condition.traits.contains { $0.holds(for: message) } != condition.isNegated }
    }
}

extension ServiceConfiguration.DHCP.ClientTrait {
    fileprivate func holds(for message: DHCPv4Message) -> Bool {
        switch self {
        case .mac(let mac): return message.chaddr == mac
        case .option(let code, let expected):
            guard let value = message.options[.init(rawValue: code)] else { return false }
            guard let expected, !expected.isEmpty else { return true }
            return stride(from: 0, to: value.count, by: expected.count).contains {
                value[$0...].starts(with: expected)
            }
        case .containing(let code, let expected):
            guard let value = message.options[.init(rawValue: code)] else { return false }
            return value.indices.contains { value[$0...].starts(with: expected) }
        }
    }
}
