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
        /// Its own, or the bridge or interface of the host's that it stands on.
        var bridge: InterfaceName
        /// Nil where it has no bridge of its own, and so no rules.
        var rules: NetworkRules?
        /// The service's `ruleChanges` when these rules were put in place: where there were more since, they may be gone.
        var rulesAsOf: Int
        /// The kernel settings that it needs.
        var sysctls: [Sysctl: String]
        /// Nil while it is not served.
        var sockets: ServiceSockets?
        /// Of `bridge`.
        var interfaceIndex: Int32

        var redirects: [NetworkRules.Redirect] { rules?.redirects ?? [] }
    }

    let store: NetworkStore
    let responder: ResponderSupervisor
    let logger: Logger
    let events = EventHub()
    var kernel: Kernel
    /// How often the kernel has told that somebody else changed firewall rules.
    var ruleChanges = 0
    let remover = LinkRemover()
    let hooks: Hooks
    var networks = NetworkTable()
    var ports: PortTable
    var hypervisorPorts: HypervisorPorts
    var ledger: SysctlLedger
    var remedies: RemedyLedger
    var resolvers: [ServiceConfiguration.DNS.Server]
    /// Of networks whose rules follow them.
    var leases: [NetworkUUID: [IPv4Address: Lease]] = [:]
    /// The prefixes for networks behind guests, of networks that give out such.
    var delegated: [NetworkUUID: [IPv6Subnet: IPv6Lease]] = [:]
    /// Networks that are being started or stopped: nobody else may touch them meanwhile.
    var busy: Set<NetworkUUID> = []

    /// Networks that may not be as they should, and why.
    var suspects: [NetworkUUID: String] = [:]
    /// Networks that could not be repaired, and why.
    var unrepaired: [NetworkUUID: String] = [:]
    /// Where to go on looking at settings.
    var nextChecked = 0

    init(paths: Paths, responder: ResponderSupervisor, logger: Logger) throws {
        store = try NetworkStore(paths)
        ports = PortTable(paths)
        hypervisorPorts = HypervisorPorts(paths)
        ledger = SysctlLedger(paths)
        remedies = RemedyLedger(paths)
        hooks = Hooks(paths)
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
        if !inactive, let live = network?.live {
            return live.definition.libvirtXML(connections: connections(of: live.definition))
        }
        // What has nothing on disk is shown as it runs, as libvirt does it.
        guard let definition = network?.definition else {
            return try (network?.live?.definition).orNotFound(reference).libvirtXML(live: true)
        }
        return definition.libvirtXML
    }

    /// The document as a file would have it: of a network that runs as it runs, but without what only runs.
    public func fileXML(_ reference: String) throws -> String {
        let network = networks[try find(reference)]
        return try (network?.live?.definition ?? network?.definition).orNotFound(reference).libvirtXML
    }

    public func leases(_ reference: String) async throws -> [LeaseInfo] {
        let uuid = try find(reference)
        let definition = try networks[uuid]?.current.orNotFound(reference)
        return try await responder.leases(of: uuid).list(on: definition)
    }

    func summary(of uuid: NetworkUUID) -> NetworkSummary? { summary(networks[uuid]) }

    /// By its name alone, be that another network's UUID.
    func summary(named name: String) -> NetworkSummary? {
        networks.uuid(named: name).flatMap { summary(networks[$0]) }
    }

    func find(_ reference: String) throws -> NetworkUUID {
        if let uuid = NetworkUUID(reference), networks[uuid] != nil { return uuid }
        return try networks.uuid(named: reference).orNotFound(reference)
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
    ///
    /// Where it `isValidated`, libvirt's schema must allow the document, and words without effect are an error.
    public func define(_ document: [UInt8], isValidated: Bool = false) throws -> NetworkReport {
        if isValidated { try validate(document) }
        let (parsed, notes) = try parse(document)
        let definition = try complete(parsed)
        try store.save(definition)
        networks[definition.uuid, default: Network()].definition = definition
        logger.info("network defined", metadata: ["network": "\(definition.name)"])
        emit(.defined, definition)
        let hindrances = parsed.hindrances(in: document).map(DocumentProblem.init)
        return NetworkReport(network: try info(definition.name), problems: notes + hindrances)
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
            await discard(uuid)
        } else {
            networks[uuid]?.definition = nil
        }
        logger.info("network undefined", metadata: ["network": "\(definition.name)"])
        emit(.undefined, definition)
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
    func discard(_ uuid: NetworkUUID) async {
        tidy("remove the log of queries") { try Files.remove(store.paths.queryLog(of: name(of: uuid)), durable: false) }
        for port in ports.ports(of: uuid) { tidy("remove port '\(port.name)'") { try removePort(port) } }
        networks[uuid] = nil
        await responder.forget(uuid)
    }

    /// The definition in a document, and what is strange about it.
    func parse(_ document: [UInt8]) throws -> (NetworkDefinition, warnings: [DocumentProblem]) {
        var generator = SystemRandomNumberGenerator()
        do {
            let (definition, warnings) = try NetworkDefinition.read(libvirtXML: document, using: &generator)
            return (definition, warnings.map(DocumentProblem.init))
        } catch {
            throw APIError(error)
        }
    }

    func validate(_ document: [UInt8]) throws {
        do throws(XMLProblems) {
            try NetworkDefinition.validate(libvirtXML: document, against: InstalledSchemas.schema("network.rng"))
        } catch {
            var refusal = APIError(error)
            refusal.cause = refusal.cause ?? .notValid
            throw refusal
        }
    }

    /// Checks the definition against the networks there are, and fills in its bridge name and address where it has none.
    func complete(_ definition: NetworkDefinition) throws -> NetworkDefinition {
        try definition.completed(
            among: networks.values.flatMap(\.all), before: networks[definition.uuid]?.current
        ) { Set(try kernel.links().map(\.name)) }
    }

    func requireIdle(_ uuid: NetworkUUID) throws {
        guard !busy.contains(uuid) else {
            throw APIError(
                .wrongState, "network '\(name(of: uuid))' is being started or stopped: try again in a moment",
                cause: .isBusy)
        }
    }
}

extension Optional {
    /// The value, or the error that says there is no such network.
    func orNotFound(_ reference: String) throws -> Wrapped {
        guard let self else {
            throw APIError(
                .notFound, "there is no network '\(reference)': 'vnet list --all' shows those there are",
                cause: .noNetwork)
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

extension APIError {
    init(_ found: XMLProblems) {
        self.init(found.problems.map(DocumentProblem.init))
        // Nothing could be read.
        if found.problems.allSatisfy({ $0.element == nil }) { cause = .notWellFormed }
    }
}

extension DocumentProblem {
    init(_ problem: XMLProblem) {
        self.init(line: problem.line, column: problem.column, message: problem.message)
    }
}
