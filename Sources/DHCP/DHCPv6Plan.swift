internal import NetworkModel

/// What a configuration says of each address, or of each prefix, that DHCPv6 gives out: whether, to whom, and for how long.
struct DHCPv6Plan: Plannable {
    typealias Binding = IPv6Lease
    typealias Reservation = ServiceConfiguration.DHCPv6.Reservation

    let configuration: ServiceConfiguration.DHCPv6
    private let pool: PrefixPool
    private let isForAddresses: Bool
    private let reservedAt: [IPv6Subnet: [Reservation]]
    private let reservedForDUID: [[UInt8]: [Reservation]]
    private let reservedForMAC: [MACAddress: [Reservation]]
    private let reservedForName: [String: [Reservation]]
    /// Who may have a name that stands in a reservation.
    private let owners: [String: [Reservation]]
    private let machineNames: [MACAddress: String]
    private let namesOfMachines: Set<String>

    private init(_ configuration: ServiceConfiguration.DHCPv6, _ pool: PrefixPool, isForAddresses: Bool) {
        self.configuration = configuration
        self.pool = pool
        self.isForAddresses = isForAddresses
        let reservations = isForAddresses ? Self.usableReservations(of: configuration) : []
        reservedAt = Dictionary(grouping: reservations, by: { IPv6Subnet($0.address) })
        reservedForDUID = reservations.grouped { $0.duid }
        reservedForMAC = reservations.grouped { $0.duid == nil ? $0.mac : nil }
        reservedForName = reservations.grouped { $0.duid == nil && $0.mac == nil ? $0.label : nil }
        owners = reservations.grouped { $0.label }
        machineNames = Dictionary(
            configuration.machines.compactMap { machine in HostName.label(machine.name).map { (machine.mac, $0) } },
            uniquingKeysWith: { first, _ in first })
        namesOfMachines = Set(machineNames.values)
    }

    static func addresses(of configuration: ServiceConfiguration.DHCPv6) -> Self {
        Self(configuration, PrefixPool(configuration.ranges, in: configuration.subnet), isForAddresses: true)
    }

    static func prefixes(of configuration: ServiceConfiguration.DHCPv6) -> Self {
        Self(configuration, PrefixPool(configuration.delegations), isForAddresses: false)
    }

    /// What is never given out: the server's own address, and that of all routers (RFC 4291, section 2.6.1).
    private static func kept(of configuration: ServiceConfiguration.DHCPv6) -> [IPv6Subnet] {
        let subnet = configuration.subnet
        return [IPv6Subnet(configuration.serverAddress)] + (subnet.prefixLength < 127 ? [IPv6Subnet(subnet.base)] : [])
    }

    /// Those of addresses that a client could have.
    ///
    /// A name stands for one client: where a reservation by name is not the only one that has the name, the others
    /// prevail, and its address is then kept for nobody.
    private static func usableReservations(of configuration: ServiceConfiguration.DHCPv6) -> [Reservation] {
        let kept = kept(of: configuration)
        var names = Set(configuration.reservations.filter { $0.duid != nil || $0.mac != nil }.compactMap(\.label))
        return configuration.reservations.filter {
            configuration.subnet.contains($0.address) && !kept.contains(IPv6Subnet($0.address))
        }.map { reservation in
            guard reservation.duid == nil, reservation.mac == nil, let label = reservation.label,
                !names.insert(label).inserted
            else { return reservation }
            return Reservation(address: reservation.address, leaseSeconds: reservation.leaseSeconds)
        }
    }

    var rangeCount: Int { pool.count }
    private var kept: [IPv6Subnet] { isForAddresses ? Self.kept(of: configuration) : [] }
    var numbersKept: [Int] { (reservedAt.keys + kept).compactMap(pool.number) }
    func number(of prefix: IPv6Subnet) -> Int? { pool.number(of: prefix) }
    func address(numbered number: Int) -> IPv6Subnet { pool.prefix(numbered: number) }

    func isForAll(_ prefix: IPv6Subnet) -> Bool {
        number(of: prefix) != nil && reservedAt[prefix] == nil && !kept.contains(prefix)
    }

    /// Whether some client may get it.
    func isGivenOut(_ prefix: IPv6Subnet) -> Bool { number(of: prefix) != nil || reservedAt[prefix] != nil }

    func permits(_ prefix: IPv6Subnet, to client: DHCPv6Client) -> Bool {
        isForAll(prefix) || reservation(of: prefix, for: client) != nil
    }

    func reservation(of prefix: IPv6Subnet, for client: DHCPv6Client) -> Reservation? {
        reservedAt[prefix]?.first { $0.isMeant(for: client) }
    }

    /// The client's reservations; those by DUID first.
    func reservations(for client: DHCPv6Client) -> [Reservation] {
        guard client.identity.kind == .address else { return [] }
        return (reservedForDUID[client.identity.duid] ?? [])
            + (client.identity.mac.flatMap { reservedForMAC[$0] } ?? [])
            + (client.name.flatMap { reservedForName[$0] } ?? [])
    }

    /// In seconds, for a prefix that is permitted to the client; `UInt32.max` for ever.
    func leaseSeconds(of prefix: IPv6Subnet, for client: DHCPv6Client) -> UInt32 {
        reservation(of: prefix, for: client)?.leaseSeconds ?? pool.leaseSeconds(of: prefix) ?? 0
    }

    // MARK: Names

    /// The name of a client that states `stated`: the one its Ethernet address has, or its own if that is no other's.
    func name(stated: String?, by mac: MACAddress?) -> String? {
        if let mac, let name = machineNames[mac] { return name }
        return stated.flatMap { namesOfMachines.contains($0) ? nil : $0 }
    }

    /// Whether the name is free of reservations, or reserved for this client.
    func permits(name: String, to client: DHCPv6Client) -> Bool {
        owners[name].map { $0.contains { $0.isMeant(for: client) } } ?? true
    }
}

extension ServiceConfiguration.DHCPv6.Reservation {
    /// The name as a client states it and DNS has it.
    var label: String? { name.flatMap(HostName.label) }

    fileprivate func isMeant(for client: DHCPv6Client) -> Bool {
        guard client.identity.kind == .address else { return false }
        if let duid { return duid == client.identity.duid }
        if let mac { return mac == client.identity.mac }
        return label != nil && label == client.name
    }
}
