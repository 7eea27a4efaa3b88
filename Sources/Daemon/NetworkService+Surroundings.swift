internal import Engine
internal import Firewall
internal import LibvirtXML
internal import Logging
internal import NetworkModel

// Rules that follow what is around a network: which others run, who has which lease, which ports there are.

extension NetworkService {
    func surroundings(of definition: NetworkDefinition) -> Surroundings {
        Surroundings(
            networks: networks.peers(of: definition),
            leases: Array((leases[definition.uuid] ?? [:]).values),
            delegations: delegations(of: definition.uuid),
            ports: ports.ports(of: definition.uuid).map { .init(tap: $0.tap, mac: $0.mac) }
                + hypervisorTaps(of: definition.uuid))
    }

    /// The responder tells of leases, which are on disk.
    func leasesChanged(_ uuid: NetworkUUID, _ changes: [LeaseChange]) {
        for change in changes {
            switch change {
            case .store(let lease): leases[uuid, default: [:]][lease.address] = lease
            case .remove(let address): leases[uuid]?[address] = nil
            // An IPv6 address is its port's by its first use, and no forward leads to a name that only such a lease has.
            case .storeIPv6(let lease):
                if lease.kind == .prefix { delegated[uuid, default: [:]][lease.prefix] = lease }
            case .removeIPv6(let prefix): delegated[uuid]?[prefix] = nil
            }
        }
        surroundingsChanged(of: uuid)
        routeDelegations(of: uuid)
    }

    /// Asks for the leases there are, where the network's rules follow them; those that change meanwhile are told later.
    func learnLeases(of uuid: NetworkUUID) async {
        guard let live = networks[uuid]?.live, live.definition.extensions.followsLeases else { return }
        do {
            let known = try await responder.leases(of: uuid)
            leases[uuid] = Dictionary(known.ipv4.map { ($0.address, $0) }) { $1 }
            delegated[uuid] = Dictionary(known.ipv6.filter { $0.kind == .prefix }.map { ($0.prefix, $0) }) { $1 }
            try refreshRules(of: uuid)
            routeDelegations(of: uuid)
        } catch {
            logger.error("network '\(live.definition.name)' does not know its leases: \(error)")
        }
    }

    /// Has the rules and the names of those follow that have to do with a network which has just started, stopped or changed.
    func neighboursChanged(of definitions: NetworkDefinition?...) {
        let changed = definitions.compactMap(\.self)
        let peers = Set(changed.flatMap { networks.peers(of: $0).map(\.uuid) }).subtracting(changed.map(\.uuid))
        for uuid in peers {
            surroundingsChanged(of: uuid)
            Task { await refreshNames(of: uuid) }
        }
    }

    /// Tells a network's name service of the networks that run now, when what is being done to the network is done.
    private func refreshNames(of uuid: NetworkUUID) async {
        do {
            while busy.contains(uuid) { try await Task.sleep(for: .milliseconds(20)) }
            guard let live = networks[uuid]?.live, let configuration = services(of: live.definition) else { return }
            try await responder.reconfigure(configuration)
        } catch {
            logger.error("network '\(name(of: uuid))' does not know its peers' names: \(error)")
        }
    }

    /// Brings a network's rules up to date, at once or when what is being done to it is done.
    func surroundingsChanged(of uuid: NetworkUUID) {
        guard busy.contains(uuid) else {
            do {
                try refreshRules(of: uuid)
            } catch {
                logger.error("the rules of network '\(name(of: uuid))' did not follow a change: \(error)")
            }
            return
        }
        Task {
            try await Task.sleep(for: .milliseconds(20))
            surroundingsChanged(of: uuid)
        }
    }

    /// Puts in place what the rules of a network that runs should be now, in one batch; nothing where they are that.
    func refreshRules(of uuid: NetworkUUID) throws {
        guard let live = networks[uuid]?.live, let old = live.rules else { return }
        let rules = NetworkRules(
            of: live.definition, bridge: old.bridge, redirects: old.redirects,
            surroundings: surroundings(of: live.definition))
        guard rules != old else { return }
        try store.begin(
            .init(live.definition, rules: rules, formerLive: .init(definition: live.definition.libvirtXML, rules: old)))
        try kernel.turn(
            HostState(rules: [old.bridge: old]), into: HostState(rules: [rules.bridge: rules]))
        networks[uuid]?.live?.rules = rules
        try store.saveLive(live.definition, rules: rules)
        try store.finish(uuid)
    }
}
