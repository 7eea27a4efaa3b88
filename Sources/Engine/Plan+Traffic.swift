internal import Netlink
internal import NetworkModel

// The part of a plan that limits how fast frames pass.

extension Plan {
    /// New limits, and others in the place of those that are there; a frame is led through a detour only when that limits it.
    static func traffic(_ observed: HostState, _ desired: HostState) -> [Step] {
        // A tap that is gone has nothing that could be limited.
        let missing = Set(desired.taps.keys.filter { observed.taps[$0] == nil })
        let detours = desired.detours.sorted { $0.key < $1.key }
            .filter { entry in entry.value.source.map { !missing.contains($0) } ?? true }
        let skipped = missing.union(desired.detours.keys.filter { name in !detours.contains { $0.key == name } })
        var steps: [Step] = []
        for (name, want) in detours {
            let have = observed.detours[name]
            if have == nil { steps.append(.addIntermediate(name)) }
            let difference = Step.LinkDifference(
                isUp: want.isUp == (have?.isUp ?? false) ? nil : want.isUp,
                alias: want.alias == have?.alias ? nil : want.alias)
            if !difference.isEmpty { steps.append(.set(name, difference)) }
        }
        for (name, want) in desired.shapers.sorted(by: { $0.key < $1.key }) where !skipped.contains(name) {
            let have = observed.shapers[name]
            if have != want { steps.append(.setShaper(name, from: have, to: want)) }
        }
        for (name, want) in detours {
            guard let source = want.source, observed.detours[name]?.source != source else { continue }
            steps.append(.redirect(source, to: name))
        }
        return steps
    }

    /// Limits that are to go from devices that stay; those of others end with them.
    static func endOfTraffic(_ observed: HostState, _ desired: HostState) -> [Step] {
        let gone = Set(observed.taps.keys.filter { desired.taps[$0] == nil })
            .union(observed.bridges.keys.filter { desired.bridges[$0] == nil })
        let detours = observed.detours.filter { desired.detours[$0.key] == nil }.sorted { $0.key < $1.key }
        let ends = detours.compactMap { entry in
            entry.value.source.flatMap { gone.contains($0) ? nil : Step.endRedirection($0) }
        }
        let shapers = observed.shapers.sorted { $0.key < $1.key }
            .filter { entry in
                desired.shapers[entry.key] == nil && !gone.contains(entry.key)
                    && !detours.contains { $0.key == entry.key }
            }
        return ends + shapers.map { .setShaper($0.key, from: $0.value, to: nil) }
    }
}
