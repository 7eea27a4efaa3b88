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

    /// The last lines of what guests of a network have asked and were told.
    public func queryLog(_ reference: String, lines: Int) throws -> String {
        let name = name(of: try find(reference))
        guard let content = try Files.read(store.paths.queryLog(of: name), last: 1 << 20) else {
            throw APIError(
                .wrongState,
                "network '\(name)' keeps no log of queries: put <vnet:queryLog>yes</vnet:queryLog> into its"
                    + " <vnet:network>")
        }
        return String(decoding: content, as: UTF8.self).split(separator: "\n").suffix(max(0, lines)).map { $0 + "\n" }
            .joined()
    }
}
