public import API
internal import Foundation
internal import NetworkModel
internal import ResponderChannel

extension NetworkService {
    /// Tells everyone who wants to know that something has happened to a network.
    nonisolated func emit(
        _ kind: NetworkEvent.Kind, _ network: NetworkDefinition, _ detail: String? = nil,
        metadata: MetadataPart? = nil
    ) {
        emit(kind, name: network.name, uuid: network.uuid, detail, metadata: metadata)
    }

    nonisolated func emit(
        _ kind: NetworkEvent.Kind, name: String, uuid: NetworkUUID, _ detail: String? = nil,
        metadata: MetadataPart? = nil
    ) {
        let time = Int64(Date().timeIntervalSince1970 * 1_000)
        events.emit(
            NetworkEvent(time: time, network: name, uuid: uuid, kind: kind, detail: detail, metadata: metadata))
    }

    /// What happens from now on to a network, or to all of them.
    ///
    /// The stream ends with the daemon, and before for a reader that leaves 1,000 events unread.
    public func events(of reference: String?) throws -> AsyncStream<NetworkEvent> {
        events.subscribe(to: try reference.map { try find($0) })
    }

    /// The responder has heard of an address that is used without a lease.
    func tell(_ sighting: AddressSighting, on uuid: NetworkUUID) {
        guard let definition = networks[uuid]?.current else { return }
        let how = sighting.isConflict ? "which another guest has leased" : "without a lease"
        emit(.addressInUse, definition, "\(sighting.address) by \(sighting.mac), \(how)")
    }

    /// The responder has news about a lease.
    func tell(_ news: LeaseNews) {
        guard let definition = networks[news.network]?.current else { return }
        let holder = news.lease.hostName.map { " (\($0))" } ?? ""
        let subnet = news.lease.subnet
        let isAddress = subnet.prefixLength == (subnet.base.family == .ipv4 ? 32 : 128)
        let mac = news.lease.mac?.description ?? "a guest behind a relay"
        let detail = "\(isAddress ? subnet.base.description : subnet.description) of \(mac)\(holder)"
        switch news.kind {
        case .added: emit(.leaseAdded, definition, detail)
        case .changed: emit(.leaseChanged, definition, detail)
        case .ended: emit(.leaseEnded, definition, detail)
        }
    }
}
