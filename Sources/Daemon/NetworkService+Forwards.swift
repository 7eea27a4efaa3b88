public import API
internal import Firewall
internal import LibvirtXML
internal import Logging
internal import NetworkModel

// Ports of the host that lead to guests.

extension NetworkService {
    public func forwards(_ reference: String) throws -> [ForwardInfo] {
        guard let network = networks[try find(reference)] else { return [] }
        let live = network.live?.definition.extensions.portForwards ?? []
        let defined = network.definition?.extensions.portForwards ?? []
        let rules = network.live?.rules?.forwards ?? []
        return (live + defined.filter { !live.contains($0) }).map { forward in
            let isLive = live.contains(forward)
            let placed = rules.filter {
                $0.transport == forward.transport && $0.device == forward.device && $0.ports == forward.ports
                    && (forward.address == nil ? $0.address.isUnspecified : $0.address == forward.address)
            }
            return ForwardInfo(
                forward: forward, isLive: isLive, isPersistent: defined.contains(forward),
                targets: isLive ? placed.map(\.guest) : [])
        }
    }

    public func addForward(_ reference: String, _ wish: ForwardWish) async throws -> UpdateReport {
        try await changeForwards(reference, live: wish.isLive, disk: wish.isPersistent) { network in
            do { return try network.adding(wish.forward) } catch { throw APIError(.conflict, "\(error)") }
        }
    }

    public func removeForward(_ reference: String, _ wish: ForwardEnding) async throws -> UpdateReport {
        try await changeForwards(reference, live: wish.isLive, disk: wish.isPersistent) { network in
            guard let forward = network.extensions.portForwards.first(where: { wish.names($0) }) else { return nil }
            do { return try network.removing(forward) } catch { throw APIError(.failed, "\(error)") }
        } absence: {
            APIError(
                .notFound,
                "network '\(reference)' has no such forward: 'vnet forward list \(reference)' shows those it has")
        }
    }

    /// Makes a change to the network as it runs and on disk, or to that of the two which is asked for, all or nothing.
    ///
    /// `change` returns nil where there is nothing to be changed, which is no mistake unless it is so everywhere.
    private func changeForwards(
        _ reference: String, live wantsLive: Bool, disk wantsDisk: Bool,
        _ change: (NetworkDefinition) throws -> NetworkDefinition?, absence: () -> APIError? = { nil }
    ) async throws -> UpdateReport {
        let uuid = try find(reference)
        try requireIdle(uuid)
        guard let network = networks[uuid] else { throw APIError(.notFound, "there is no network '\(reference)'") }
        let isNeither = !wantsLive && !wantsDisk
        guard !wantsLive || network.live != nil else {
            throw APIError(
                .wrongState, "network '\(reference)' is not active, so nothing can change live: use --config")
        }
        guard !wantsDisk || network.definition != nil else {
            throw APIError(.wrongState, "network '\(reference)' is transient and has no definition on disk: use --live")
        }
        let live = try (wantsLive || isNeither ? network.live?.definition : nil).flatMap(change)
        let definition = try (wantsDisk || isNeither ? network.definition : nil).flatMap(change)
        if live == nil, definition == nil, let error = absence() { throw error }
        let transition = try live.map { try self.transition(from: network.live, to: $0) }
        if let definition { try store.save(definition) }
        do {
            if let transition { try await self.change(transition) }
        } catch {
            if definition != nil, let former = network.definition { try store.save(former) }
            throw APIError(
                (error as? APIError)?.code ?? .failed,
                "the forwards of network '\(reference)' were not changed: \(error)")
        }
        if let definition { networks[uuid]?.definition = definition }
        logger.info("forwards changed", metadata: ["network": "\(reference)"])
        return UpdateReport(network: try info(reference), isLive: live != nil, isPersistent: definition != nil)
    }

    /// Checks that nobody listens where the network's new forwards are to.
    func admitForwards(of definition: NetworkDefinition, insteadOf live: Live?) throws {
        let standing = live?.definition.extensions.portForwards ?? []
        let wanted = definition.extensions.portForwards.filter { !standing.contains($0) }
        guard !wanted.isEmpty else { return }
        let others = networks.values.compactMap(\.live?.definition).filter { $0.uuid != definition.uuid }
        for forward in wanted {
            for other in others {
                guard let taken = other.extensions.portForwards.first(where: { $0.overlaps(forward) }) else { continue }
                throw APIError(
                    .conflict,
                    "network '\(definition.name)' cannot forward \(forward.listening): network '\(other.name)' forwards"
                        + " \(taken.listening) to \(taken.guest) already; choose another port or address")
            }
            guard let (port, holder) = PortHolder.listener(forward) else { continue }
            throw APIError(
                .conflict,
                "network '\(definition.name)' cannot forward \(forward.listening): \(holder) listens on port \(port) there;"
                    + " choose another port or address, or stop that program")
        }
    }
}
