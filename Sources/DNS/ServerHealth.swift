internal import NetworkModel

/// Which of several servers to ask first, from how they answered before.
///
/// The order in which they are listed stands, since the first may know names that the others deny. A server that does not
/// answer goes behind the others until it answers again, and so does one that is much slower than another. One that does not
/// answer is looked after from time to time, with a copy of a query, so that no client has to wait for it.
struct ServerHealth: Sendable {
    typealias Server = ServiceConfiguration.DNS.Server

    private struct State: Sendable {
        /// How long it takes to answer, smoothed as TCP's round trip (RFC 6298, section 2); nil before it ever did.
        var latency: Duration?
        /// How often in a row it did not.
        var failures = 0
        /// When it is to be looked after.
        var probe: Duration = .zero
        /// Whether it fails to answer queries with an OPT record.
        var isPlain = false

        mutating func answered(after time: Duration) {
            latency = latency.map { ($0 * 7 + time) / 8 } ?? time
            failures = 0
        }

        mutating func failed(_ now: Duration) {
            failures += 1
            let pause = Duration.seconds(1 << min(max(0, failures - ServerHealth.patience), 5))
            probe = now + min(pause, ServerHealth.longestPause)
        }
    }

    private var states: [Server: State] = [:]

    /// How often in a row a server must fail to be taken for gone: a packet may be lost.
    private static let patience = 2
    /// A server that takes longer, and longer than this many times what another takes, is slow.
    private static let slow: Duration = .milliseconds(400)
    private static let slowFactor = 4
    private static let longestPause: Duration = .seconds(30)
    /// Servers come and go with the host's networks.
    private static let limit = 256

    func isDown(_ server: Server) -> Bool { states[server]?.failures ?? 0 >= Self.patience }
    func isPlain(_ server: Server) -> Bool { states[server]?.isPlain ?? false }

    /// The servers in the order in which to ask them.
    func order(_ servers: [Server]) -> [Server] {
        guard servers.count > 1, !states.isEmpty else { return servers }
        let fastest = servers.compactMap { isDown($0) ? nil : states[$0]?.latency }.min()
        func rank(_ server: Server) -> Int {
            if isDown(server) { return 2 }
            guard let latency = states[server]?.latency, let fastest else { return 0 }
            return latency > Self.slow && latency > fastest * Self.slowFactor ? 1 : 0
        }
        return (0...2).flatMap { wanted in servers.filter { rank($0) == wanted } }
    }

    /// The server to be looked after now, if any; it is not named again before its next turn.
    mutating func dueProbe(among servers: [Server], now: Duration) -> Server? {
        guard servers.count > 1, !servers.allSatisfy(isDown) else { return nil }
        guard let due = servers.first(where: { isDown($0) && (states[$0]?.probe ?? .zero) <= now }) else { return nil }
        states[due]?.probe = now + Self.longestPause
        return due
    }

    mutating func answered(_ server: Server, after time: Duration) {
        makeRoom(for: server)
        states[server, default: State()].answered(after: time)
    }

    mutating func failed(_ server: Server, now: Duration) {
        makeRoom(for: server)
        states[server, default: State()].failed(now)
    }

    mutating func failedWithEDNS(_ server: Server) {
        makeRoom(for: server)
        states[server, default: State()].isPlain = true
    }

    private mutating func makeRoom(for server: Server) {
        if states.count >= Self.limit, states[server] == nil { states = [:] }
    }
}
