public import NetworkModel

/// The names of one network and its rules for all others: what ``decide(query:over:)`` answers from.
///
/// Building takes time in proportion to the names, a change of one lease and a look-up do not. All records have TTL 0, as
/// dnsmasq's have: leases and `<dns>` elements change while guests run.
///
/// Hosts and leases have their addresses under their name alone and with the network's domain; a name with a dot in it is taken
/// as it is. A lease never gets a name whose address the configuration gives, nor one that programs trust, such as `wpad`.
public struct DNSZone: Sendable {
    let domain: DNSName?
    let forwardsPlainNames: Bool
    /// Whether a query can be forwarded at all: what RA tells clients.
    let canForward: Bool
    let delegations: Delegations
    private(set) var tree = NameTree()
    /// The names that leases want, whether they have them or not.
    private var claims: [IPv4Address: DNSName] = [:]

    /// How long "there is no such name" may be remembered, in seconds.
    ///
    /// Not at all within the network: a guest may come up under that name the next moment.
    static let negativeTTL: UInt32 = 0

    /// Takes `leases` from the one that has its name the longest to the latest.
    public init(_ configuration: ServiceConfiguration.DNS, leases: some Sequence<Lease> = []) {
        domain = configuration.domain.flatMap { DNSName($0) }
        forwardsPlainNames = configuration.forwardPlainNames
        delegations = Delegations(configuration, domain: domain)
        canForward = configuration.forwarders.contains { !$0.servers.isEmpty }
        addConfigured(configuration)
        for lease in leases { apply(.store(lease)) }
    }

    /// Follows a change of the leases.
    ///
    /// Of two leases that want one name, the one that asked later has it, and the other has it back when that one ends: a
    /// machine installed anew is found under its name although its former lease still runs. A lease that is renewed has not
    /// asked anew.
    public mutating func apply(_ change: LeaseChange) {
        switch change {
        case .store(let lease):
            let name = lease.hostName.flatMap { DNSName($0) }.flatMap { SpecialNames.mayBeClaimed($0) ? $0 : nil }
            guard claims[lease.address] != name else { return }
            release(lease.address)
            if let name { claim(name, for: lease.address) }
        case .remove(let address): release(address)
        }
    }

    private mutating func claim(_ name: DNSName, for address: IPv4Address) {
        let names = owners(of: name)
        guard !names.contains(where: { tree.nodes[$0]?.isReserved == true }) else { return }
        claims[address] = name
        for name in names {
            tree.update(name) {
                $0.claims.append(address)
                $0.replace(.a, with: .a(address))
            }
        }
        updateReverse(of: address, with: .ptr(qualified(name)))
    }

    private mutating func release(_ address: IPv4Address) {
        guard let name = claims.removeValue(forKey: address) else { return }
        for name in owners(of: name) {
            tree.update(name) {
                $0.claims.removeAll { $0 == address }
                $0.replace(.a, with: $0.claims.last.map { .a($0) })
            }
        }
        updateReverse(of: address, with: nil)
    }

    private mutating func updateReverse(of address: IPv4Address, with data: DNSRecordData?) {
        guard let reverse = DNSName(address.reverseName) else { return }
        tree.update(reverse) { if !$0.isReserved { $0.replace(.ptr, with: data) } }
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
                $0.isReserved = true
            }
        }
        for reverse in bridge.addresses.compactMap({ DNSName($0.reverseName) }) {
            guard tree.nodes[reverse]?.sets.isEmpty ?? true else { continue }
            tree.update(reverse) {
                $0.add(.ptr(full))
                $0.isReserved = true
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
                    $0.isReserved = true
                }
            }
        }
    }

    private mutating func addConfigured(_ configuration: ServiceConfiguration.DNS) {
        var seen: Set<DNSRecord> = []
        // The same record twice would make no set (RFC 2181, section 5).
        func add(_ data: DNSRecordData, to name: DNSName, reserving: Bool) {
            guard seen.insert(DNSRecord(name: name, ttl: RecordSet.ttl, data: data)).inserted else { return }
            tree.update(name) {
                $0.add(data)
                if reserving { $0.isReserved = true }
            }
        }
        let reverse = configuration.reverseSubnets.flatMap(\.reverseDomains).filter { $0.apex == .here }.map(\.name)
        let apexes = [domain].compactMap(\.self) + reverse
        for apex in apexes {
            tree.update(apex) {
                $0.sets = ApexRecords.sets(of: apex, negativeTTL: Self.negativeTTL)
                $0.isReserved = true
            }
        }
        for host in configuration.hosts {
            guard let name = DNSName(host.name) else { continue }
            for address in host.addresses {
                for owner in owners(of: name) { add(.address(address), to: owner, reserving: address.family == .ipv4) }
                if let reverse = DNSName(address.reverseName) {
                    add(.ptr(qualified(name)), to: reverse, reserving: true)
                }
            }
        }
        for text in configuration.texts {
            guard let name = DNSName(text.name), let strings = Self.strings(of: text.value) else { continue }
            for owner in owners(of: name) { add(.txt(strings), to: owner, reserving: false) }
        }
        for service in configuration.services {
            guard let name = DNSName(service.name), let target = DNSName(service.target) else { continue }
            let data = DNSRecordData.srv(
                priority: service.priority, weight: service.weight, port: service.port, target: target)
            add(data, to: name, reserving: false)
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
