public import API
internal import LibvirtXML
internal import Logging
internal import NetworkModel

extension NetworkService {
    /// Changes one element of a network, as it runs, on disk, or both: all that is asked for or nothing.
    ///
    /// Nothing is restarted: the responder gets another configuration, and the firewall changes in one batch.
    public func update(_ reference: String, _ wish: UpdateWish) async throws -> UpdateReport {
        let report = try await alter(reference, isLive: wish.isLive, isPersistent: wish.isPersistent) {
            try updated($0, wish)
        }
        let network = report.network
        logger.info("network updated", metadata: ["network": "\(network.name)", "section": "\(wish.section.rawValue)"])
        emit(.updated, name: network.name, uuid: network.uuid, "\(wish.command.rawValue) \(wish.section.rawValue)")
        if report.isLive, let live = networks[network.uuid]?.live { await tellHooks(.updated, live.definition) }
        return report
    }

    /// Changes the definition of a network as it runs, on disk, or both: all that is asked for or nothing; where neither is
    /// asked for, the one that counts now.
    func alter(
        _ reference: String, isLive: Bool, isPersistent: Bool,
        _ change: (NetworkDefinition) throws -> NetworkDefinition
    ) async throws -> UpdateReport {
        let uuid = try find(reference)
        try requireIdle(uuid)
        guard let network = networks[uuid] else { throw APIError(.notFound, "there is no network '\(reference)'") }
        let isNeither = !isLive && !isPersistent
        let changesLive = isLive || isNeither && network.live != nil
        let changesDisk = isPersistent || isNeither && network.live == nil
        if changesLive, network.live == nil {
            throw APIError(
                .wrongState, "network '\(reference)' is not active, so there is nothing to change live: use --config")
        }
        if changesDisk, network.definition == nil {
            throw APIError(.wrongState, "network '\(reference)' is transient and has no definition on disk: use --live")
        }
        // Both are made before either takes effect.
        let live = try changesLive ? network.live.map { try change($0.definition) } : nil
        let definition = try changesDisk ? network.definition.map { try change($0) } : nil
        do {
            if let live {
                try await self.change(transition(from: network.live, to: live), saving: definition)
            } else if let definition {
                try store.save(definition)
            }
        } catch {
            let cause = error as? APIError
            throw APIError(
                cause?.code ?? .failed, "network '\(reference)' was not updated: \(error)", cause: cause?.cause)
        }
        if let definition { networks[uuid]?.definition = definition }
        return UpdateReport(network: try info(reference), isLive: changesLive, isPersistent: changesDisk)
    }

    private func updated(_ definition: NetworkDefinition, _ wish: UpdateWish) throws -> NetworkDefinition {
        do throws(UpdateError) {
            return try definition.updated(
                wish.command, wish.section, with: [UInt8](wish.xml.utf8), parentIndex: wish.parentIndex ?? -1)
        } catch {
            switch error {
            case .document(let found): throw APIError(found)
            case .unsupported(let message): throw APIError(.invalid, message, cause: .notSupported)
            case .refused(let message): throw APIError(.invalid, message, cause: .notApplicable)
            }
        }
    }
}
