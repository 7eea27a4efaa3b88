internal import Engine

/// Kernel settings of the whole host that vnet changed: to be put back when no network needs them any more, by whichever
/// daemon runs then.
struct SysctlLedger {
    /// What a setting was, and what vnet made of it.
    struct Entry: Hashable, Codable {
        var before: String
        var after: String
    }

    private let path: String
    private(set) var entries: [Sysctl: Entry] = [:]

    init(_ paths: Paths) {
        path = paths.sysctls
        for (name, entry) in Files.readJSON(path, as: [String: Entry].self) ?? [:] {
            if let sysctl = Sysctl(name) { entries[sysctl] = entry }
        }
    }

    /// Writes down what is about to change; what was written down before keeps its first value.
    mutating func record(before: [Sysctl: String], after: [Sysctl: String]) throws {
        var merged = entries
        for (sysctl, wanted) in after where merged[sysctl] == nil {
            guard let value = before[sysctl], value != wanted else { continue }
            merged[sysctl] = Entry(before: value, after: wanted)
        }
        if merged != entries { try store(merged) }
    }

    /// What is to be put back where only `needed` settings are needed still: those that are as vnet left them, as `read` tells.
    ///
    /// One that somebody else has changed since is theirs, and one whose interface is gone has no value.
    func restorable(besides needed: Set<Sysctl>, _ read: (Sysctl) -> String?) -> [Sysctl: String] {
        entries.filter { !isNeeded($0.key, needed) && read($0.key) == $0.value.after }.mapValues(\.before)
    }

    mutating func forget(besides needed: Set<Sysctl>) throws {
        let kept = entries.filter { isNeeded($0.key, needed) }
        if kept != entries { try store(kept) }
    }

    /// Interfaces take router advertisements in spite of forwarding for as long as there is forwarding.
    private func isNeeded(_ sysctl: Sysctl, _ needed: Set<Sysctl>) -> Bool {
        needed.contains(sysctl) || sysctl.isOfAdvertisements && needed.contains(.ipv6Forwarding)
    }

    private mutating func store(_ values: [Sysctl: Entry]) throws {
        if values.isEmpty {
            try Files.remove(path, durable: false)
        } else {
            let names = Dictionary(uniqueKeysWithValues: values.map { ($0.key.description, $0.value) })
            try Files.write(names, asJSONTo: path, durable: false)
        }
        entries = values
    }
}
