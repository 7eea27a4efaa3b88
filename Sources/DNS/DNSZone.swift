public import NetworkModel

/// The names of one network and its rules for all others: what ``decide(query:over:)`` answers from.
///
/// Building takes time in proportion to the names, a change of one lease and a look-up do not. All records have TTL 0, as
/// dnsmasq's have: leases and `<dns>` elements change while guests run.
///
/// Hosts and leases have their addresses under their name alone and with the network's domain; a name with a dot in it is taken
/// as it is. A lease never gets a name whose address of its family the configuration gives, nor one that programs trust, such as `wpad`.
public struct DNSZone: Sendable {
    let domain: DNSName?
    let forwardsPlainNames: Bool
    /// Whether a query can be forwarded at all: what RA tells clients.
    let canForward: Bool
    let delegations: Delegations
    private(set) var tree = NameTree()
    /// The names that leases want, whether they have them or not.
    private var claims: [IPAddress: DNSName] = [:]

    /// How long "there is no such name" may be remembered, in seconds.
    ///
    /// Not at all within the network: a guest may come up under that name the next moment.
    static let negativeTTL: UInt32 = 0

    /// Takes `leases` from the one that has its name the longest to the latest.
    public init(
        _ configuration: ServiceConfiguration.DNS, leases: some Sequence<Lease> = [],
        ipv6Leases: some Sequence<IPv6Lease> = []
    ) {
        domain = configuration.domain.flatMap { DNSName($0) }
        forwardsPlainNames = configuration.forwardPlainNames
        delegations = Delegations(configuration, domain: domain)
        canForward = configuration.forwarders.contains { !$0.servers.isEmpty }
        addConfigured(configuration)
        for lease in leases { apply(.store(lease)) }
        for lease in ipv6Leases { apply(.storeIPv6(lease)) }
    }

    /// Follows a change of the leases.
    ///
    /// Of two leases that want one name, the one that asked later has it, and the other has it back when that one ends: a
    /// machine installed anew is found under its name although its former lease still runs. A lease that is renewed has not
    /// asked anew.
    public mutating func apply(_ change: LeaseChange) {
        switch change {
        case .store(let lease): setName(lease.hostName, of: .v4(lease.address))
        case .remove(let address): release(.v4(address))
        // A prefix behind a guest is nobody's address.
        case .storeIPv6(let lease) where lease.kind != .prefix: setName(lease.hostName, of: .v6(lease.prefix.base))
        case .removeIPv6(let prefix) where prefix.prefixLength == 128: release(.v6(prefix.base))
        case .storeIPv6, .removeIPv6: break
        }
    }

    private mutating func setName(_ text: String?, of address: IPAddress) {
        let name = text.flatMap { DNSName($0) }.flatMap { SpecialNames.mayBeClaimed($0) ? $0 : nil }
        guard claims[address] != name else { return }
        release(address)
        if let name { claim(name, for: address) }
    }

    private mutating func claim(_ name: DNSName, for address: IPAddress) {
        let names = owners(of: name)
        guard !names.contains(where: { tree.nodes[$0]?.reserved.contains(address.family) == true }) else { return }
        claims[address] = name
        for name in names {
            tree.update(name) {
                $0.claims.append(address)
                $0.follow(address.family)
            }
        }
        updateReverse(of: address, with: .ptr(qualified(name)))
    }

    private mutating func release(_ address: IPAddress) {
        guard let name = claims.removeValue(forKey: address) else { return }
        for name in owners(of: name) {
            tree.update(name) {
                $0.claims.removeAll { $0 == address }
                $0.follow(address.family)
            }
        }
        updateReverse(of: address, with: nil)
    }

    private mutating func updateReverse(of address: IPAddress, with data: DNSRecordData?) {
        guard let reverse = DNSName(address.reverseName) else { return }
        tree.update(reverse) { if $0.reserved.isEmpty { $0.replace(.ptr, with: data) } }
    }
}

