public import NetworkModel

/// What a socket that is handed to the responder is for.
public enum SocketRole: Hashable, Sendable, Codable {
    /// A packet socket on the bridge that delivers DHCP requests as Ethernet frames.
    case dhcpFrames
    /// UDP port 67 on the bridge, for requests that relay agents pass on.
    case dhcpRelay
    /// UDP port 53, or the private port that stands in for it.
    case dnsUDP
    /// TCP port 53, listening.
    case dnsTCP
    /// Raw ICMPv6 on the bridge, delivering router solicitations.
    case routerSolicitations
}

/// What the daemon asks of the responder.
public enum ResponderCommand: Hashable, Sendable, Codable {
    /// Serve a network with the sockets that come along, in the order of `roles`; where the network is served already, its
    /// old sockets are closed when the new ones are in use.
    case serve(ServiceConfiguration, interfaceIndex: Int32, roles: [SocketRole])
    /// Ask other servers than before, without a new socket.
    case reconfigure(ServiceConfiguration)
    /// Serve the network no longer.
    case withdraw(NetworkUUID)
    /// Tell the leases of a network, served or not; answered by `ResponderEvent.leases` with the same `request`.
    case leases(NetworkUUID, request: UInt64)
    /// Forget the leases of a network that is gone for good.
    case forget(NetworkUUID)
}

/// What the responder tells the daemon.
public enum ResponderEvent: Hashable, Sendable, Codable {
    /// It has given up all privileges and waits for commands.
    case ready
    case serving(NetworkUUID)
    case leases([Lease], request: UInt64)
    /// It could not do what it was asked to, or something happened that a person should know of.
    case trouble(String)
}
