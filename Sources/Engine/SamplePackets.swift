public import Firewall
public import NetworkModel

/// By which interface a network's packets of a family leave the host.
public struct Uplink: Hashable, Sendable {
    public var family: AddressFamily
    public var interface: InterfaceName

    public init(_ family: AddressFamily, by interface: InterfaceName) {
        self.family = family
        self.interface = interface
    }

    /// An address that is outside of every network that somebody could have: that of a.root-servers.net.
    public static func outside(_ family: AddressFamily) -> IPAddress {
        switch family {
        case .ipv4: .v4(IPv4Address(0xC629_0004))
        case .ipv6: .v6(IPv6Address(0x2001_0503_BA3E << 80 | 0x0002_0030))
        }
    }
}

/// What a network serves its guests from the host, as its sockets tell.
public struct HostServices: Hashable, Sendable {
    public struct Endpoint: Hashable, Sendable {
        public var address: IPAddress
        public var port: UInt16

        public init(_ address: IPAddress, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// With the port that stands in for 53 where that is somebody else's.
    public var dns: [Endpoint] = []
    public var tftp: [Endpoint] = []
    public var http: [Endpoint] = []
    public var hasDHCPv6 = false
    public var hasAdvertisements = false

    public init() {}
}

extension SamplePacket {
    /// A packet of every kind that must pass for the network to work as its definition says.
    ///
    /// What guests ask of DHCP is none of them: it is received before any of these chains. `bridged` are the families whose
    /// packets come by the chains when they go from guest to guest.
    public static func all(
        of rules: NetworkRules, _ definition: NetworkDefinition, uplinks: [Uplink], services: HostServices,
        bridged: Set<AddressFamily>
    ) -> [Self] {
        let scene = Scene(rules: rules, definition: definition)
        return uplinks.flatMap { scene.crossing($0) }
            + [AddressFamily.ipv4, .ipv6].filter { bridged.contains($0) }.flatMap { scene.among($0) }
            + scene.served(services)
    }
}

/// The network whose packets are made.
private struct Scene {
    let rules: NetworkRules
    let definition: NetworkDefinition

    func subnet(_ family: AddressFamily) -> IPSubnet? {
        definition.ips.lazy.compactMap(\.subnet).first { $0.base.family == family }
    }

    func packet(_ purpose: SamplePacket.Purpose, _ family: AddressFamily, _ transport: String) -> SamplePacket {
        SamplePacket(purpose, family, of: rules.bridge, subnet(family), transport: transport)
    }

    /// Out by the uplink and back, and in by it where the network lets packets in.
    func crossing(_ uplink: Uplink) -> [SamplePacket] {
        guard let guest = definition.sampleGuest(uplink.family) else { return [] }
        let outside = Uplink.outside(uplink.family)
        let isTranslated = rules.policy == .nat && (uplink.family == .ipv4 || rules.sourceNAT.translatesIPv6)
        var out = packet(.outwards, uplink.family, "tcp")
        (out.source, out.destination, out.destinationPort) = (guest, outside, 443)
        (out.input, out.output) = (.named(rules.bridge), .named(uplink.interface))

        var back = packet(.answers, uplink.family, "tcp")
        (back.source, back.sourcePort, back.destination) = (outside, 443, guest)
        (back.input, back.output) = (out.output, out.input)
        (back.state, back.isTranslated) = ("established", isTranslated)
        if isTranslated { back.status = ["snat"] }

        var packets = [out, back]
        if rules.policy == .route {
            var into = packet(.inwards, uplink.family, "tcp")
            (into.source, into.destination, into.destinationPort) = (outside, guest, 22)
            (into.input, into.output) = (out.output, out.input)
            packets.append(into)
        }
        for forward in rules.forwards where forward.guest.family == uplink.family && !forward.address.isLoopback {
            var into = packet(.forwarded, uplink.family, forward.transport.rawValue)
            (into.source, into.destination, into.destinationPort) = (outside, forward.guest, forward.firstTarget)
            (into.input, into.output) = (forward.device.map { .named($0) } ?? out.output, out.input)
            (into.status, into.isTranslated) = (["dnat"], true)
            packets.append(into)
        }
        return packets
    }

    /// From guest to guest.
    func among(_ family: AddressFamily) -> [SamplePacket] {
        guard let guest = definition.sampleGuest(family) else { return [] }
        var packet = packet(.among, family, "tcp")
        (packet.source, packet.destination, packet.destinationPort) = (guest, guest, 22)
        (packet.input, packet.output) = (.named(rules.bridge), .named(rules.bridge))
        return [packet]
    }

    /// To the host's services, and what the host answers.
    func served(_ services: HostServices) -> [SamplePacket] {
        var packets: [SamplePacket] = []
        func ask(_ purpose: SamplePacket.Purpose, _ transport: String, _ endpoint: HostServices.Endpoint) {
            let family = endpoint.address.family
            guard let guest = definition.sampleGuest(family) else { return }
            var question = packet(purpose, family, transport)
            (question.source, question.destination, question.destinationPort) = (guest, endpoint.address, endpoint.port)
            (question.input, question.destinationType) = (.named(rules.bridge), "local")
            var answer = packet(.replies, family, transport)
            (answer.source, answer.sourcePort, answer.destination) = (endpoint.address, endpoint.port, guest)
            (answer.output, answer.state) = (.named(rules.bridge), "established")
            packets += [question, answer]
        }
        for endpoint in services.dns { for transport in ["udp", "tcp"] { ask(.dns, transport, endpoint) } }
        for endpoint in services.tftp { ask(.tftp, "udp", endpoint) }
        for endpoint in services.http { ask(.http, "tcp", endpoint) }
        if services.hasDHCPv6 {
            var answer = packet(.replies, .ipv6, "udp")
            (answer.sourcePort, answer.destinationPort) = (547, 546)
            (answer.output, answer.destination) = (.named(rules.bridge), definition.sampleGuest(.ipv6))
            packets.append(answer)
        }
        // Neighbour discovery is followed by no connection tracking (net/netfilter/nf_conntrack_proto_icmpv6.c).
        var messages: [(SamplePacket.Purpose, String)] = []
        if subnet(.ipv6) != nil {
            messages += [(.discovery, "nd-neighbor-solicit"), (.discovery, "nd-neighbor-advert")]
        }
        if services.hasAdvertisements { messages.append((.solicitation, "nd-router-solicit")) }
        for (purpose, type) in messages {
            var message = packet(purpose, .ipv6, "ipv6-icmp")
            (message.icmpType, message.state) = (type, "untracked")
            // RFC 4861, section 7.1: what has passed a router is none.
            message.hopLimit = 255
            message.input = .named(rules.bridge)
            message.destinationType = type == "nd-neighbor-advert" ? "local" : "multicast"
            packets.append(message)
        }
        return packets
    }
}

extension NetworkDefinition {
    /// An address that a guest may have: the last of the first subnet of the family; nil where there is no subnet.
    public func sampleGuest(_ family: AddressFamily) -> IPAddress? {
        let subnet = ips.lazy.compactMap(\.subnet).first { $0.base.family == family }
        switch subnet {
        case .v4(let subnet)?:
            let last = IPv4Address(subnet.broadcast.value - (subnet.prefixLength < 31 ? 1 : 0))
            let isGateway = ips.contains { $0.address == .v4(last) }
            return .v4(isGateway && subnet.prefixLength < 31 ? IPv4Address(last.value - 1) : last)
        case .v6(let subnet)?: return .v6(subnet.last)
        case nil: return nil
        }
    }
}
