public import API
internal import Engine
internal import Firewall
internal import LibvirtXML
internal import Logging
internal import NetworkModel

extension NetworkService {
    /// Changes one element of a network, as it runs, on disk, or both: all that is asked for or nothing.
    ///
    /// Nothing is restarted: the responder gets another configuration, and the firewall changes in one batch.
    public func update(_ reference: String, _ wish: UpdateWish) async throws -> UpdateReport {
        let uuid = try find(reference)
        try requireIdle(uuid)
        guard let network = networks[uuid] else { throw APIError(.notFound, "there is no network '\(reference)'") }
        let isNeither = !wish.isLive && !wish.isPersistent
        let changesLive = wish.isLive || isNeither && network.live != nil
        let changesDisk = wish.isPersistent || isNeither && network.live == nil
        if changesLive, network.live == nil {
            throw APIError(
                .wrongState, "network '\(reference)' is not active, so there is nothing to change live: use --config")
        }
        if changesDisk, network.definition == nil {
            throw APIError(.wrongState, "network '\(reference)' is transient and has no definition on disk: use --live")
        }
        // Both are made before either takes effect.
        let live = try changesLive ? network.live.map { try updated($0.definition, wish) } : nil
        let definition = try changesDisk ? network.definition.map { try updated($0, wish) } : nil
        if let definition { try store.save(definition) }
        if let live {
            busy.insert(uuid)
            defer { busy.remove(uuid) }
            do {
                try await change(uuid, to: live)
            } catch {
                if definition != nil, let former = network.definition { try store.save(former) }
                throw APIError(.failed, "network '\(reference)' was not updated: \(error)")
            }
        }
        if let definition { networks[uuid]?.definition = definition }
        logger.info("network updated", metadata: ["network": "\(reference)", "section": "\(wish.section.rawValue)"])
        return UpdateReport(network: try info(reference), isLive: changesLive, isPersistent: changesDisk)
    }

    private func updated(_ definition: NetworkDefinition, _ wish: UpdateWish) throws -> NetworkDefinition {
        do {
            return try definition.updated(
                wish.command, wish.section, with: [UInt8](wish.xml.utf8), parentIndex: wish.parentIndex ?? -1)
        } catch {
            throw APIError(.invalid, "\(error)")
        }
    }

    /// Makes a network that runs run as another definition says, where the two differ in what can change that way; where
    /// that fails, it runs as before.
    private func change(_ uuid: NetworkUUID, to definition: NetworkDefinition) async throws {
        guard let before = networks[uuid]?.live else { return }
        var live = before
        live.definition = definition
        live.rules = NetworkRules(of: definition, bridge: before.rules.bridge, redirects: before.rules.redirects)
        try replaceRules(before.rules, by: live.rules)
        do {
            try store.saveLive(definition, rules: live.rules)
            try await serve(&live, insteadOf: before)
            networks[uuid]?.live = live
        } catch {
            try replaceRules(live.rules, by: before.rules)
            try store.saveLive(before.definition, rules: before.rules)
            throw error
        }
    }

    private func replaceRules(_ old: NetworkRules, by new: NetworkRules) throws {
        guard old != new else { return }
        try kernel.turn(HostState(rules: [old.bridge: old]), into: HostState(rules: [new.bridge: new]))
    }

    /// Tells the responder what has changed, through the same sockets unless DHCP comes or goes.
    private func serve(_ live: inout Live, insteadOf before: Live) async throws {
        guard let configuration = ServiceConfiguration(of: live.definition, resolvers: resolvers),
            let dns = before.sockets.first
        else { return }
        let hadDHCP = ServiceConfiguration(of: before.definition, resolvers: resolvers)?.dhcp != nil
        guard (configuration.dhcp != nil) != hadDHCP else { return await responder.reconfigure(configuration) }
        // The first range opens DHCP's sockets, the last one closes them: these go before others can come.
        await responder.withdraw(live.definition.uuid)
        live.sockets = []
        networks[live.definition.uuid]?.live?.sockets = []
        do {
            try await serve(&live, dns: dns)
        } catch {
            var former = before
            former.sockets = []
            try await serve(&former, dns: dns)
            networks[live.definition.uuid]?.live = former
            throw error
        }
    }
}
