internal import NetworkModel

/// Who knows the names of a domain that have no records here.
struct Delegation: Sendable {
    /// Where the domain is one of the network's own zones, the place of its SOA record.
    var apex: Apex?
    /// Whom to ask, in this order; empty where nobody is to be asked.
    var servers: [ServiceConfiguration.DNS.Server]
}

/// The domains that names without records here are in, and what is to be done about those names.
struct Delegations: Sendable {
    private(set) var domains = NameTable<Delegation>()
    /// Whom to ask about names of no such domain.
    let servers: [ServiceConfiguration.DNS.Server]

    /// Of two domains that hold a name the longer one counts; of the network's own zone and a forwarder's domain of the same
    /// name, the zone.
    init(_ configuration: ServiceConfiguration.DNS, domain: DNSName?) {
        servers = configuration.forwarders.filter { $0.domain == nil }.flatMap(\.servers)
        let named = configuration.forwarders.compactMap { forwarder in
            forwarder.domain.flatMap { DNSName($0) }.map { (name: $0, servers: forwarder.servers) }
        }
        for (name, group) in Dictionary(grouping: named, by: \.name) {
            let own = group.flatMap(\.servers)
            // A domain without servers of its own is left to the common ones, whatever holds for the domain above it.
            domains[name] = Delegation(servers: own.isEmpty ? servers : own)
        }
        if let domain {
            let askable = domains.closest(to: domain)?.servers ?? servers
            domains[domain] = Delegation(apex: .here, servers: configuration.localOnly ? [] : askable)
        }
        for reverse in configuration.subnets.flatMap(\.reverseDomains) {
            domains[reverse.name] = Delegation(apex: reverse.apex, servers: [])
        }
    }
}
