public import API
internal import Engine
internal import Firewall
internal import LibvirtXML
internal import Logging
internal import Netlink
internal import NetworkModel

/// The networks of one instance and what can be done to them: the one door to the kernel and to the files, behind whichever
/// front door a request came in by.
public actor NetworkService {
    struct Network {
        /// Nil for a transient network.
        var definition: NetworkDefinition?
        /// Nil while it does not run.
        var live: Live?
        /// What is being started and does not run yet, or runs and could not be taken over yet.
        var starting: NetworkDefinition?

        /// What is shown of it.
        var current: NetworkDefinition? { live?.definition ?? starting ?? definition }
        /// All that it is and will be, which others must not be in the way of.
        var all: [NetworkDefinition] { [live?.definition, starting, definition].compactMap { $0 } }
    }

    /// A network that runs.
    struct Live {
        var definition: NetworkDefinition
        var rules: NetworkRules
        /// Nil while it is not served.
        var sockets: ServiceSockets?
        var interfaceIndex: Int32
    }

    let store: NetworkStore
    let responder: ResponderSupervisor
    let logger: Logger
    var kernel: Kernel
    var networks: [NetworkUUID: Network] = [:]
    var ports: PortTable
    var ledger: SysctlLedger
    var resolvers: [ServiceConfiguration.DNS.Server]
    /// Networks that are being started or stopped: nobody else may touch them meanwhile.
    var busy: Set<NetworkUUID> = []

    init(paths: Paths, responder: ResponderSupervisor, logger: Logger) throws {
        store = try NetworkStore(paths)
        ports = PortTable(paths)
        ledger = SysctlLedger(paths)
        kernel = try Kernel()
        resolvers = Resolvers.current()
        self.responder = responder
        self.logger = logger
    }

    // MARK: Look

    public func list() -> [NetworkSummary] {
        networks.values.compactMap(summary).sorted { $0.name < $1.name }
    }

    public func info(_ reference: String) throws -> NetworkSummary {
        try summary(networks[find(reference)]).orNotFound(reference)
    }

    /// The document as libvirt writes it, `inactive` as it is on disk, which is how it will run after the next start.
    public func xml(_ reference: String, inactive: Bool) throws -> String {
        let network = networks[try find(reference)]
        if !inactive, let live = network?.live { return live.definition.libvirtXML(live: true) }
        return try (network?.definition ?? network?.live?.definition).orNotFound(reference).libvirtXML
    }

    public func leases(_ reference: String) async throws -> [LeaseInfo] {
        let uuid = try find(reference)
        let definition = try networks[uuid]?.current.orNotFound(reference)
        let prefixLength = definition?.ips.lazy.compactMap { ip in
            if case .v4(let subnet)? = ip.subnet { subnet.prefixLength } else { nil }
        }.first
        return try await responder.leases(of: uuid).map { lease in
            LeaseInfo(
                address: lease.address, prefixLength: prefixLength ?? 32, mac: lease.mac, hostName: lease.hostName,
                clientID: lease.clientID.map(\.hexadecimal), expiry: lease.expiry)
        }
    }

    func find(_ reference: String) throws -> NetworkUUID {
        if let uuid = NetworkUUID(reference), networks[uuid] != nil { return uuid }
        let found = networks.first { $0.value.current?.name == reference }?.key
        return try found.orNotFound(reference)
    }

    func name(of uuid: NetworkUUID) -> String { networks[uuid]?.current?.name ?? uuid.description }

    private func summary(_ network: Network?) -> NetworkSummary? {
        guard let network, let shown = network.current else { return nil }
        return NetworkSummary(
            name: shown.name,
            uuid: shown.uuid,
            isActive: network.live != nil,
            isPersistent: network.definition != nil,
            isAutostarted: network.definition != nil && store.isAutostarted(shown.name),
            bridge: shown.bridge.name,
            mode: shown.forward?.mode.rawValue ?? "isolated",
            addresses: shown.ips.compactMap { ip in ip.subnet.map { "\(ip.address)/\($0.prefixLength)" } },
            title: shown.title
        )
    }

    // MARK: Define

    /// Keeps a network on disk; one that is there already under this name and UUID gets the new definition, which takes
    /// effect with its next start.
    ///
    /// What vnet cannot do yet keeps no network from being defined, as under libvirt, but from being started; a warning says
    /// so at once.
    public func define(_ document: [UInt8]) throws -> NetworkReport {
        let (parsed, notes) = try parse(document)
        let definition = try complete(parsed)
        try store.save(definition)
        networks[definition.uuid, default: Network()].definition = definition
        logger.info("network defined", metadata: ["network": "\(definition.name)"])
        let hindrances = parsed.hindrances(in: document).map(\.description)
        return NetworkReport(network: try info(definition.name), warnings: notes + hindrances)
    }

    /// Forgets the definition; a network that runs goes on as a transient one.
    public func undefine(_ reference: String) async throws -> NetworkSummary {
        let uuid = try find(reference)
        guard let network = networks[uuid], let definition = network.definition else {
            throw APIError(
                .wrongState, "network '\(reference)' is transient, so there is no definition to remove: stop it instead"
            )
        }
        try requireIdle(uuid)
        let before = try info(reference)
        try store.removeDefinition(definition.name)
        if network.live == nil {
            try await discard(uuid)
        } else {
            networks[uuid]?.definition = nil
        }
        logger.info("network undefined", metadata: ["network": "\(definition.name)"])
        return before
    }

    public func setAutostart(_ reference: String, _ enabled: Bool) throws -> NetworkSummary {
        let uuid = try find(reference)
        guard let definition = networks[uuid]?.definition else {
            throw APIError(
                .wrongState, "network '\(reference)' is transient and cannot start with the daemon: define it")
        }
        try store.setAutostart(definition.name, enabled)
        return try info(reference)
    }

    /// Forgets a network that neither runs nor is kept on disk, with its ports and leases.
    func discard(_ uuid: NetworkUUID) async throws {
        for port in ports.ports(of: uuid) { try removePort(port) }
        networks[uuid] = nil
        await responder.forget(uuid)
    }

    /// The definition in a document, and what is strange about it.
    func parse(_ document: [UInt8]) throws -> (NetworkDefinition, warnings: [String]) {
        var generator = SystemRandomNumberGenerator()
        do {
            let (definition, warnings) = try NetworkDefinition.read(libvirtXML: document, using: &generator)
            return (definition, warnings.map(\.description))
        } catch {
            throw APIError(.invalid, "\(error)")
        }
    }

    /// Checks the definition against the networks there are, and fills in its bridge name and address where it has none.
    func complete(_ definition: NetworkDefinition) throws -> NetworkDefinition {
        var definition = definition
        for (uuid, known) in networks.flatMap({ entry in entry.value.all.map { (entry.key, $0) } }) {
            switch (uuid == definition.uuid, known.name == definition.name) {
            case (true, false):
                throw APIError(
                    .conflict,
                    "UUID \(uuid) belongs to network '\(known.name)': remove <uuid> from the file, or undefine '\(known.name)'"
                )
            case (false, true):
                throw APIError(
                    .conflict,
                    "network '\(known.name)' exists already with UUID \(uuid): to change it, put <uuid>\(uuid)</uuid> into the"
                        + " file; to replace it, undefine it first")
            default: break
            }
            guard uuid != definition.uuid else { continue }
            let overlap = definition.subnets.first { subnet in known.subnets.contains { $0.overlaps(subnet) } }
            if let overlap {
                throw APIError(
                    .conflict,
                    "subnet \(overlap) of network '\(definition.name)' overlaps with network '\(known.name)': choose another"
                )
            }
            if let name = definition.bridge.name, name == known.bridge.name {
                throw APIError(
                    .conflict,
                    "bridge '\(name)' belongs to network '\(known.name)': choose another, or leave the name out to get a free one"
                )
            }
        }
        // A network on somebody else's bridge or interface has none of its own to name.
        guard definition.hasOwnBridge else { return definition }
        let before = networks[definition.uuid]?.current
        if definition.bridge.name?.contains("%") != false {
            definition.bridge.name = try freeBridge(for: definition, before: before)
        }
        if definition.mac == nil {
            var generator = SystemRandomNumberGenerator()
            definition.mac = before?.mac ?? .random(using: &generator)
        }
        return definition
    }

    /// The lowest number that makes the template a name nobody has; a network that had one keeps it.
    private func freeBridge(for definition: NetworkDefinition, before: NetworkDefinition?) throws -> String {
        if let kept = before?.bridge.name { return kept }
        let template = definition.bridge.name ?? "virbr%d"
        let parts = template.split(separator: "%d", maxSplits: 1, omittingEmptySubsequences: false)
        let taken = Set(networks.values.compactMap { $0.current?.bridge.name })
        let present = Set(try kernel.links().map(\.name))
        for number in 0...256 where parts.count == 2 {
            let name = "\(parts[0])\(number)\(parts[1])"
            if !taken.contains(name), !present.contains(name) { return name }
        }
        throw APIError(.failed, "no free bridge name of the form '\(template)' from 0 to 256: give <bridge> a name")
    }

    func requireIdle(_ uuid: NetworkUUID) throws {
        guard !busy.contains(uuid) else {
            throw APIError(
                .wrongState, "network '\(name(of: uuid))' is being started or stopped: try again in a moment")
        }
    }
}

extension NetworkDefinition {
    /// What no other network and no other interface may have too; link-local addresses are every link's own.
    var subnets: [IPSubnet] { ips.filter { !$0.address.isLinkLocal }.compactMap(\.subnet) }
}

extension Optional {
    /// The value, or the error that says there is no such network.
    func orNotFound(_ reference: String) throws -> Wrapped {
        guard let self else {
            throw APIError(.notFound, "there is no network '\(reference)': 'vnet list --all' shows those there are")
        }
        return self
    }
}

extension [UInt8] {
    /// Octets as libvirt writes a client identifier: `01:52:54:00:00:00:01`.
    var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
