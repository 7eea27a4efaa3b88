internal import CLinux
internal import DHCP
internal import Glibc
internal import NetworkModel
internal import ResponderChannel

/// One network in the DHCP loop: its servers and its sockets.
final class DHCPNetwork {
    let configuration: ServiceConfiguration
    let interfaceIndex: Int32
    /// Whether the daemon hears of every lease.
    var reportsLeases: Bool
    var server: DHCPv4Server?
    var frames: Int32?
    var relay: Int32?
    var arp: Int32?
    /// Who uses which address without a lease, and was heard of when.
    private var sightings: [IPv4Address: (sighting: AddressSighting, heardAt: WallTime)] = [:]
    var ipv6Server: DHCPv6Server?
    var ipv6Frames: Int32?
    /// What relay agents send comes here, and all answers leave by it.
    var ipv6Socket: Int32?
    var advertiser: Advertiser?

    init(_ configuration: ServiceConfiguration, interfaceIndex: Int32, leases: NetworkLeases) {
        self.configuration = configuration
        self.interfaceIndex = interfaceIndex
        reportsLeases = configuration.reportsLeases
        server = configuration.dhcp.map { DHCPv4Server(configuration: $0, leases: leases.ipv4) }
        ipv6Server = configuration.dhcpv6.map { DHCPv6Server(configuration: $0, leases: leases.ipv6) }
    }

    /// How many addresses are remembered that are used without a lease, and how long they are, in seconds.
    private static let sightingLimit = 1_024
    private static let sightingLifetime: Int64 = 3_600
    /// How many of them people hear of between two sweeps: a guest that makes up senders is not to drown all other news.
    private static let sightingsToldAtOnce = 16
    private var sightingsTold = 0

    var leases: NetworkLeases {
        NetworkLeases(
            ipv4: server?.leases ?? [], ipv6: ipv6Server?.leases ?? [],
            sightings: sightings.values.map(\.sighting).sorted { $0.address < $1.address })
    }

    var sockets: [Int32] { [frames, relay, arp, ipv6Frames, ipv6Socket, advertiser?.socket].compactMap(\.self) }

    /// Takes a new configuration, and returns what that means for the leases.
    func reconfigure(_ configuration: ServiceConfiguration) -> [LeaseChange] {
        (configuration.dhcp.flatMap { server?.reconfigure($0) } ?? [])
            + (configuration.dhcpv6.flatMap { ipv6Server?.reconfigure($0) } ?? [])
    }

    /// Ends what is over: leases, and what was heard of too long ago.
    func expire(now: WallTime) -> [LeaseChange] {
        sightingsTold = 0
        sightings = sightings.filter { $0.value.heardAt.seconds + Self.sightingLifetime > now.seconds }
        return (server?.expire(now: now) ?? []) + (ipv6Server?.expire(now: now) ?? [])
    }

    /// Ends the lease of an address.
    func release(_ address: IPAddress) -> [LeaseChange] {
        switch address {
        case .v4(let address): server?.release(address, now: .now) ?? []
        case .v6(let address): ipv6Server?.release(address, now: .now) ?? []
        }
    }

    /// Takes note of who uses an address; returns what is new about it, if it is used without a lease.
    func heard(_ packet: ARPPacket, now: WallTime) -> AddressSighting? {
        let address = packet.sender
        // What speaks for the host itself, or claims nothing.
        guard address != .any, packet.senderMAC != configuration.bridgeMAC, !packet.senderMAC.isMulticast,
            let use = server?.sighted(address, by: packet.senderMAC, now: now)
        else { return nil }
        guard use != .leased else {
            sightings[address] = nil
            return nil
        }
        let sighting = AddressSighting(address: address, mac: packet.senderMAC, isConflict: use == .conflict)
        let isNew = sightings[address]?.sighting != sighting
        guard sightings[address] != nil || sightings.count < Self.sightingLimit else { return nil }
        sightings[address] = (sighting, now)
        guard isNew, sightingsTold < Self.sightingsToldAtOnce else { return nil }
        sightingsTold += 1
        return sighting
    }

    /// Asks on the link whether anybody else uses an address that is offered to a client.
    ///
    /// Who does answers before the client can take it. Whose it is by lease need not be asked.
    func probe(_ address: IPv4Address, for client: MACAddress) {
        guard let arp, server?.holder(of: address) != client else { return }
        let frame = ARPPacket(probing: address, from: configuration.bridgeMAC).frame
        _ = unsafe clinux_send_frame(arp, interfaceIndex, frame, frame.count)
    }

    /// Sends a reply the way it must go; one that is lost is asked for again.
    func send(_ reply: DHCPv4Reply) {
        guard let dhcp = configuration.dhcp else { return }
        if let frame = reply.frame(from: configuration.bridgeMAC, dhcp.serverAddress) {
            guard let frames else { return }
            _ = unsafe clinux_send_frame(frames, interfaceIndex, frame, frame.count)
        } else if case .relay(let agent) = reply.destination, let relay {
            let payload = reply.payload
            var endpoint = clinux_endpoint(.v4(agent), port: DHCPv4Reply.serverPort)
            _ = unsafe clinux_send_to(relay, payload, payload.count, &endpoint)
        }
    }

    /// The same for IPv6, where a client has an address of its own to be sent to from the beginning.
    func send(_ reply: DHCPv6Reply) {
        guard let ipv6Socket else { return }
        let payload = reply.payload
        var endpoint = clinux_endpoint(.v6(reply.destination), port: reply.port)
        _ = unsafe clinux_send_to(ipv6Socket, payload, payload.count, &endpoint)
    }
}
