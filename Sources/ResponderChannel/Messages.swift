public import NetworkModel

/// What a socket that is handed to the responder is for.
public enum SocketRole: Hashable, Sendable, Codable {
    /// A packet socket on the bridge that delivers DHCP requests as Ethernet frames.
    case dhcpFrames
    /// A packet socket on the bridge that delivers ARP.
    case arpFrames
    /// The bridge's forwarding table, as a file for reading: by which port each Ethernet address comes.
    case forwardingTable
    /// A packet socket on the bridge that delivers neighbour solicitations and advertisements.
    case neighbourFrames
    /// UDP port 67 on the bridge, for requests that relay agents pass on.
    case dhcpRelay
    /// A packet socket on the bridge that delivers DHCPv6 requests as Ethernet frames.
    case dhcpv6Frames
    /// UDP port 547 on the bridge, for requests that relay agents pass on and for all answers.
    case dhcpv6
    /// UDP port 53, or the private port that stands in for it.
    case dnsUDP
    /// TCP port 53, listening.
    case dnsTCP
    /// The file of this path, for appending what guests ask.
    case queryLog(String)
    /// UDP port 69 on one of the bridge's addresses, for files below the root of this path.
    case tftp(at: IPAddress, root: String)
    /// A listening TCP port on one of the bridge's addresses, for files below the root of this path by HTTP.
    case http(at: IPAddress, port: UInt16, root: String)
    /// The folder of this path, for reading alone.
    case bootRoot(String)
    /// Raw ICMPv6 on the bridge, delivering router solicitations.
    case routerSolicitations
}

/// What the daemon asks of the responder; each request is answered once, by a ``ResponderEvent`` of the same number.
public struct ResponderRequest: Hashable, Sendable, Codable {
    public var number: UInt64
    public var command: ResponderCommand

    public init(_ number: UInt64, _ command: ResponderCommand) {
        self.number = number
        self.command = command
    }
}

public enum ResponderCommand: Hashable, Sendable, Codable {
    /// Serve a network with the sockets that come along, in the order of `roles`, and with no others; done when guests are
    /// answered.
    case serve(ServiceConfiguration, interfaceIndex: Int32, roles: [SocketRole])
    /// Serve with another configuration than before, through the same sockets.
    case reconfigure(ServiceConfiguration)
    /// Tell guests, while they can still hear it, that the network's router is going; done when it is said.
    case retire(NetworkUUID)
    /// Serve the network no longer; done when its sockets are closed.
    case withdraw(NetworkUUID)
    /// Tell the leases of a network, served or not.
    case leases(NetworkUUID)
    /// Tell who had which address of a network, that address alone or at that time alone where they are given.
    case leaseRecords(NetworkUUID, IPAddress?, at: WallTime?)
    /// Tell what the DNS cache of a network holds, after it is emptied where `flush` says so.
    case dnsCache(NetworkUUID, flush: Bool)
    /// End the lease of an address; done when that is on disk.
    case release(NetworkUUID, IPAddress)
    /// Forget the leases of a network that is gone for good.
    case forget(NetworkUUID)
}

/// What the responder tells the daemon.
public enum ResponderEvent: Hashable, Sendable, Codable {
    case done(UInt64)
    case leases(UInt64, NetworkLeases)
    case leaseRecords(UInt64, [LeaseRecord])
    /// Leases that guests got, changed or gave back, and that are on disk.
    case leaseNews([LeaseNews])
    /// A guest uses an address that it has not leased.
    case addressInUse(NetworkUUID, AddressSighting)
    /// Something about a network's DHCP that a person should hear of.
    case incident(NetworkUUID, DHCPIncident)
    case dnsCache(UInt64, DNSCacheStatistics)
    /// Leases of a network have changed, and are on disk; told of networks whose configuration asks for it.
    case leasesChanged(NetworkUUID, [LeaseChange])
    /// The request could not be carried out.
    case failed(UInt64, String)
    /// Something happened that a person should know of.
    case trouble(String)
}
