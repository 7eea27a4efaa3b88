internal import API
internal import NetworkModel

extension NetworkDefinition {
    /// The definition with what it leaves to vnet, its bridge's name and address, where nothing keeps it from being defined.
    ///
    /// `others` are all definitions that count, its own former ones among them; `before` is what the network was, whose
    /// choices it keeps. `links` tells the names of the host's interfaces, and is asked only where a name is to be chosen.
    func completed(
        among others: [Self], before: Self?, links: () throws -> Set<String>
    ) throws -> Self {
        for other in others { try requireSideBySide(with: other) }
        // A network on somebody else's bridge or interface has none of its own to name.
        guard hasOwnBridge else { return self }
        var completed = self
        if bridge.name?.contains("%") != false {
            completed.bridge.name =
                try before?.bridge.name ?? freeBridge(besides: Set(others.compactMap(\.bridge.name)).union(links()))
        }
        if mac == nil {
            var generator = SystemRandomNumberGenerator()
            completed.mac = before?.mac ?? .random(using: &generator)
        }
        return completed
    }

    /// What no other network and no other interface may have too; link-local addresses are every link's own.
    var subnets: [IPSubnet] {
        ips.filter { !$0.address.isLinkLocal }.compactMap(\.subnet) + extensions.delegations.map { .v6($0.block) }
    }

    private func requireSideBySide(with other: Self) throws {
        switch (other.uuid == uuid, other.name == name) {
        case (true, false):
            throw APIError(
                .conflict,
                "UUID \(uuid) belongs to network '\(other.name)': remove <uuid> from the file, or undefine '\(other.name)'"
            )
        case (false, true):
            throw APIError(
                .conflict,
                "network '\(other.name)' exists already with UUID \(other.uuid): to change it, put <uuid>\(other.uuid)</uuid>"
                    + " into the file; to replace it, undefine it first")
        case (true, true): return
        case (false, false): break
        }
        if let overlap = subnets.first(where: { subnet in other.subnets.contains { $0.overlaps(subnet) } }) {
            throw APIError(
                .conflict,
                "subnet \(overlap) of network '\(name)' overlaps with network '\(other.name)': choose another")
        }
        // A bridge that the host had before may carry several networks.
        if let bridge = bridge.name, bridge == other.bridge.name, hasOwnBridge || other.hasOwnBridge {
            throw APIError(
                .conflict,
                "bridge '\(bridge)' belongs to network '\(other.name)': choose another, or leave the name out to get a free one"
            )
        }
    }

    /// The lowest number that makes the template a name nobody has.
    private func freeBridge(besides taken: Set<String>) throws -> String {
        let template = bridge.name ?? "virbr%d"
        let parts = template.split(separator: "%d", maxSplits: 1, omittingEmptySubsequences: false)
        // libvirt's own limit (`MAX_BRIDGE_ID`) is 256, and too few here.
        for number in 0..<10_000 where parts.count == 2 {
            let name = "\(parts[0])\(number)\(parts[1])"
            if !taken.contains(name) { return name }
        }
        throw APIError(.failed, "no free bridge name of the form '\(template)' from 0 to 9999: give <bridge> a name")
    }
}
