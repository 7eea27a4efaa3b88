internal import CLinux
internal import DHCP
internal import Glibc
internal import NetworkModel
internal import ResponderChannel
internal import Wire

/// One network in the DHCP loop: its servers and its sockets.
final class DHCPNetwork {
    private(set) var configuration: ServiceConfiguration
    let interfaceIndex: Int32
    /// Whether the daemon hears of every lease.
    var reportsLeases: Bool
    var server: DHCPv4Server?
    var frames: Int32?
    var relay: Int32?
    var arp: Int32?
    var neighbours: Int32?
    private var watch = AddressWatch()
    private var forwardingTable: Int32?
    private var bridgePorts: BridgePorts?
    /// Who has been served through which relay agent.
    private var relayed: [IPv4Address: Set<MACAddress>] = [:]
    private static let relayLimit = 256
    /// Whether ``bridgePorts`` knows who has what.
    private var isCounting = false
    private var incidents: [DHCPIncident] = []
    private var incidentFilter = IncidentFilter()
    /// Frames that are to go out, one behind the other, and the length of each.
    private var outbox: (frames: WireWriter, lengths: [UInt32]) = (WireWriter(), [])
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

    var leases: NetworkLeases {
        NetworkLeases(
            ipv4: server?.leases ?? [], ipv6: ipv6Server?.leases ?? [], sightings: watch.sightings)
    }

    var sockets: [Int32] {
        [frames, relay, arp, neighbours, ipv6Frames, ipv6Socket, advertiser?.socket].compactMap(\.self)
    }

    /// Takes a new configuration, and returns what that means for the leases.
    func reconfigure(_ configuration: ServiceConfiguration) -> [LeaseChange] {
        self.configuration = configuration
        reportsLeases = configuration.reportsLeases
        advertiser?.reconfigure(configuration)
        return (configuration.dhcp.flatMap { server?.reconfigure($0) } ?? [])
            + (configuration.dhcpv6.flatMap { ipv6Server?.reconfigure($0) } ?? [])
    }

    /// Ends what is over: leases, and what was heard of too long ago.
    func expire(now: WallTime) -> [LeaseChange] {
        watch.sweep(now: now)
        incidentFilter.sweep(now: now)
        forgetRelayed()
        if isCounting { countGuests() }
        return (server?.expire(now: now) ?? []) + (ipv6Server?.expire(now: now) ?? [])
    }

    /// Ends the lease of an address.
    func release(_ address: IPAddress, now: WallTime) -> [LeaseChange] {
        switch address {
        case .v4(let address): server?.release(address, now: now) ?? []
        case .v6(let address): ipv6Server?.release(address, now: now) ?? []
        }
    }

    /// Takes note of who uses an address; returns what people are to hear of it.
    func heard(_ address: IPAddress, of mac: MACAddress, now: WallTime) -> AddressSighting? {
        // What speaks for the host itself, or claims nothing.
        guard address != .v4(.any), mac != configuration.bridgeMAC, !mac.isMulticast,
            let use = use(of: address, by: mac, now: now)
        else { return nil }
        guard use != .leased else {
            watch.forget(address)
            return nil
        }
        let isAutoconfigured = prefix(of: address)?.isAutonomous == true
        let sighting = AddressSighting(
            address: address, mac: mac, isConflict: use == .conflict, isAutoconfigured: isAutoconfigured)
        let isNews = watch.note(sighting, at: now)
        // That guests make themselves addresses where they are to is none.
        return isNews && !isAutoconfigured ? sighting : nil
    }

    /// Nil where the address is none of the network's.
    private func use(of address: IPAddress, by mac: MACAddress, now: WallTime) -> AddressUse? {
        switch address {
        case .v4(let v4): server?.sighted(v4, by: mac, now: now)
        case .v6(let v6): ipv6Server?.sighted(v6, by: mac, now: now) ?? (prefix(of: address).map { _ in .unleased })
        }
    }

    /// The subnet of IPv6 that the address is of.
    private func prefix(of address: IPAddress) -> ServiceConfiguration.Advertisement.Prefix? {
        guard case .v6(let address) = address else { return nil }
        return configuration.advertisement?.prefixes.first { $0.subnet.contains(address) }
    }

    // MARK: What one port may have

    func take(forwardingTable descriptor: Int32) {
        forwardingTable = descriptor
        bridgePorts = BridgePorts(table: descriptor)
    }

    func closeForwardingTable() {
        if let forwardingTable { close(forwardingTable) }
    }

