internal import NetworkModel

/// Who knows the names of a domain that have no records here.
struct Delegation: Sendable {
    /// Where the domain is one of the network's own zones, the place of its SOA record.
    var apex: Apex?
    /// What all names of the domain have, where no record says otherwise; without a record set, they do not exist.
    var fixed: NameTree.Node?
    /// Whom to ask, in this order; empty where nobody is to be asked.
    var servers: [ServiceConfiguration.DNS.Server]
}

/// The domains that names without records here are in, and what is to be done about those names.
struct Delegations: Sendable {
    private(set) var domains = NameTable<Delegation>()
    /// Whom to ask about names of no such domain.
    let servers: [ServiceConfiguration.DNS.Server]
    /// Those servers that answer for networks that run here too.
    let peers: Set<ServiceConfiguration.DNS.Server>
    /// What all this was made from.
    let forwarders: [ServiceConfiguration.DNS.Forwarder]

    /// Of two domains that hold a name the longer one counts; of the network's own zone and a forwarder's domain of the same
    /// name, the zone.
    init(_ configuration: ServiceConfiguration.DNS, domain: DNSName?) {
        forwarders = configuration.forwarders
        servers = configuration.forwarders.filter { $0.domain == nil }.flatMap(\.servers)
        peers = Set(configuration.forwarders.filter(\.isPeer).flatMap(\.servers))
        let named = configuration.forwarders.compactMap { forwarder in
            forwarder.domain.flatMap { DNSName($0) }.map {
                (name: $0, servers: forwarder.servers, isClosed: forwarder.isClosed)
            }
        }
        for (name, group) in Dictionary(grouping: named, by: \.name) {
            if group.contains(where: \.isClosed) {
                domains[name] = Delegation(apex: .here, servers: [])
                continue
            }
            let own = group.flatMap(\.servers)
            // A domain without servers of its own is left to the common ones, whatever holds for the domain above it.
            domains[name] = Delegation(servers: own.isEmpty ? servers : own)
        }
        if let domain {
            let askable = domains.closest(to: domain)?.servers ?? servers
            domains[domain] = Delegation(apex: .here, servers: configuration.localOnly ? [] : askable)
        }
        for reverse in configuration.reverseSubnets.flatMap(\.reverseDomains) {
            domains[reverse.name] = Delegation(apex: reverse.apex, servers: [])
        }
        for fixed in configuration.fixedDomains {
            guard let name = DNSName(fixed.name) else { continue }
            var node = NameTree.Node()
            for address in fixed.addresses { node.add(.address(address)) }
            domains.update(name) { delegation in
                delegation = Delegation(apex: delegation?.apex ?? .here, fixed: node, servers: [])
            }
        }
    }
}
