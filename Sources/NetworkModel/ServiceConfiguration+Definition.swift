extension ServiceConfiguration {
    /// What is to be served on a network that runs as `definition` says, on a host that asks `resolvers`, in their order, beside
    /// `peers`, whose names its guests find.
    ///
    /// Nil where the definition lacks a bridge name or address, as one that was never defined does.
    public init?(of definition: NetworkDefinition, resolvers: [DNS.Server], peers: [DNS.Peer] = []) {
        guard let bridge = definition.bridge.name.flatMap({ InterfaceName($0) }), let mac = definition.mac else {
            return nil
        }
        self.init(uuid: definition.uuid, name: definition.name, bridge: bridge, bridgeMAC: mac)
        let hasDNS = definition.dns?.enable != false && !definition.ips.isEmpty
        dhcp = definition.ips.lazy.compactMap { DHCP(of: definition, on: $0, hasDNS: hasDNS) }.first
        dhcpv6 = definition.ipOfDHCPv6.flatMap { DHCPv6(of: definition, on: $0, hasDNS: hasDNS) }
        bootFiles = BootFiles(of: definition)
        if hasDNS { dns = DNS(of: definition, resolvers: resolvers, peers: peers) }
        advertisement = Advertisement(of: definition, hasDNS: hasDNS)
        leasesPerPort = definition.extensions.leasesPerPort
        reportsLeases = definition.extensions.followsLeases
    }
}

extension NetworkDefinition {
    /// The guests' domain without a final dot; nil where the document names none, or the root.
    public var servedDomain: String? {
        guard let name = domain?.name, !name.isEmpty, name != "." else { return nil }
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}

extension ServiceConfiguration.Advertisement {
    init?(of definition: NetworkDefinition, hasDNS: Bool) {
        let addresses = definition.ips.compactMap { ip -> (IPv6Address, IPv6Subnet)? in
            guard case .v6(let address) = ip.address, case .v6(let subnet)? = ip.subnet, !address.isLinkLocal else {
                return nil
            }
            return (address, subnet)
        }
        guard !addresses.isEmpty else { return nil }
        let isRouter = definition.forward != nil
        // Where DHCPv6 gives addresses out, guests are not to make themselves others.
        let managed = definition.ips.first { $0.address.family == .ipv6 && $0.hasDHCP }?.subnet
        self.init(prefixes: addresses.map { Prefix($0.1, isAutonomous: .v6($0.1) != managed) }, isRouter: isRouter)
        isManaged = managed != nil
        hasOtherConfiguration = definition.ipOfDHCPv6 != nil
        if hasDNS { nameServers = addresses.map(\.0) }
        domain = definition.servedDomain
        mtu = definition.mtu
    }
}

extension ServiceConfiguration.DHCP {
    init?(of definition: NetworkDefinition, on ip: NetworkDefinition.IP, hasDNS: Bool) {
        guard !ip.ranges.isEmpty || !ip.hosts.isEmpty, case .v4(let address) = ip.address,
            case .v4(let subnet)? = ip.subnet
        else { return nil }
        self.init(serverAddress: address, subnet: subnet)
        for range in ip.ranges {
            guard case .v4(let start) = range.start, case .v4(let end) = range.end else { continue }
            ranges.append(.init(start: start, end: end, leaseSeconds: range.lease.leaseSeconds))
        }
        for host in ip.hosts {
            guard case .v4(let reserved) = host.address else { continue }
            reservations.append(
                .init(
                    mac: host.mac.flatMap { MACAddress($0) }, name: host.name, address: reserved,
                    leaseSeconds: host.lease.leaseSeconds))
        }
        if definition.forward != nil { routers = [address] }
        if hasDNS { nameServers = [address] }
        domain = definition.servedDomain
        mtu = definition.mtu.flatMap { UInt16(exactly: $0) }
        options = definition.extensions.dhcpOptions.compactMap { option in
            guard option.family == .ipv4, let code = UInt8(exactly: option.code) else { return nil }
            return Option(code: code, data: option.data, conditions: option.clients.flatMap(Condition.all))
        }
        let dnsmasq = DnsmasqOptions(definition.dnsmasqOptions, address: address)
        add(dnsmasq)
        var all =
            definition.extensions.boots.compactMap { Boot(of: $0, at: address) } + dnsmasq.boots
            + [ip.boot].compactMap { $0.flatMap { Boot(of: $0, at: address) } }
        for index in all.indices where all[index].server == address && !all[index].isURL {
            all[index].httpURL = definition.bootURL(of: all[index].file, at: .v4(address))
        }
        boots = all.filter { !$0.conditions.isEmpty } + all.filter(\.conditions.isEmpty)
    }

    /// Adds what dnsmasq's options say beyond libvirt's own elements, which they follow in dnsmasq's configuration.
    private mutating func add(_ dnsmasq: DnsmasqOptions) {
        options += dnsmasq.options
        for host in dnsmasq.reservations {
            guard case .v4(let reserved) = host.address else { continue }
            reservations.append(
                .init(
                    mac: host.mac.flatMap { MACAddress($0) }, name: host.name, address: reserved,
                    leaseSeconds: host.lease.leaseSeconds))
        }
    }
}

extension ServiceConfiguration.DHCP.Boot {
    fileprivate init?(of boot: NetworkDefinition.IP.Boot, at own: IPv4Address) {
        self.init(of: NetworkBoot(file: boot.file, server: boot.server), at: own)
    }

