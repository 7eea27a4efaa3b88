internal import Foundation

/// A network namespace of a ``Lab``: a host, a guest, or what lies outside.
public struct Namespace: Sendable {
    /// As `ip netns` knows it.
    public let name: String
    /// What it is in the lab: `host`, `outside`, `vm1`.
    public let role: String
    public let lab: Lab

    private var prefix: [String] { ["ip", "netns", "exec", name] }

    /// Runs a program in it, to its end.
    public func run(_ words: String..., input: String? = nil, timeout: Duration = .seconds(120)) async throws -> Outcome
    {
        try await lab.run(prefix + words, input: input, timeout: timeout)
    }

    public func run(_ words: [String], input: String? = nil, timeout: Duration = .seconds(120)) async throws -> Outcome
    {
        try await lab.run(prefix + words, input: input, timeout: timeout)
    }

    /// Runs a shell script in it, and throws where one of its commands fails.
    @discardableResult
    public func sh(_ script: String, timeout: Duration = .seconds(120)) async throws -> Outcome {
        try await lab.run(prefix + ["sh", "-e", "-c", script], timeout: timeout).orThrow()
    }

    /// Starts a program in it, which ends with the lab at the latest.
    public func start(_ words: String...) throws -> RunningProgram { try lab.start(prefix + words) }
    public func start(_ words: [String]) throws -> RunningProgram { try lab.start(prefix + words) }

    /// The processes that are in it.
    public func processes() async throws -> [Int32] {
        try await lab.run(["ip", "netns", "pids", name]).orThrow().lines.compactMap { Int32($0) }
    }

    /// Joins it with `other` by a cable, whose ends have the names given and are up.
    public func connect(_ end: String, to other: Self, _ otherEnd: String) async throws {
        try await lab.sh(
            """
            ip link add \(end) netns \(name) type veth peer name \(otherEnd) netns \(other.name)
            ip -n \(name) link set \(end) up
            ip -n \(other.name) link set \(otherEnd) up
            """)
    }

    // MARK: Servers and clients

    /// Serves TCP port 7000, on which each client is told the address that it comes from.
    public func serveMirror(ipv6: Bool = false) async throws {
        let listener = ipv6 ? "TCP6-LISTEN:7000,ipv6only=1" : "TCP4-LISTEN:7000"
        _ = try start("socat", "\(listener),fork,reuseaddr", "SYSTEM:echo $SOCAT_PEERADDR")
        let flag = ipv6 ? "-6" : "-4"
        guard try await eventually({ try await !run("ss", "-Hlnt", flag, "sport", "=", ":7000").text.isEmpty }) else {
            throw ProgramError("no mirror listens in \(role)")
        }
    }

    /// What a client of the mirror at `address` learns.
    public func probe(_ address: String, from source: String? = nil) async throws -> Probe {
        let target = address.contains(":") ? "TCP6:[\(address)]:7000" : "TCP4:\(address):7000"
        let bind = source.map { $0.contains(":") ? ",bind=[\($0)]" : ",bind=\($0)" } ?? ""
        let outcome = try await run(
            ["socat", "-u", "\(target),connect-timeout=5\(bind)", "-"], timeout: .seconds(30))
        if outcome.isSuccess, !outcome.text.isEmpty { return .reached(seenAs: outcome.text) }
        let refusals = ["refused", "unreachable", "No route to host", "prohibited", "Permission denied"]
        return refusals.contains { outcome.errors.contains($0) } ? .refused : .silence
    }

    /// Whether a program listens on the Unix socket at `path` here; the file alone stands there a moment earlier.
    public func listens(at path: String) async throws -> Bool {
        try await run("ss", "-Hxl").lines.contains { $0.contains(" \(path) ") }
    }

    /// Whether `address` answers one of the echo requests of five seconds.
    public func pings(_ address: String, from source: String? = nil) async throws -> Bool {
        let bind = source.map { ["-I", $0] } ?? []
        return try await run(["ping", "-n", "-q", "-c", "1", "-w", "5"] + bind + [address]).isSuccess
    }
}

/// How a connection went.
public enum Probe: Hashable, Sendable, CustomStringConvertible {
    /// The server answered, and saw the client under this address.
    case reached(seenAs: String)
    /// Somebody said no at once.
    case refused
    /// Nobody said anything.
    case silence

    public var isReached: Bool { if case .reached = self { true } else { false } }

    public var description: String {
        switch self {
        case .reached(let address): "reached as \(address)"
        case .refused: "refused"
        case .silence: "silence"
        }
    }
}
