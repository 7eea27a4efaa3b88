internal import NetworkModel

/// UDP sockets of a network to other servers that have brought their answer, for another question.
///
/// Each has a port of its own, which a forger must guess (RFC 5452, section 9.2). So it is used again only while there are so
/// many that it is anyone's guess which of them will be, not often, and not for long; in a quiet network each question has a
/// new one. Of a busy one, where each would cost six system calls and an entry in the connection tracking, most have not.
struct UpstreamPool {
    typealias Server = ServiceConfiguration.DNS.Server

    private var idle: [Server: [DNSUpstream]] = [:]

    /// How many there must be for one to be taken, and how many are kept.
    private static let leastChoice = 16
    private static let mostIdle = 64
    private static let mostFlights = 32
    private static let longestUse: Duration = .seconds(10)
    private static let longestWait: Duration = .seconds(2)

    var isEmpty: Bool { idle.isEmpty }

    /// One at random; nil where a new one is to be opened.
    mutating func take(to server: Server, using generator: inout some RandomNumberGenerator) -> DNSUpstream? {
        guard let count = idle[server]?.count, count >= Self.leastChoice else { return nil }
        idle[server]?.swapAt(Int.random(in: 0..<count, using: &generator), count - 1)
        let upstream = idle[server]?.popLast()
        upstream?.flightCount += 1
        return upstream
    }

    /// Keeps one that has brought its answer; false where it is to be closed.
    mutating func keep(_ upstream: DNSUpstream, now: Duration) -> Bool {
        guard !upstream.isStream, upstream.flightCount < Self.mostFlights, now - upstream.opened < Self.longestUse,
            idle[upstream.server, default: []].count < Self.mostIdle
        else { return false }
        upstream.flight = nil
        upstream.idleSince = now
        idle[upstream.server, default: []].append(upstream)
        return true
    }

    /// Takes out those for which `isOver` is true.
    mutating func removeAll(where isOver: (DNSUpstream) -> Bool = { _ in true }) -> [DNSUpstream] {
        var removed: [DNSUpstream] = []
        for (server, upstreams) in idle {
            removed += upstreams.filter(isOver)
            let kept = upstreams.filter { !isOver($0) }
            idle[server] = kept.isEmpty ? nil : kept
        }
        return removed
    }

    /// Takes out those that have waited, or been used, for too long.
    mutating func removeExpired(now: Duration) -> [DNSUpstream] {
        removeAll { now - $0.idleSince > Self.longestWait || now - $0.opened > Self.longestUse }
    }
}