// What the configuration says.
extension DNSZone {
    /// Gives the bridge its name, and its addresses theirs, where nobody else has them.
    private mutating func addBridge(_ bridge: ServiceConfiguration.DNS.Host) {
        guard let name = DNSName(bridge.name), owners(of: name).allSatisfy({ tree.nodes[$0]?.sets.isEmpty ?? true })
        else { return }
        let full = qualified(name)
        for owner in owners(of: name) {
            tree.update(owner) {
                for address in bridge.addresses { $0.add(.address(address)) }
                $0.reserved = [.ipv4, .ipv6]
            }
        }
        for reverse in bridge.addresses.compactMap({ DNSName($0.reverseName) }) {
            guard tree.nodes[reverse]?.sets.isEmpty ?? true else { continue }
            tree.update(reverse) {
                $0.add(.ptr(full))
                $0.reserved = [.ipv4, .ipv6]
            }
        }
    }

    /// Adds the aliases of names that have no records: another record beside a CNAME would contradict it (RFC 2181,
    /// section 10.1).
    private mutating func addAliases(_ aliases: [ServiceConfiguration.DNS.Alias]) {
        for alias in aliases {
            guard let name = DNSName(alias.name), let target = DNSName(alias.target).map(qualified) else { continue }
            for owner in owners(of: name) where tree.nodes[owner]?.sets.isEmpty ?? true {
                guard owner != target else { continue }
                tree.update(owner) {
                    $0.sets = [RecordSet(.cname(target))]
                    $0.alias = target
                    $0.reserved = [.ipv4, .ipv6]
                }
            }
        }
    }

    private mutating func addConfigured(_ configuration: ServiceConfiguration.DNS) {
        var seen: Set<DNSRecord> = []
        // The same record twice would make no set (RFC 2181, section 5).
        func add(_ data: DNSRecordData, to name: DNSName, reserving family: AddressFamily? = nil) {
            guard seen.insert(DNSRecord(name: name, ttl: RecordSet.ttl, data: data)).inserted else { return }
            tree.update(name) {
                $0.add(data)
                if let family { $0.reserved.insert(family) }
            }
        }
        let reverse = configuration.reverseSubnets.flatMap(\.reverseDomains).filter { $0.apex == .here }.map(\.name)
        let apexes = [domain].compactMap(\.self) + reverse
        for apex in apexes {
            tree.update(apex) {
                $0.sets = ApexRecords.sets(of: apex, negativeTTL: Self.negativeTTL)
                $0.reserved = [.ipv4, .ipv6]
            }
        }
        for host in configuration.hosts {
            guard let name = DNSName(host.name) else { continue }
            for address in host.addresses {
                for owner in owners(of: name) { add(.address(address), to: owner, reserving: address.family) }
                if let reverse = DNSName(address.reverseName) {
                    add(.ptr(qualified(name)), to: reverse, reserving: address.family)
                }
            }
        }
        for text in configuration.texts {
            guard let name = DNSName(text.name), let strings = Self.strings(of: text.value) else { continue }
            for owner in owners(of: name) { add(.txt(strings), to: owner) }
        }
        for service in configuration.services {
            guard let name = DNSName(service.name), let target = DNSName(service.target) else { continue }
            let data = DNSRecordData.srv(
                priority: service.priority, weight: service.weight, port: service.port, target: target)
            add(data, to: name)
        }
        addAliases(configuration.aliases)
        if let bridge = configuration.bridge { addBridge(bridge) }
    }

    /// The names under which a host called `name` is found.
    private func owners(of name: DNSName) -> [DNSName] {
        let full = qualified(name)
        return full == name ? [name] : [name, full]
    }

    /// The name with the network's domain, unless it has a domain of its own.
    private func qualified(_ name: DNSName) -> DNSName {
        guard name.labelCount == 1, let domain else { return name }
        return name.appending(domain) ?? name
    }

    /// The text in strings of at most 255 octets (RFC 1035, section 3.3); nil where a record cannot hold it.
    private static func strings(of text: String) -> [[UInt8]]? {
        let octets = Array(text.utf8)
        guard !octets.isEmpty else { return [[]] }
        let strings = stride(from: 0, to: octets.count, by: 255).map {
            Array(octets[$0..<min($0 + 255, octets.count)])
        }
        return octets.count + strings.count <= UInt16.max ? strings : nil
    }
}
