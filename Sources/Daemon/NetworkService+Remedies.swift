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
    /// Does it, after it has been written down.
    func treat(_ uuid: NetworkUUID, _ treatments: [Treatment]) throws {
        var entry = remedies.entries[uuid] ?? RemedyLedger.Entry()
        var wanted: [Sysctl: String] = [:]
        for case .setting(let sysctl, let value) in treatments {
            entry.settings[sysctl.description] = value
            wanted[sysctl] = value
        }
        let rules = treatments.compactMap { if case .rules(let remedy) = $0 { remedy } else { nil } }
        if !rules.isEmpty { entry.hasRules = true }
        try remedies.record(entry, for: uuid)
        for remedy in rules { try kernel.apply(remedy, mark: Ownership.alias(ofBridgeOf: uuid)) }
        guard !wanted.isEmpty else { return }
        try turn(try kernel.observe(HostState(sysctls: wanted)), into: HostState(sysctls: wanted))
        networks[uuid]?.live?.sysctls.merge(wanted) { $1 }
    }

    /// Takes rules back that were put into others' tables for the network; its settings go with the host's.
    func takeBackRemedies(of uuid: NetworkUUID) throws {
        guard let entry = remedies.entries[uuid] else { return }
        if entry.hasRules { try kernel.removeRules(marked: Ownership.alias(ofBridgeOf: uuid)) }
        try remedies.record(nil, for: uuid)
    }

    /// Takes back what was done for networks that run no more.
    func takeBackLostRemedies() throws {
        for uuid in remedies.entries.keys where networks[uuid]?.live == nil && networks[uuid]?.starting == nil {
            try takeBackRemedies(of: uuid)
        }
    }
}
