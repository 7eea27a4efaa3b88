internal import Engine

/// Kernel settings of the whole host that vnet changed, with what they were: to be put back when the last network that needs
/// them stops, by whichever daemon runs then.
struct SysctlLedger {
    private let path: String
    private(set) var before: [Sysctl: String] = [:]

    init(_ paths: Paths) {
        path = paths.sysctls
        let stored = Files.readJSON(path, as: [String: String].self)
        for (name, value) in stored ?? [:] {
            if let sysctl = Sysctl(name) { before[sysctl] = value }
        }
    }

    /// Writes down what the settings are before they change; those written down before keep their first value.
    mutating func record(_ values: [Sysctl: String]) throws {
        let merged = before.merging(values) { first, _ in first }
        guard merged != before else { return }
        try store(merged)
    }

    mutating func forget() throws { try store([:]) }

    private mutating func store(_ values: [Sysctl: String]) throws {
        if values.isEmpty {
            try Files.remove(path, durable: false)
        } else {
            let names = Dictionary(uniqueKeysWithValues: values.map { ($0.key.description, $0.value) })
            try Files.write(names, asJSONTo: path, durable: false)
        }
        before = values
    }
}
