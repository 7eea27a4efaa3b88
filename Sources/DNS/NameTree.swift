internal import NetworkModel

/// All names that exist here, each with its records.
///
/// A name exists as long as it has records, or a name below it exists: an "empty non-terminal" (RFC 8020, section 2) has no
/// records, and yet "there is no such name" would deny the names below it.
struct NameTree: Sendable {
    struct Node: Sendable {
        var sets: [RecordSet] = []
        /// How many names one label below exist.
        var children = 0
        /// The families whose addresses the configuration gives the name, so that a lease cannot.
        var reserved: Set<AddressFamily> = []
        /// The name that this one stands for; its CNAME record is the only set then.
        var alias: DNSName?
        /// The leases that want the name, oldest wish first.
        var claims: [IPAddress] = []

        var exists: Bool { !sets.isEmpty || children > 0 }

        mutating func add(_ data: DNSRecordData) {
            if let index = sets.firstIndex(where: { $0.type == data.type }) {
                sets[index].append(data)
            } else {
                sets.append(RecordSet(data))
            }
        }

        /// Makes the latest wish of a family the only address of that family.
        mutating func follow(_ family: AddressFamily) {
            replace(family == .ipv4 ? .a : .aaaa, with: claims.last { $0.family == family }.map { .address($0) })
        }

        /// Makes `data` the only record of its type; nil leaves none.
        mutating func replace(_ type: DNSRecordType, with data: DNSRecordData?) {
            sets.removeAll { $0.type == type }
            if let data { sets.append(RecordSet(data)) }
        }
    }

    private(set) var nodes = NameTable<Node>()

    /// Changes a name, and tells its ancestors where it begins or ceases to exist.
    mutating func update(_ name: DNSName, _ change: (inout Node) -> Void) {
        let (existed, exists) = nodes.update(name) { entry in
            var node = entry.take() ?? Node()
            let existed = node.exists
            change(&node)
            if node.exists { entry = node }
            return (existed, node.exists)
        }
        guard existed != exists, let parent = name.parent, parent != .root else { return }
        update(parent) { $0.children += existed ? -1 : 1 }
    }
}
