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

/// The sockets that one network's services need, opened with the daemon's privileges for the responder.
///
/// They are closed with this value, and the daemon keeps it while the network runs: a responder that is started anew gets
/// the same sockets, with what has arrived in them meanwhile.
final class ServiceSockets: Sendable {
    let open: [(role: SocketRole, descriptor: Int32)]
    /// Where port 53 belongs to somebody else.
    let redirects: [NetworkRules.Redirect]
    /// Sentences for the person who starts the network.
    let warnings: [String]

    private init(
        open: [(role: SocketRole, descriptor: Int32)], redirects: [NetworkRules.Redirect] = [], warnings: [String] = []
    ) {
        self.open = open
        self.redirects = redirects
        self.warnings = warnings
    }

    deinit {
        for (_, descriptor) in open { close(descriptor) }
    }

    // MARK: DNS

    /// Opens UDP and TCP 53 of each address, before the host needs to have the addresses.
    ///
    /// Where somebody holds port 53 there, another port is opened, and a redirect says so; the ports of `former` redirects,
    /// which stand already, are taken again if they are free.
    static func dns(
        of network: String, on addresses: [IPAddress], former: [NetworkRules.Redirect]
    ) throws -> ServiceSockets {
        var open: [(role: SocketRole, descriptor: Int32)] = []
        var redirects: [NetworkRules.Redirect] = []
        var warnings: [String] = []
        do {
            for address in addresses {
                if let pair = try pair(address, port: 53) {
                    open += pair.sockets
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
                open += pair.sockets
                redirects.append(.init(address: address, port: pair.port))
                warnings.append(
                    "port 53 of \(address) is held by \(holder), so guests of '\(network)' are redirected to port"
                        + " \(pair.port); to have port 53 itself, make that program listen on its own addresses only")
            }
        } catch {
            for (_, descriptor) in open { close(descriptor) }
            throw error
        }
        return ServiceSockets(open: open, redirects: redirects, warnings: warnings)
    }

    private static func privatePair(
        _ address: IPAddress
    ) throws(SocketError) -> (sockets: [(role: SocketRole, descriptor: Int32)], port: UInt16)? {
        // The kernel's choice for UDP may be taken for TCP: then another.
        for _ in 0..<16 {
            if let pair = try pair(address, port: 0) { return pair }
        }
        return nil
    }

    /// A UDP and a TCP socket on one port; nil where it is taken for either.
    private static func pair(
        _ address: IPAddress, port: UInt16
    ) throws(SocketError) -> (sockets: [(role: SocketRole, descriptor: Int32)], port: UInt16)? {
        var endpoint = clinux_endpoint(address, port: port)
        let udp = unsafe clinux_open_udp(&endpoint, nil)
        guard udp >= 0 else {
            if errno == EADDRINUSE { return nil }
            throw SocketError("open UDP port \(port) on \(address)")
        }
        _ = unsafe clinux_local_endpoint(udp, &endpoint)
        let tcp = unsafe clinux_open_tcp_listener(&endpoint)
        guard tcp >= 0 else {
            let number = errno
            close(udp)
            if number == EADDRINUSE { return nil }
            throw SocketError("open TCP port \(port) on \(address)", errno: number)
        }
        return ([(.dnsUDP, udp), (.dnsTCP, tcp)], endpoint.port)
    }

    // MARK: What needs the bridge

    /// Opens what is bound to the bridge itself, and so needs it to be there.
    static func onBridge(
        of configuration: ServiceConfiguration, interfaceIndex: Int32
    ) throws -> ServiceSockets {
        var open: [(role: SocketRole, descriptor: Int32)] = []
        do {
            if configuration.dhcp != nil {
                let frames = clinux_open_dhcp_packet_socket(interfaceIndex)
                guard frames >= 0 else { throw SocketError("open a packet socket on '\(configuration.bridge)'") }
                open.append((.dhcpFrames, frames))
                var endpoint = clinux_endpoint(.v4(.any), port: 67)
                let relay = unsafe clinux_open_udp(&endpoint, configuration.bridge.description)
                guard relay >= 0 else {
                    guard errno == EADDRINUSE else {
                        throw SocketError("open UDP port 67 on '\(configuration.bridge)'")
                    }
                    let holder = PortHolder.name(.udp, port: 67, at: .v4(.any)) ?? "another program"
                    throw DaemonError(
                        "UDP port 67 is held by \(holder), so network '\(configuration.name)' cannot serve DHCP:"
                            + " stop that program or bind it to its own interfaces, or remove <dhcp> from the network")
                }
                open.append((.dhcpRelay, relay))
            }
            if configuration.advertisement != nil {
                let router = unsafe clinux_open_router_socket(configuration.bridge.description)
                guard router >= 0 else { throw SocketError("open an ICMPv6 socket on '\(configuration.bridge)'") }
                open.append((.routerSolicitations, router))
            }
        } catch {
            for (_, descriptor) in open { close(descriptor) }
            throw error
        }
        return ServiceSockets(open: open)
    }
}
