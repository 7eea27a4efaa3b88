public import API
internal import Engine
internal import Firewall
internal import LibvirtXML
internal import Logging
internal import NetworkModel

extension NetworkService {
    /// Makes a network defined, running and as the document says, changing only what differs; or tells what that would take.
    ///
    /// A document without a UUID means the network of its name.
    public func apply(_ document: [UInt8], isDryRun: Bool) async throws -> ApplyReport {
        var (parsed, notes) = try parse(document)
        if let uuid = networks.uuid(named: parsed.name),
            !NetworkDefinition.statesUUID(libvirtXML: document)
        {
            parsed.uuid = uuid
        }
        let definition = try complete(parsed)
        let uuid = definition.uuid
        try requireIdle(uuid)
        let before = networks[uuid]
        let transition = try transition(from: before?.live, to: definition)
        var report = ApplyReport(
            of: transition, definition: before?.definition, services: services(of:), warnings: notes.map(\.description))
        guard !isDryRun, !report.isEmpty else { return report }

        let isSaving = before?.definition != definition
        do {
            if before?.live == nil {
                report.warnings += try await bringUp(definition, by: transition, saving: isSaving)
            } else {
                try await change(transition, saving: isSaving ? definition : nil)
            }
        } catch {
            throw APIError(
                (error as? APIError)?.code ?? .failed, "network '\(definition.name)' was not changed: \(error)")
        }
        networks[uuid, default: Network()].definition = definition
        logger.info("network applied", metadata: ["network": "\(definition.name)"])
        if before?.definition != definition { emit(.defined, definition) }
        if let live = before?.live, live.definition != definition {
            emit(.updated, definition, "applied")
            await tellHooks(.updated, definition)
        }
        return report
    }
}

extension ApplyReport {
    /// `definition` is what is on disk before it, and `services` tells what guests of a network that runs are served.
    init(
        of transition: Transition, definition: NetworkDefinition?,
        services: (NetworkDefinition) -> ServiceConfiguration?, warnings: [String]
    ) {
        let former = transition.former
        let wish = transition.definition
        self.init(
            name: wish.name, xml: wish.libvirtXML, changes: [],
            steps: transition.plan.steps.map(\.description), warnings: warnings)
        if definition != wish { changes.append(definition == nil ? .defined : .redefined) }
        if let former {
            if services(former.definition) != services(wish) { changes.append(.served) }
            if former.bridge != transition.bridge {
                self.warnings.append(
                    "bridge '\(former.bridge)' cannot be renamed while it is up: '\(transition.bridge)' is made, the"
                        + " ports move to it, and '\(former.bridge)' goes")
            }
        } else {
            changes.append(.started)
        }
    }
}
