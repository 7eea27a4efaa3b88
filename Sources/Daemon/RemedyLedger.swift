internal import Engine
internal import NetworkModel

/// What was done for each network outside of vnet's own, so that it can be taken back by whichever daemon runs then.
struct RemedyLedger {
    struct Entry: Hashable, Codable {
        /// Whether there are rules in others' tables, which bear the network's mark.
        var hasRules = false
        /// Settings that the network needs besides those that its definition says, by their names.
        var settings: [String: String] = [:]

        var isEmpty: Bool { !hasRules && settings.isEmpty }

        var sysctls: [Sysctl: String] {
            Dictionary(uniqueKeysWithValues: settings.compactMap { name, value in Sysctl(name).map { ($0, value) } })
        }
    }

    private let path: String
    private(set) var entries: [NetworkUUID: Entry] = [:]

    init(_ paths: Paths) {
        path = paths.remedies
        for (name, entry) in Files.readJSON(path, as: [String: Entry].self) ?? [:] {
            if let uuid = NetworkUUID(name) { entries[uuid] = entry }
        }
    }

    /// Writes down what is about to be done for the network, or with nil that nothing of it is left.
    mutating func record(_ entry: Entry?, for uuid: NetworkUUID) throws {
        guard entries[uuid] != entry else { return }
        var changed = entries
        changed[uuid] = entry
        if changed.isEmpty {
            try Files.remove(path, durable: false)
        } else {
            let names = Dictionary(uniqueKeysWithValues: changed.map { ($0.key.description, $0.value) })
            try Files.write(names, asJSONTo: path, durable: false)
        }
        entries = changed
    }
}