    /// Nil where the server has no address of IPv4, by which alone a boot ROM that asks here can reach it.
    fileprivate init?(of boot: NetworkBoot, at own: IPv4Address) {
        let conditions = boot.clients.flatMap(ServiceConfiguration.DHCP.Condition.all)
        switch boot.server {
        case nil: self.init(file: boot.file, server: own, conditions: conditions)
        case .v4(let server)?: self.init(file: boot.file, server: server, conditions: conditions)
        case .v6: return nil
        }
    }
}

extension ServiceConfiguration.DNS {
    init(of definition: NetworkDefinition, resolvers: [Server], peers: [Peer]) {
        self.init()
        domain = definition.servedDomain
        localOnly = definition.domain?.localOnly == true
        forwardPlainNames = definition.dns?.forwardPlainNames != false
        subnets = definition.ips.compactMap(\.subnet)
        hosts = Self.hosts(of: definition)
        texts = definition.dns?.texts.map { Text(name: $0.name, value: $0.value) } ?? []
        services = definition.dns?.services.map { Service(of: $0, domain: definition.servedDomain) } ?? []
        // RFC 6303: nobody outside knows the names of private addresses, whatever localPtr says.
        reverseSubnets = definition.ips.compactMap { ip in
            definition.forward == nil || ip.localPtr == true || ip.address.isPrivate ? ip.subnet : nil
        }
        bridge = Self.bridge(of: definition)
        let options = DnsmasqOptions(definition.dnsmasqOptions, address: .any).names
        hosts += options.hosts
        texts += options.texts
        services += options.services
        aliases = definition.extensions.aliases + options.aliases
        fixedDomains = definition.extensions.fixedDomains + options.fixedDomains
        refusesPrivateAddresses = options.refusesPrivateAddresses
        logsQueries = definition.extensions.logsQueries || options.logsQueries
        if definition.forward != nil {
            // The host may list one of this network's own addresses as its resolver: asking it would be a loop.
            let own = Set(definition.ips.map(\.address))
            forwarders = Self.forwarders(
                of: definition, options, resolvers: resolvers.filter { !own.contains($0.address) })
        }
        // What is known of another network here is known of all networks, also of an isolated one: nobody else is asked.
        for peer in peers where !peer.servers.isEmpty {
            forwarders += peer.domains.filter { $0 != domain }.map { Forwarder(peer: $0, servers: peer.servers) }
        }
    }

    private static func hosts(of definition: NetworkDefinition) -> [Host] {
        let listed = definition.dns?.hosts.flatMap { host in
            host.names.map { Host(name: $0, addresses: [host.address]) }
        }
        let reserved = definition.ips.flatMap(\.hosts).compactMap { host in
            host.name.map { Host(name: $0, addresses: [host.address]) }
        }
        return (listed ?? []) + reserved
    }

    /// The bridge under its own name, where that is one.
    private static func bridge(of definition: NetworkDefinition) -> Host? {
        let addresses = definition.ips.map(\.address).filter { !$0.isLinkLocal }
        guard let name = definition.bridge.name, name.isHostLabel, !addresses.isEmpty else { return nil }
        return Host(name: name, addresses: addresses)
    }

    private static func forwarders(
        of definition: NetworkDefinition, _ options: DnsmasqNames, resolvers: [Server]
    ) -> [Forwarder] {
        let listed = (definition.dns?.forwarders ?? []) + options.forwarders
        var byDomain: [String: [Server]] = [:]
        for entry in listed {
            guard let domain = entry.domain else { continue }
            byDomain[domain, default: []] += Server(of: entry).map { [$0] } ?? resolvers
        }
        let general = listed.filter { $0.domain == nil }.compactMap { Server(of: $0) }
        return byDomain.sorted { $0.key < $1.key }.map { Forwarder(domain: $0.key, servers: $0.value) }
            + options.closedDomains.map { Forwarder(closing: $0) }
            + [Forwarder(servers: general.isEmpty ? resolvers : general)].filter { !$0.servers.isEmpty }
    }
}

extension String {
    /// Whether it is one label of a host name: letters, digits and hyphens within (RFC 1123, section 2.1).
    fileprivate var isHostLabel: Bool {
        (1...63).contains(utf8.count) && !hasPrefix("-") && !hasSuffix("-")
            && utf8.allSatisfy { octet in
                switch octet {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

extension ServiceConfiguration.DNS.Server {
    /// Nil where the forwarder leaves it to the host whom to ask.
    fileprivate init?(of forwarder: NetworkDefinition.DNS.Forwarder) {
        guard let address = forwarder.address else { return nil }
        self.init(address: address, port: forwarder.port ?? 53)
    }
}

extension ServiceConfiguration.DNS.Service {
    /// What the document leaves out is as dnsmasq, which libvirt hands it to, has it: port 1, priority and weight 0.
    init(of entry: NetworkDefinition.DNS.Service, domain: String?) {
        let owner = (entry.domain ?? domain).map { ".\($0)" } ?? ""
        self.init(
            name: "_\(entry.service)._\(entry.proto)\(owner)",
            target: entry.target ?? ".",
            port: entry.port ?? 1,
            priority: entry.priority ?? 0,
            weight: entry.weight ?? 0
        )
    }
}
