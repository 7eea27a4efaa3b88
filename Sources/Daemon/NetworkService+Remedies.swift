internal import API
internal import Engine
internal import Firewall
internal import Logging
internal import NetworkModel

/// What is done about a finding.
enum Treatment {
    case rules(Remedy)
    case setting(Sysctl, String)
}

// What is done for a network outside of vnet's own tables and interfaces, and taken back when it stops.

extension NetworkService {
    /// Does it, after it has been written down; what cannot be done as a whole is undone.
    func treat(_ uuid: NetworkUUID, _ treatments: [Treatment]) throws {
        let former = remedies.entries[uuid]
        var entry = former ?? RemedyLedger.Entry()
        var wanted: [Sysctl: String] = [:]
        for case .setting(let sysctl, let value) in treatments {
            // What the network needs anyway is its own, and no remedy.
            if networks[uuid]?.live?.sysctls[sysctl] == nil { entry.settings[sysctl.description] = value }
            wanted[sysctl] = value
        }
        let rules = treatments.compactMap { if case .rules(let remedy) = $0 { remedy } else { nil } }
        if !rules.isEmpty { entry.hasRules = true }
        let mark = Ownership.alias(ofBridgeOf: uuid)
        try remedies.record(entry.isEmpty ? nil : entry, for: uuid)
        do {
            if !rules.isEmpty { try kernel.apply(rules, mark: mark) }
            if !wanted.isEmpty {
                try turn(try kernel.observe(HostState(sysctls: wanted)), into: HostState(sysctls: wanted))
                networks[uuid]?.live?.sysctls.merge(wanted) { $1 }
            }
        } catch {
            tidy("take back what was begun in others' firewalls") {
                if former?.hasRules != true { try kernel.removeRules(marked: mark) }
                try remedies.record(former, for: uuid)
            }
            throw APIError(.failed, "nothing was changed for network '\(name(of: uuid))': \(error)")
        }
    }

    /// Takes rules back that were put into others' tables for the network; its settings go with the host's.
    func takeBackRemedies(of uuid: NetworkUUID) throws {
        guard let entry = remedies.entries[uuid] else { return }
        if entry.hasRules { try kernel.removeRules(marked: Ownership.alias(ofBridgeOf: uuid)) }
        try remedies.record(nil, for: uuid)
    }

    /// Takes back what was done for networks that run no more.
    func reviewRemedies() throws {
        for uuid in remedies.entries.keys where networks[uuid]?.live == nil && networks[uuid]?.starting == nil {
            try takeBackRemedies(of: uuid)
        }
    }

    /// Does again what is missing of what was done for the network in others' tables: they load them anew, and know nothing of
    /// what is not theirs.
    func restoreRemedies(of uuid: NetworkUUID, _ cause: String) {
        guard remedies.entries[uuid]?.hasRules == true, let live = networks[uuid]?.live, !busy.contains(uuid) else {
            return
        }
        do {
            let missing = try remediesInRules(of: uuid)
            guard !missing.isEmpty else { return }
            try treat(uuid, missing.map(Treatment.rules))
            let places = Set(missing.map { "table \($0.table), chain \($0.chain)" }).sorted().joined(
                separator: ", and ")
            emit(.repaired, live.definition, "\(cause): packets pass again in \(places)")
            logger.warning(
                "\(cause); packets pass again in \(places)", metadata: ["network": "\(live.definition.name)"])
        } catch {
            logger.error(
                "\(cause), and could not be repaired: \(error)", metadata: ["network": "\(live.definition.name)"])
        }
    }
}
