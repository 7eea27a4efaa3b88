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
        for file in [paths.sysctls, paths.remedies, paths.autostarted] { try Files.remove(file, durable: false) }
    }

    /// The kernel's name for this boot (random(4)).
    static func boot() throws(FileError) -> [UInt8] { try Files.read("/proc/sys/kernel/random/boot_id") ?? [] }

    // MARK: Definitions

    private func definition(_ name: String) -> String { "\(paths.networks)/\(name).xml" }

    func save(_ network: NetworkDefinition) throws(FileError) {
        try Files.write(network.libvirtXML.utf8, to: definition(network.name), durable: true)
    }

    /// Removes the definition and then its autostart link, which means nothing alone.
    func removeDefinition(_ name: String) throws(FileError) {
        try Files.remove(definition(name), durable: true)
        try? Files.remove("\(paths.autostart)/\(name).xml", durable: true)
    }

    /// Removes links to definitions that are no more.
    func removeStaleAutostarts() {
        for file in Files.names(in: paths.autostart) where !Files.exists("\(paths.networks)/\(file)") {
            try? Files.remove("\(paths.autostart)/\(file)", durable: true)
        }
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
        try saveLive(network.name, network.libvirtXML, rules)
    }

    private func saveLive(_ name: String, _ definition: String, _ rules: NetworkRules?) throws {
        let file = "\(paths.live)/\(name).json"
        if let rules {
            try Files.write(rules, asJSONTo: file, durable: false)
        } else {
            try Files.remove(file, durable: false)
        }
        try Files.write(definition.utf8, to: "\(paths.live)/\(name).xml", durable: false)
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
        /// As what it ran before, and is to run again; nil where it was being started or stopped.
        var formerLive: Live?
        /// What was on disk before; nil where that was not being changed.
        var formerDisk: Disk?

        /// A network that runs: its definition, in libvirt's format, and the rules that stand for it.
        struct Live: Codable {
            var definition: String
            var rules: NetworkRules?
        }

        /// A definition on disk, in libvirt's format; nil for none.
        struct Disk: Codable { var definition: String? }

        /// Whether the network ran already and was being changed.
        var isChange: Bool { formerLive != nil }

        init(_ definition: NetworkDefinition, rules: NetworkRules?, formerLive: Live? = nil, formerDisk: Disk? = nil) {
            self.formerLive = formerLive
            self.formerDisk = formerDisk
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

    /// Puts back the files that there were before what was intended.
    func restore(_ intent: Intent) throws {
        if let live = intent.formerLive { try saveLive(intent.name, live.definition, live.rules) }
        guard let disk = intent.formerDisk else { return }
        if let definition = disk.definition {
            try Files.write(definition.utf8, to: self.definition(intent.name), durable: true)
        } else {
            try removeDefinition(intent.name)
        }
    }

    func finish(_ uuid: NetworkUUID) throws(FileError) { try Files.remove("\(paths.intents)/\(uuid)", durable: false) }

    func intents() -> [Intent] {
        Files.names(in: paths.intents).compactMap { Files.readJSON("\(paths.intents)/\($0)") }
    }
}