    /// Goes on with the leases as they are on disk.
    func restore(_ leases: NetworkLeases) {
        if let configuration = server?.configuration {
            server = DHCPv4Server(configuration: configuration, leases: leases.ipv4)
        }
        if let configuration = ipv6Server?.configuration {
            ipv6Server = DHCPv6Server(configuration: configuration, leases: leases.ipv6)
        }
    }

    /// How many guests of one port of the bridge may have addresses: what the document says, or three quarters of those there
    /// are for all, so that whatever one port does others get some, and besides as many as are reserved, which nobody else gets.
    private var limitPerPort: Int {
        if let limit = configuration.leasesPerPort { return limit }
        let pool = max(server?.poolSize ?? 0, min(ipv6Server?.poolSize ?? 0, 4_096))
        guard pool > 0 else { return .max }
        let reserved = max(
            configuration.dhcp?.reservations.count ?? 0, configuration.dhcpv6?.reservations.count ?? 0)
        return max(8, pool * 3 / 4) + reserved
    }

    /// Whether a guest that has no address may get one, as far as its port's others are concerned.
    func admits(_ mac: MACAddress) -> Bool {
        // No port has more than all have together: only from there on is it worth to know who comes by which.
        guard (server?.givenCount ?? 0) + (ipv6Server?.givenCount ?? 0) >= limitPerPort else {
            isCounting = false
            return true
        }
        guard server?.isKnown(mac) != true else { return true }
        if !isCounting { countGuests() }
        if let (port, holders) = bridgePorts?.holders(beside: mac), !holders.contains(mac),
            holders.count >= limitPerPort
        {
            incidents.append(.limited(port: port, mac, limit: limitPerPort))
            return false
        }
        bridgePorts?.note(mac)
        return true
    }

    /// The same for one that asks through a relay agent, which is as one port: any guest may say that it is one.
    func admits(_ mac: MACAddress, through relay: IPv4Address) -> Bool {
        let served = relayed[relay] ?? []
        guard !served.contains(mac), server?.isKnown(mac) != true else { return true }
        guard served.count < limitPerPort, relayed.count < Self.relayLimit || relayed[relay] != nil else {
            incidents.append(.limitedRelay(relay, mac, limit: limitPerPort))
            return false
        }
        relayed[relay, default: []].insert(mac)
        return true
    }

    private func forgetRelayed() {
        guard !relayed.isEmpty else { return }
        let holders = Set(server?.holders ?? [])
        relayed = relayed.mapValues { $0.intersection(holders) }.filter { !$0.value.isEmpty }
    }

    private func countGuests() {
        isCounting = true
        bridgePorts?.recount((server?.holders ?? []) + (ipv6Server?.holders ?? []))
    }

    /// Takes what people are to hear of.
    func takeIncidents(now: WallTime) -> [DHCPIncident] {
        let all = incidents + (server?.takeIncidents() ?? []) + (ipv6Server?.takeIncidents() ?? [])
        guard !all.isEmpty else { return [] }
        incidents = []
        return all.filter { incidentFilter.admits($0, at: now) }
    }

    /// Asks on the link whether anybody else uses an address that is offered to a client.
    ///
    /// Who does answers before the client can take it. Whose it is by lease need not be asked.
    func probe(_ address: IPv4Address, for client: MACAddress) {
        guard arp != nil, server?.holder(of: address) != client else { return }
        sendFrame {
            ARPPacket(probing: address, from: configuration.bridgeMAC).writeFrame(to: &$0)
            return true
        }
    }

    /// Has what is written go out with the other frames of this round; false where nothing was written.
    @discardableResult
    private func sendFrame(_ write: (inout WireWriter) -> Bool) -> Bool {
        if outbox.lengths.count == clinux_frame_limit { flush() }
        let start = outbox.frames.count
        guard write(&outbox.frames) else { return false }
        outbox.lengths.append(UInt32(outbox.frames.count - start))
        return true
    }

    /// Sends the frames of this round; those that are lost are asked for again.
    func flush() {
        guard !outbox.lengths.isEmpty else { return }
        if let frames {
            unsafe clinux_send_frames(frames, interfaceIndex, outbox.frames.bytes, outbox.lengths, outbox.lengths.count)
        }
        outbox.frames.removeAll()
        outbox.lengths.removeAll(keepingCapacity: true)
    }

    /// Sends a reply the way it must go; one that is lost is asked for again.
    func send(_ reply: DHCPv4Reply) {
        guard let dhcp = configuration.dhcp else { return }
        let isFrame = sendFrame { reply.writeFrame(from: configuration.bridgeMAC, dhcp.serverAddress, to: &$0) }
        if !isFrame, case .relay(let agent) = reply.destination, let relay {
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
