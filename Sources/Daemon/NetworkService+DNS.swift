internal import API
public import NetworkModel

extension NetworkService {
    /// What the DNS cache of a network that runs holds, after it is emptied where `flush` says so.
    public func dnsCache(_ reference: String, flush: Bool) async throws -> DNSCacheStatistics {
        let uuid = try find(reference)
        guard let live = networks[uuid]?.live else {
            throw APIError(.wrongState, "network '\(reference)' is not active, so it has no DNS cache")
        }
        guard live.definition.dns?.enable != false, !live.definition.ips.isEmpty else {
            throw APIError(.wrongState, "network '\(reference)' has no name service, so it has no DNS cache")
        }
        return try await responder.dnsCache(of: uuid, flush: flush)
    }
}
