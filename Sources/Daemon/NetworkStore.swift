internal import Firewall
internal import LibvirtXML
internal import NetworkModel

/// Networks on disk: their definitions, which of them start with the daemon, and which run and how.
struct NetworkStore: Sendable {
    let paths: Paths

    init(_ paths: Paths) throws(FileError) {
        self.paths = paths
        try Self.forgetFormerBoot(paths)
        for folder in [paths.networks, paths.autostart, paths.live, paths.intents, paths.ports] {
            try Files.makeDirectory(folder)
            Files.removeUnfinished(in: folder)
        }
    }

    /// Where `run` is on a disk, what it says of a kernel that is gone goes too.
    private static func forgetFormerBoot(_ paths: Paths) throws(FileError) {
        guard let former = try Files.read(paths.autostarted), try former != boot() else { return }
        for folder in [paths.live, paths.intents] + Files.names(in: paths.ports).map({ "\(paths.ports)/\($0)" }) {
            for file in Files.names(in: folder) { try Files.remove("\(folder)/\(file)", durable: false) }
        }
        for file in [paths.sysctls, paths.autostarted] { try Files.remove(file, durable: false) }
    }

    /// The kernel's name for this boot (random(4)).
    static func boot() throws(FileError) -> [UInt8] { try Files.read("/proc/sys/kernel/random/boot_id") ?? [] }

    // MARK: Definitions

    private func definition(_ name: String) -> String { "\(paths.networks)/\(name).xml" }

    func save(_ network: NetworkDefinition) throws(FileError) {
        try Files.write(network.libvirtXML.utf8, to: definition(network.name), durable: true)
    }

    /// Removes the definition and its autostart link.
    func removeDefinition(_ name: String) throws(FileError) {
        try Files.remove("\(paths.autostart)/\(name).xml", durable: true)
        try Files.remove(definition(name), durable: true)
    }

    /// All definitions that can be read, and a sentence for each file that cannot.
    func definitions() -> (networks: [NetworkDefinition], problems: [String]) { Self.definitions(in: paths) }

    static func definitions(in paths: Paths) -> (networks: [NetworkDefinition], problems: [String]) {
        load(paths.networks)
    }

    func isAutostarted(_ name: String) -> Bool { Files.exists("\(paths.autostart)/\(name).xml") }

    func setAutostart(_ name: String, _ enabled: Bool) throws(FileError) {
        let link = "\(paths.autostart)/\(name).xml"
        try Files.remove(link, durable: true)
        if enabled { try Files.link(link, to: "../networks/\(name).xml") }
    }

    // MARK: Running networks

    func saveLive(_ network: NetworkDefinition, rules: NetworkRules?) throws {
        let file = "\(paths.live)/\(network.name).json"
        if let rules {
            try Files.write(rules, asJSONTo: file, durable: false)
        } else {
            try Files.remove(file, durable: false)
        }
        try Files.write(network.libvirtXML.utf8, to: "\(paths.live)/\(network.name).xml", durable: false)
    }

    func removeLive(_ name: String) throws(FileError) {
        try Files.remove("\(paths.live)/\(name).xml", durable: false)
        try Files.remove("\(paths.live)/\(name).json", durable: false)
    }

    func live() -> (networks: [NetworkDefinition], problems: [String]) { Self.load(paths.live) }

    /// The rules that were put in place for a running network.
    func liveRules(_ name: String) -> NetworkRules? { Files.readJSON("\(paths.live)/\(name).json") }

    private static func load(_ folder: String) -> (networks: [NetworkDefinition], problems: [String]) {
        var networks: [NetworkDefinition] = []
        var problems: [String] = []
        for file in Files.names(in: folder) where file.hasSuffix(".xml") {
            do {
                var generator = SystemRandomNumberGenerator()
                guard let content = try Files.read("\(folder)/\(file)") else { continue }
                networks.append(try NetworkDefinition(libvirtXML: content, using: &generator))
            } catch {
                problems.append("\(folder)/\(file) is left out: \(error)")
            }
        }
        return (networks, problems)
    }

    // MARK: Intents

    /// What was being done to a network: enough to take every trace of it away, or of what it was to become.
    struct Intent: Codable {
        var name: String
        var uuid: NetworkUUID
        /// The bridge's, which tells whose it is before it has its mark.
        var mac: MACAddress
        var rules: NetworkRules?
        /// The bridge whose traffic is limited, the network's own or not.
        var limited: InterfaceName?
        /// Whether the network ran already and was being changed, and so is to run as before.
        var isChange = false

        init(_ definition: NetworkDefinition, rules: NetworkRules?, isChange: Bool = false) {
            self.isChange = isChange
            name = definition.name
            uuid = definition.uuid
            mac = definition.mac ?? .broadcast
            self.rules = rules
            limited = definition.limitedBridge
        }
    }

    func begin(_ intent: Intent) throws {
        try Files.write(intent, asJSONTo: "\(paths.intents)/\(intent.uuid)", durable: false)
    }

    func finish(_ uuid: NetworkUUID) throws(FileError) { try Files.remove("\(paths.intents)/\(uuid)", durable: false) }

    func intents() -> [Intent] {
        Files.names(in: paths.intents).compactMap { Files.readJSON("\(paths.intents)/\($0)") }
    }
}
