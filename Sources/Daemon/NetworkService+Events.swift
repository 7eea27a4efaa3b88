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

    /// The responder has something to say of DHCP.
    func tell(_ incident: DHCPIncident, on uuid: NetworkUUID) {
        guard let definition = networks[uuid]?.current else { return }
        func name(_ mac: MACAddress?) -> String { mac?.description ?? "a guest behind a relay" }
        switch incident {
        case .declined(let address, let mac):
            emit(.addressDeclined, definition, "\(address) by \(name(mac)), which found it in use")
        case .cloned(let identifier, let first, let second):
            emit(
                .clientCloned, definition,
                "\(first) and \(second) have the same client identifier \(identifier.hexadecimal); each has an address of its own"
            )
        case .exhausted(let family, let mac):
            let kind = family == .ipv4 ? "IPv4" : "IPv6"
            emit(.addressesExhausted, definition, "\(name(mac)) gets no address of \(kind): all are in use")
        case .limitedRelay(let relay, let mac, let limit):
            emit(
                .portLimited, definition,
                "\(mac) behind relay agent \(relay) gets no address: the agent has \(limit) already, as many as a port may have;"
                    + " <vnet:leasesPerPort> allows more")
        case .limited(let port, let mac, let limit):
            let bridge = networks[uuid]?.live?.bridge.description ?? ""
            emit(
                .portLimited, definition,
                "\(mac) at port \(Self.portName(port, of: bridge)) gets no address: the port has \(limit) already, the most that"
                    + " one may have; <vnet:leasesPerPort> allows more")
        }
    }

    /// The name of a bridge's port that has this number.
    private static func portName(_ number: UInt16, of bridge: String) -> String {
        Files.names(in: "/sys/class/net/\(bridge)/brif").first { name in
            let text = (try? Files.read("/sys/class/net/\(bridge)/brif/\(name)/port_no")).map {
                String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace }
            }
            return text.flatMap { UInt16($0.dropFirst(2), radix: 16) } == number
        } ?? "\(number)"
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
