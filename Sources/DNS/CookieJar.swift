internal import NetworkModel
internal import Wire

/// The cookie of a query to another server (RFC 7873, section 4): who does not see our queries cannot answer it.
struct UpstreamCookie: Hashable, Sendable {
    /// Eight octets of our choice, for each server others.
    let client: UInt64
    /// What the server gave us last, 8 to 32 octets; nil before it has.
    fileprivate(set) var server: [UInt8]?

    static let clientCount = 8
    /// How many octets an answer's cookie has: ours and the server's.
    static let answerCount = 16...40

    func write(to writer: inout WireWriter) {
        writer.u16(EDNSOption.cookie)
        writer.u16(UInt16(Self.clientCount + (server?.count ?? 0)))
        writer.u64(client)
        writer.raw(server ?? [])
    }

    /// Whether the content of an answer's COOKIE option begins with our part, and has one of the server's.
    func isAnswered(by content: [UInt8]) -> Bool { Self.answerCount.contains(content.count) && isOurs(content) }

    /// Whether it is no more than our part: of a server that sends back what it does not understand.
    func isEchoed(by content: [UInt8]) -> Bool { content.count == Self.clientCount && isOurs(content) }

    private func isOurs(_ content: [UInt8]) -> Bool {
        content.prefix(Self.clientCount).reduce(0) { $0 << 8 | UInt64($1) } == client
    }
}

/// The cookies of other servers.
struct CookieJar: Sendable {
    typealias Server = ServiceConfiguration.DNS.Server

    private var cookies: [Server: UpstreamCookie] = [:]
    /// Those that do not understand cookies.
    private var strangers: Set<Server> = []

    /// Servers come and go with the host's networks.
    private static let limit = 256

    /// The cookie for the next query to a server; nil where it does not understand any.
    mutating func cookie(for server: Server, using generator: inout some RandomNumberGenerator) -> UpstreamCookie? {
        if let cookie = cookies[server] { return cookie }
        guard !strangers.contains(server) else { return nil }
        if cookies.count >= Self.limit { cookies = [:] }
        let cookie = UpstreamCookie(client: generator.next())
        cookies[server] = cookie
        return cookie
    }

    /// Takes what a server has answered to a cookie.
    mutating func learn(_ content: [UInt8], from server: Server) {
        guard let cookie = cookies[server], cookie.isAnswered(by: content) else { return }
        let part = content.dropFirst(UpstreamCookie.clientCount)
        guard cookie.server.map({ !$0.elementsEqual(part) }) ?? true else { return }
        cookies[server]?.server = Array(part)
    }

    mutating func refuse(_ server: Server) {
        if strangers.count >= Self.limit { strangers = [] }
        strangers.insert(server)
        cookies[server] = nil
    }
}
