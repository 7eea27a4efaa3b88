public import API
internal import Logging
public import NetworkModel

extension NetworkService {
    /// Who had which address, the newest first: that address alone, or at that time alone, where they are given.
    public func leaseRecords(
        _ reference: String, address text: String?, at time: String?
    ) async throws -> [LeaseRecord] {
        let address = text.flatMap { IPAddress($0) }
        if let text, address == nil { throw APIError(.invalid, "'\(text)' is not an address") }
        let seconds = time.flatMap { Int64($0) }
        if let time, seconds == nil { throw APIError(.invalid, "'\(time)' is no number of seconds since 1970") }
        return try await responder.leaseRecords(
            of: find(reference), address: address, at: seconds.map { WallTime(seconds: $0) })
    }

    /// Ends the lease of an address, so that another guest may have it; returns what it was.
    public func releaseLease(_ reference: String, of text: String) async throws -> LeaseInfo {
        guard let address = IPAddress(text) else { throw APIError(.invalid, "'\(text)' is not an address") }
        guard let lease = try await leases(reference).first(where: { $0.address == address && !$0.isStatic }) else {
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
            + sightings.map { sighting in
                LeaseInfo(
                    address: sighting.address,
                    prefixLength: length(sighting.address) ?? (sighting.address.family == .ipv4 ? 32 : 128),
                    mac: sighting.mac, hostName: nil, clientID: nil, expiry: nil, isStatic: true,
                    isAutoconfigured: sighting.isAutoconfigured)
            }
    }
}
