internal import DNS
internal import NetworkModel

/// One network in the DNS loop.
final class DNSNetwork {
    let uuid: NetworkUUID
    var resolver: DNSResolver
    var sockets: [(token: UInt64, descriptor: Int32)] = []
    var connections: [UInt64: DNSConnection] = [:]
    var upstreams: [DNSFlightID: DNSUpstream] = [:]
    var pool = UpstreamPool()
    var floodGuard = FloodGuard()
    /// Nil where nobody wants to know what is asked.
    var log: QueryLog?
    private var subnets: [IPSubnet]
    private var leases: [IPv4Address: Lease]
    private var ipv6Leases: [IPv6Subnet: IPv6Lease]

    private static let connectionLimit = 128
    private static let connectionLimitOfAddress = 16

    init(
        _ uuid: NetworkUUID, _ configuration: ServiceConfiguration.DNS, leases: NetworkLeases,
        using generator: inout some RandomNumberGenerator
    ) {
        self.uuid = uuid
        self.leases = Dictionary(leases.ipv4.map { ($0.address, $0) }) { $1 }
        ipv6Leases = Dictionary(leases.ipv6.map { ($0.prefix, $0) }) { $1 }
        subnets = configuration.subnets
        resolver = DNSResolver(configuration, leases: leases.ipv4, ipv6Leases: leases.ipv6, using: &generator)
    }

    func reconfigure(_ configuration: ServiceConfiguration.DNS) {
        subnets = configuration.subnets
        resolver.reconfigure(
            configuration, leases: leases.values.sorted { $0.address < $1.address },
            ipv6Leases: ipv6Leases.values.sorted { $0.prefix < $1.prefix })
    }

    func apply(_ change: LeaseChange) {
        switch change {
        case .store(let lease): leases[lease.address] = lease
        case .remove(let address): leases[address] = nil
        case .storeIPv6(let lease): ipv6Leases[lease.prefix] = lease
        case .removeIPv6(let prefix): ipv6Leases[prefix] = nil
        }
        resolver.apply(change)
    }

    /// Whether nobody waits for anything.
    var isIdle: Bool { resolver.nextDeadline == nil && connections.isEmpty && upstreams.isEmpty && pool.isEmpty }

    /// Only guests of the network and the host itself are answered: a host takes packets for any of its addresses from any
    /// of its interfaces, and this must not be a resolver for those who live elsewhere.
    func serves(_ address: IPAddress) -> Bool { subnets.contains { $0.contains(address) } || address.isLinkLocal }

    func hasRoom(for address: IPAddress) -> Bool {
        serves(address) && connections.count < Self.connectionLimit
            && connections.values.count(where: { $0.address == address }) < Self.connectionLimitOfAddress
    }
}
