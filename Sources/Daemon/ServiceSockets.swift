internal import CLinux
internal import Firewall
internal import Glibc
internal import NetworkModel
internal import ResponderChannel

/// A socket could not be opened.
struct SocketError: Error, CustomStringConvertible {
    let description: String

    init(_ operation: String, errno number: CInt = errno) {
        description = "\(operation): \(unsafe String(cString: strerror(number)))"
    }
}

/// One socket, opened with the daemon's privileges for the responder; closed when nobody keeps it any more.
final class ServiceSocket: Sendable {
    /// What it is bound to.
    enum Place: Hashable {
        case address(IPAddress)
        case interface(Int32)
    }

    let role: SocketRole
    let place: Place
    let descriptor: Int32

    init(_ role: SocketRole, at place: Place, _ descriptor: Int32) {
        self.role = role
        self.place = place
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}

/// The sockets that one network's services need.
///
/// The daemon keeps them while the network runs: a responder that is started anew gets the same ones, with what has arrived
/// in them meanwhile, and so does a network that is changed while it runs.
struct ServiceSockets {
    var open: [ServiceSocket] = []
    /// Where port 53 belongs to somebody else.
    var redirects: [NetworkRules.Redirect] = []
    /// Sentences for the person who starts the network.
    var warnings: [String] = []

    private func kept(_ place: ServiceSocket.Place) -> [ServiceSocket] { open.filter { $0.place == place } }

    /// Those that need no bridge.
    var ofAddresses: Self {
        var sockets = self
        sockets.open.removeAll { if case .interface = $0.place { true } else { false } }
        return sockets
    }

    func isSame(as other: Self) -> Bool { open.elementsEqual(other.open) { $0 === $1 } }

    // MARK: DNS

    /// Opens UDP and TCP 53 of each address, before the host needs to have the addresses.
    ///
    /// Where somebody holds port 53 there, another port is opened, and a redirect says so; the ports of `former` redirects,
    /// which stand already, are taken again if they are free. What `open` has already is used on.
    static func dns(
        of network: String, on addresses: [IPAddress], former: [NetworkRules.Redirect] = [], open: Self? = nil
    ) throws -> Self {
        var sockets = Self()
        for address in addresses {
            if let open, case let kept = open.kept(.address(address)), !kept.isEmpty {
                sockets.open += kept
                sockets.redirects += open.redirects.filter { $0.address == address }
                continue
            }
            if let pair = try pair(address, port: 53) {
                sockets.open += pair.sockets
                continue
            }
            let holder =
                PortHolder.name(.udp, port: 53, at: address) ?? PortHolder.name(.tcp, port: 53, at: address)
                ?? "another program"
            let formerPort = former.first { $0.address == address }?.port ?? 0
            var found = try pair(address, port: formerPort)
            if found == nil { found = try privatePair(address) }
            guard let pair = found else {
                throw DaemonError("network '\(network)': no free port for DNS on \(address)")
            }
            sockets.open += pair.sockets
            sockets.redirects.append(.init(address: address, port: pair.port))
            sockets.warnings.append(
                "port 53 of \(address) is held by \(holder), so guests of '\(network)' are redirected to port"
                    + " \(pair.port); to have port 53 itself, make that program listen on its own addresses only")
        }
        return sockets
    }

    private typealias Pair = (sockets: [ServiceSocket], port: UInt16)

    private static func privatePair(_ address: IPAddress) throws(SocketError) -> Pair? {
        // The kernel's choice for UDP may be taken for TCP: then another.
        for _ in 0..<16 {
            if let pair = try pair(address, port: 0) { return pair }
        }
        return nil
    }

    /// A UDP and a TCP socket on one port; nil where it is taken for either.
    private static func pair(_ address: IPAddress, port: UInt16) throws(SocketError) -> Pair? {
        var endpoint = clinux_endpoint(address, port: port)
        let datagrams = unsafe clinux_open_udp(&endpoint, nil)
        guard datagrams >= 0 else {
            if errno == EADDRINUSE { return nil }
            throw SocketError("open UDP port \(port) on \(address)")
        }
        let udp = ServiceSocket(.dnsUDP, at: .address(address), datagrams)
        _ = unsafe clinux_local_endpoint(datagrams, &endpoint)
        let listener = unsafe clinux_open_tcp_listener(&endpoint)
        guard listener >= 0 else {
            if errno == EADDRINUSE { return nil }
            throw SocketError("open TCP port \(port) on \(address)")
        }
        return ([udp, ServiceSocket(.dnsTCP, at: .address(address), listener)], endpoint.port)
    }

    // MARK: What needs the bridge

    /// Adds what is bound to the bridge itself, and so needs it to be there; what `open` has already is used on.
    mutating func addBridge(of configuration: ServiceConfiguration, interfaceIndex: Int32, open former: Self?) throws {
        let place = ServiceSocket.Place.interface(interfaceIndex)
        func socket(_ role: SocketRole, _ make: () throws -> Int32) throws -> ServiceSocket {
            try former?.kept(place).first { $0.role == role } ?? ServiceSocket(role, at: place, make())
        }
        if configuration.dhcp != nil {
            open.append(
                try socket(.dhcpFrames) {
                    let frames = clinux_open_dhcp_packet_socket(interfaceIndex)
                    guard frames >= 0 else { throw SocketError("open a packet socket on '\(configuration.bridge)'") }
                    return frames
                })
            open.append(try socket(.dhcpRelay) { try Self.relay(configuration) })
        }
        if configuration.advertisement != nil {
            open.append(
                try socket(.routerSolicitations) {
                    let router = unsafe clinux_open_router_socket(configuration.bridge.description)
                    guard router >= 0 else { throw SocketError("open an ICMPv6 socket on '\(configuration.bridge)'") }
                    return router
                })
        }
    }

    private static func relay(_ configuration: ServiceConfiguration) throws -> Int32 {
        var endpoint = clinux_endpoint(.v4(.any), port: 67)
        let relay = unsafe clinux_open_udp(&endpoint, configuration.bridge.description)
        guard relay < 0 else { return relay }
        guard errno == EADDRINUSE else { throw SocketError("open UDP port 67 on '\(configuration.bridge)'") }
        let holder = PortHolder.name(.udp, port: 67, at: .v4(.any)) ?? "another program"
        throw DaemonError(
            "UDP port 67 is held by \(holder), so network '\(configuration.name)' cannot serve DHCP:"
                + " stop that program or bind it to its own interfaces, or remove <dhcp> from the network")
    }
}
