internal import NetworkModel

/// The addresses of one network's guests: by name, as its own name service would answer, and by MAC address.
struct GuestDirectory {
    private let names: [String: [IPAddress]]
    private let owners: [MACAddress: [IPAddress]]
    private let domain: String?

    /// A name that a reservation or `<dns>` has is not a lease's; of leases with one name the one that ends last has it.
    init(of definition: NetworkDefinition, leases: [Lease]) {
        let domain = definition.domain?.name.lowercased()
        let reservations = definition.ips.flatMap(\.hosts)
        let records = definition.dns?.hosts ?? []
        let named =
            reservations.compactMap { host in host.name.map { ($0, host.address) } }
            + records.flatMap { host in host.names.map { ($0, host.address) } }
        var names = Self.grouped(named.map { (Self.plain($0.0, in: domain), $0.1) })
        let lastFirst = leases.sorted { ($1.expiry?.seconds ?? .max) < ($0.expiry?.seconds ?? .max) }
        let leased = lastFirst.compactMap { lease in
            lease.hostName.map { (Self.plain($0, in: domain), IPAddress.v4(lease.address)) }
        }
        names.merge(Self.grouped(leased)) { fixed, _ in fixed }
        let subnets = definition.ips.compactMap(\.subnet)
        self.names = names.mapValues { $0.filter { address in subnets.contains { $0.contains(address) } } }
        let reserved = reservations.compactMap { host in
            host.mac.flatMap { MACAddress($0) }.map { ($0, host.address) }
        }
        owners = Self.grouped(reserved + leases.map { ($0.mac, .v4($0.address)) })
        self.domain = domain
    }

    private static func grouped<Key>(_ pairs: [(Key, IPAddress)]) -> [Key: [IPAddress]] {
        pairs.reduce(into: [:]) { groups, pair in
            if groups[pair.0]?.contains(pair.1) != true { groups[pair.0, default: []].append(pair.1) }
        }
    }

    /// The guest's first address of the family; nil where nobody has the name.
    func address(of guest: PortForward.Guest, _ family: AddressFamily) -> IPAddress? {
        switch guest {
        case .address(let address): address.family == family ? address : nil
        case .name(let name): names[Self.plain(name, in: domain)]?.first { $0.family == family }
        }
    }

    /// Leased to or reserved for the MAC address.
    func addresses(of mac: MACAddress) -> [IPAddress] { owners[mac]?.sorted() ?? [] }

    /// In lower case, without a final dot and the network's own domain.
    private static func plain(_ name: String, in domain: String?) -> String {
        var name = name.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        if let domain, name.hasSuffix("." + domain) { name.removeLast(domain.count + 1) }
        return name
    }
}
