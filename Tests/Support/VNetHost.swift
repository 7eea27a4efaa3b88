internal import Foundation
public import Testing

/// A namespace in which the `vnet` under test runs, with a root of its own.
public struct VNetHost: Sendable {
    public let namespace: Namespace
    public let root: String
    public var lab: Lab { namespace.lab }

    /// Where `VNET_BINARY` says, else what `swift build` made.
    public static var binary: String {
        if let given = ProcessInfo.processInfo.environment["VNET_BINARY"], !given.isEmpty { return given }
        let package = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "../..").standardized
        return package.appending(path: ".build/debug/vnet").path
    }

    public init(_ namespace: Namespace, folder: String = "root") {
        self.namespace = namespace
        root = "\(namespace.lab.folder)/\(folder)"
    }

    /// Runs `vnet` with the arguments given.
    public func vnet(
        _ words: String..., input: String? = nil, timeout: Duration = .seconds(120)
    ) async throws -> Outcome {
        try await namespace.run(["env", "VNET_ROOT=\(root)", Self.binary] + words, input: input, timeout: timeout)
    }

    /// Runs `vnet`, and throws where it fails.
    @discardableResult
    public func must(_ words: String..., input: String? = nil) async throws -> Outcome {
        try await namespace.run(["env", "VNET_ROOT=\(root)", Self.binary] + words, input: input).orThrow()
    }

    @discardableResult
    public func must(_ words: [String], input: String? = nil) async throws -> Outcome {
        try await namespace.run(["env", "VNET_ROOT=\(root)", Self.binary] + words, input: input).orThrow()
    }

    /// Starts `vnet` beside the test.
    public func start(_ words: [String]) throws -> RunningProgram {
        try namespace.start(["env", "VNET_ROOT=\(root)", Self.binary] + words)
    }

    /// Where the daemon listens for its own commands and for HTTP.
    public var socket: String { "\(root)/run/vnet/vnet.sock" }

    /// Where the daemon listens for libvirt's clients.
    public var libvirtSocket: String { "\(root)/run/vnet/libvirt-sock" }

    /// Where the daemon listens in the place of libvirt's own.
    public var virtnetworkdSocket: String { "\(root)/run/libvirt/virtnetworkd-sock" }

    /// Starts the daemon in the place of libvirt's own, and waits until it listens.
    ///
    /// No command of vnet's runs before that: it would start another daemon.
    public func startAsVirtnetworkd() async throws -> RunningProgram {
        let daemon = try start(["daemon", "--as-virtnetworkd"])
        let listens = try await eventually(within: .seconds(60)) {
            try await namespace.listens(at: virtnetworkdSocket) || !daemon.isRunning
        }
        guard listens, daemon.isRunning else {
            throw ProgramError("vnet daemon --as-virtnetworkd does not listen: \(daemon.errorsSoFar)")
        }
        return daemon
    }

    /// Defines a network and starts it.
    public func run(_ xml: String) async throws {
        let name = try #require(xml.firstMatch(of: /<name>(.*?)<\/name>/)).1
        try await must("define", "-", input: xml)
        try await must("start", String(name))
    }

    // MARK: Processes

    private struct Processes: Decodable {
        var pid: Int32
        var responderPID: Int32?
    }

    /// Asks the API as a person would, with curl.
    public func api(_ path: String, _ arguments: String...) async throws -> Outcome {
        try await namespace.run(
            ["curl", "-sS", "--max-time", "60", "--unix-socket", socket] + arguments
                + ["http://vnet/v1/\(path)"])
    }

    /// The process ids of the daemon and of the responder, as the API tells them.
    public func processes() async throws -> (daemon: Int32, responder: Int32) {
        let processes = try await runningProcesses()
        return (processes.pid, try #require(processes.responderPID))
    }

    /// That of the responder; nil while there is none.
    public func responder() async throws -> Int32? { try await runningProcesses().responderPID }

    private func runningProcesses() async throws -> Processes {
        let answer = try await api("daemon").orThrow()
        return try JSONDecoder().decode(Processes.self, from: Data(answer.output.utf8))
    }

    /// Ends the daemon as `systemctl stop` would, and waits until it and its responder are gone.
    public func endDaemon() async throws {
        guard let text = try? String(contentsOfFile: "\(root)/run/vnet/daemon.pid", encoding: .utf8),
            let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return }
        let before = Set(try await namespace.processes())
        guard before.contains(pid) else { return }
        kill(pid, SIGTERM)
        let ended = try await eventually { try await !namespace.processes().contains(pid) }
        guard ended else { throw ProgramError("the daemon, process \(pid), does not end on SIGTERM\n\(log)") }
    }

    public var log: String {
        (try? String(contentsOfFile: "\(root)/var/lib/vnet/log/daemon.log", encoding: .utf8)) ?? ""
    }

    public func snapshot() async throws -> HostSnapshot { try await namespace.snapshot(root: root) }

    /// Expects that the host is as it was `before`, but for sections of the snapshot that are named.
    public func expectUnchanged(
        since before: HostSnapshot, except sections: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let changes = try await snapshot().changes(since: before).filter { change in
            !sections.contains { change.hasPrefix($0 + ":") }
        }
        #expect(changes == [], "changed on the host", sourceLocation: sourceLocation)
    }

    // MARK: The end of a test

    /// Takes all networks and the daemon away, and expects the host to be what it was `before`.
    func finish(before: HostSnapshot, sourceLocation: SourceLocation) async throws {
        for name in try await must("list", "--name").lines { try await must("stop", name) }
        for name in try await must("list", "--all", "--name").lines { try await must("undefine", name) }
        try await endDaemon()
        try await expectUnchanged(since: before, sourceLocation: sourceLocation)
        let isEmpty = try await eventually { try await namespace.processes().isEmpty }
        let left = try await namespace.processes()
        let names = left.map { (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8)) ?? "?" }
        #expect(isEmpty, "processes left on the host: \(names)", sourceLocation: sourceLocation)
    }
}
