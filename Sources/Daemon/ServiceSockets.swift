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
        let listener = unsafe clinux_open_tcp_listener(&endpoint, nil)
        guard listener >= 0 else {
            if errno == EADDRINUSE { return nil }
            throw SocketError("open TCP port \(port) on \(address)")
        }
        return ([udp, ServiceSocket(.dnsTCP, at: .address(address), listener)], endpoint.port)
    }

    // MARK: What needs the bridge

    /// Adds what is bound to the bridge itself, and so needs it to be there; what `open` has already is used on.
    ///
    /// The file of `queryLog` is what guests' questions are written to, if they are.
    mutating func addBridge(
        of configuration: ServiceConfiguration, interfaceIndex: Int32, queryLog: String, open former: Self?
    ) throws {
        let place = ServiceSocket.Place.interface(interfaceIndex)
        let log: [SocketRole] = configuration.dns?.logsQueries == true ? [.queryLog(queryLog)] : []
        for role in configuration.socketsOnBridge + log {
            open.append(
                try former?.kept(place).first { $0.role == role }
                    ?? ServiceSocket(role, at: place, Self.socket(role, of: configuration, interfaceIndex)))
        }
    }

    private static func socket(
        _ role: SocketRole, of configuration: ServiceConfiguration, _ interfaceIndex: Int32
    ) throws -> Int32 {
        let bridge = configuration.bridge.description
        let descriptor =
            switch role {
            case .dhcpFrames: clinux_open_dhcp_packet_socket(interfaceIndex)
            case .forwardingTable:
                unsafe Glibc.open("/sys/class/net/\(bridge)/brforward", O_RDONLY | O_CLOEXEC)
            case .neighbourFrames: clinux_open_neighbour_packet_socket(interfaceIndex)
            case .arpFrames: clinux_open_arp_packet_socket(interfaceIndex)
            case .dhcpv6Frames: clinux_open_dhcpv6_packet_socket(interfaceIndex)
            case .dhcpRelay: relayed(open(port: 67, .v4(.any), on: bridge), .ipv4)
            case .dhcpv6: unsafe relayed(clinux_open_dhcpv6(bridge), .ipv6)
            case .routerSolicitations: unsafe clinux_open_router_socket(bridge)
            case .tftp(let address, _): open(port: 69, address, on: bridge)
            case .http(let address, let port, _): listen(port: port, address, on: bridge)
            case .bootRoot(let path): unsafe clinux_open_root(path)
            case .queryLog(let path):
                unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
            case .dnsUDP, .dnsTCP: preconditionFailure("DNS is not served on the bridge but on its addresses")
            }
        guard descriptor < 0 else { return descriptor }
        let number = errno
        if case .bootRoot(let path) = role {
            let cause = SocketError("open the folder '\(path)' of <tftp>", errno: number)
            throw DaemonError("\(cause): make it, or remove <tftp> from the network")
        }
        if case .queryLog(let path) = role {
            throw SocketError("open '\(path)' for the queries of network '\(configuration.name)'", errno: number)
        }
        guard number == EADDRINUSE, let port = role.port else {
            throw SocketError("open the socket '\(role)' on '\(bridge)'", errno: number)
        }
        let holder = PortHolder.name(port.transport, port: port.number, at: port.address) ?? "another program"
        throw DaemonError(
            "\(port.transport.name) port \(port.number) is held by \(holder), so network '\(configuration.name)' cannot serve \(port.service):"
                + " stop that program or bind it to its own interfaces, or remove \(port.element) from the network")
    }

    private static func open(port: UInt16, _ address: IPAddress, on bridge: String) -> Int32 {
        var endpoint = clinux_endpoint(address, port: port)
        return unsafe clinux_open_udp(&endpoint, bridge)
    }

    private static func relayed(_ socket: Int32, _ family: AddressFamily) -> Int32 {
        // Without the filter it works too: what is not relayed is passed over where it is read.
        if socket >= 0 { clinux_deliver_relayed_only(socket, family == .ipv6 ? 1 : 0) }
        return socket
    }

    private static func listen(port: UInt16, _ address: IPAddress, on bridge: String) -> Int32 {
        var endpoint = clinux_endpoint(address, port: port)
        return unsafe clinux_open_tcp_listener(&endpoint, bridge)
    }
}

extension SocketRole {
    /// The port that another program may hold, and what of the network needs it.
    fileprivate var port:
        (transport: PortHolder.Transport, number: UInt16, address: IPAddress, service: String, element: String)?
    {
        switch self {
        case .dhcpRelay: (.udp, 67, .v4(.any), "DHCP", "<dhcp>")
        case .dhcpv6: (.udp, 547, .v6(.any), "DHCPv6", "<dhcp> of IPv6")
        case .tftp(let address, _): (.udp, 69, address, "TFTP", "<tftp>")
        case .http(let address, let port, _): (.tcp, port, address, "files by HTTP", "<vnet:httpBoot>")
        default: nil
        }
    }
}

extension ServiceConfiguration {
    /// The sockets and folders that its services need on the bridge.
    fileprivate var socketsOnBridge: [SocketRole] {
        var roles: [SocketRole] = []
        if dhcp != nil { roles += [.dhcpFrames, .dhcpRelay, .arpFrames] }
        if dhcpv6 != nil { roles += [.dhcpv6Frames, .dhcpv6] }
        if dhcp != nil || dhcpv6 != nil { roles.append(.forwardingTable) }
        if advertisement != nil { roles += [.routerSolicitations, .neighbourFrames] }
        let folders = bootFiles?.folders ?? []
        roles += Set(folders.map(\.root)).sorted().map { .bootRoot($0) }
        roles += folders.map { .tftp(at: $0.address, root: $0.root) }
        if let port = bootFiles?.httpPort { roles += folders.map { .http(at: $0.address, port: port, root: $0.root) } }
        return roles
    }
}
