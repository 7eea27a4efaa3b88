internal import CLinux
internal import DHCP
internal import Glibc
internal import NetworkModel
internal import ResponderChannel
internal import Wire

/// One network in the DHCP loop: its server and its sockets.
final class DHCPNetwork {
    let configuration: ServiceConfiguration
    let interfaceIndex: Int32
    var server: DHCPv4Server?
    var frames: Int32?
    var relay: Int32?
    var advertiser: Advertiser?

    init(_ configuration: ServiceConfiguration, interfaceIndex: Int32, leases: [Lease]) {
        self.configuration = configuration
        self.interfaceIndex = interfaceIndex
        server = configuration.dhcp.map { DHCPv4Server(configuration: $0, leases: leases) }
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
}

/// Sends the router advertisements of one network: when it starts, when a guest asks, and every few minutes.
final class Advertiser {
    let socket: Int32
    private let interfaceIndex: Int32
    private let message: [UInt8]
    private(set) var next: ContinuousClock.Instant
    private var last: ContinuousClock.Instant?

    /// Between advertisements that nobody asked for: MaxRtrAdvInterval's third (RFC 4861, section 6.2.1).
    private static let interval: Duration = .seconds(200)
    /// Between any two to all nodes: MIN_DELAY_BETWEEN_RAS (RFC 4861, section 10).
    private static let leastDelay: Duration = .seconds(3)

    init?(_ configuration: ServiceConfiguration, interfaceIndex: Int32, socket: Int32) {
        guard let wish = configuration.advertisement else { return nil }
        self.socket = socket
        self.interfaceIndex = interfaceIndex
        var advertisement = RouterAdvertisement()
        if !wish.isRouter { advertisement.routerLifetime = 0 }
        advertisement.sourceMAC = configuration.bridgeMAC
        advertisement.mtu = wish.mtu
        advertisement.prefixes = wish.prefixes.map { subnet in
            var prefix = RouterAdvertisement.Prefix(subnet)
            // Only a prefix of 64 bits leaves room for the interface identifier (RFC 4862, section 5.5.3).
            prefix.isAutonomous = subnet.prefixLength == 64
            return prefix
        }
        advertisement.nameServers = wish.nameServers
        advertisement.searchDomains = wish.domain.map { [$0] } ?? []
        var writer = WireWriter()
        advertisement.write(to: &writer)
        message = writer.bytes
        next = .now
    }

    /// A guest asks: the answer goes to all nodes, at once unless one has just gone.
    func solicited(_ now: ContinuousClock.Instant) {
        next = min(next, max(now, last.map { $0 + Self.leastDelay } ?? now))
    }

    func advertiseIfDue(_ now: ContinuousClock.Instant) {
        guard now >= next else { return }
        _ = unsafe clinux_send_to_all_nodes(socket, interfaceIndex, message, message.count)
        last = now
        next = now + Self.interval
    }
}
