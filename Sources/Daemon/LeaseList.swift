public import API
internal import Logging
internal import NetworkModel

extension NetworkService {
    /// Ends the lease of an address, so that another guest may have it; returns what it was.
    public func releaseLease(_ reference: String, of text: String) async throws -> LeaseInfo {
        guard let address = IPAddress(text) else { throw APIError(.invalid, "'\(text)' is not an address") }
        guard let lease = try await leases(reference).first(where: { $0.address == address }) else {
            throw APIError(
                .notFound,
                "nobody holds \(address) on network '\(reference)': 'vnet leases \(reference)' shows what is held")
        }
        try await responder.release(address, of: find(reference))
        logger.info("lease released", metadata: ["network": "\(reference)", "address": "\(address)"])
        return lease
    }
}

extension NetworkLeases {
    /// As they are shown: an address with the length of the subnet that it is of.
    func list(on definition: NetworkDefinition?) -> [LeaseInfo] {
        let subnets = definition?.ips.compactMap(\.subnet) ?? []
        func length(_ address: IPAddress) -> Int? { subnets.first { $0.contains(address) }?.prefixLength }
        return ipv4.map { lease in
            LeaseInfo(
                address: .v4(lease.address), prefixLength: length(.v4(lease.address)) ?? 32, mac: lease.mac,
                hostName: lease.hostName, clientID: lease.clientID.map(\.hexadecimal), expiry: lease.expiry)
        }
            + ipv6.map { lease in
                let base = IPAddress.v6(lease.prefix.base)
                return LeaseInfo(
                    address: base,
                    prefixLength: lease.kind == .prefix ? lease.prefix.prefixLength : length(base) ?? 128,
                    mac: lease.mac, hostName: lease.hostName, clientID: lease.duid.hexadecimal, iaid: lease.iaid,
                    expiry: lease.expiry)
            }
    }
}
