internal import Foundation
internal import Synchronization
public import Testing

/// Network namespaces with what runs in them, which all go when the test ends, however it ends.
///
/// All names begin with the lab's own, so that labs side by side do not meet.
public final class Lab: Sendable {
    /// `vnt` and six random characters.
    public let name: String
    /// A folder that only this lab uses, and that other users may enter.
    public let folder: String
    private let state = Mutex(State())

    private struct State {
        var namespaces: [String] = []
        var programs: [RunningProgram] = []
        var count = 0
    }

    fileprivate init() throws {
        let characters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        name = "vnt" + String((0..<6).compactMap { _ in characters.randomElement() })
        folder = "/tmp/\(name)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
    }

    /// Makes a namespace with its loopback up, in which names are resolved by `resolver` and by nobody else.
    public func namespace(_ role: String, resolver: String = "127.0.0.1") async throws -> Namespace {
        let full = "\(name)-\(role)"
        state.withLock { $0.namespaces.append(full) }
        // `ip netns exec` mounts this file over /etc/resolv.conf.
        let folder = "/etc/netns/\(full)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try "nameserver \(resolver)\n".write(toFile: folder + "/resolv.conf", atomically: false, encoding: .utf8)
        try await sh(
            """
            ip netns add \(full)
            ip -n \(full) link set lo up
            ip netns exec \(full) sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
            """)
        return Namespace(name: full, role: role, lab: self)
    }

    /// Runs a shell script outside any namespace of the lab, and throws where one of its commands fails.
    @discardableResult
    public func sh(_ script: String) async throws -> Outcome {
        try await run(["sh", "-e", "-c", script]).orThrow()
    }

    /// Runs a program to its end.
    public func run(_ words: [String], input: String? = nil, timeout: Duration = .seconds(20)) async throws -> Outcome {
        try await start(words, input: input).outcome(timeout: timeout)
    }

    /// Starts a program that is killed when the lab ends.
    public func start(_ words: [String], input: String? = nil) throws -> RunningProgram {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        let program = try RunningProgram(words, input: input, files: "\(folder)/program\(number)")
        state.withLock { state in
            state.programs.removeAll { !$0.isRunning }
            state.programs.append(program)
        }
        return program
    }

    /// Writes a file into the lab's folder, and returns its path.
    public func file(_ name: String, _ content: String, mode: Int = 0o644) throws -> String {
        let path = "\(folder)/\(name)"
        try content.write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    /// Ends everything of the lab, and returns what could not be ended.
    fileprivate func end() async -> [String] {
        let (namespaces, programs) = state.withLock { ($0.namespaces, $0.programs) }
        for program in programs { program.signal(SIGKILL) }
        for program in programs { _ = await program.outcome() }
        var script = ""
        for namespace in namespaces {
            script += """
                for round in 1 2 3 4 5 6 7 8 9 10; do
                    pids=$(ip netns pids \(namespace)) || break
                    [ -n "$pids" ] || break
                    kill -KILL $pids
                    sleep 0.1
                done
                ip netns del \(namespace)
                rm -rf /etc/netns/\(namespace)

                """
        }
        script += "rmdir --ignore-fail-on-non-empty /etc/netns; ip netns list; ls /etc/netns; ls -d /run/netns/*"
        let outcome = try? await run(["sh", "-c", script])
        try? FileManager.default.removeItem(atPath: folder)
        guard let outcome else { return ["the namespaces of \(name)"] }
        return outcome.lines.filter { $0.contains(name) }
    }
}

/// Runs `body` with a lab of its own, and expects that nothing of the lab is left afterwards.
///
/// Few labs exist at a time, since what is waited for in them should not depend on how many others there are.
public func withLab(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: (Lab) async throws -> Void
) async throws {
    await Gate.labs.enter()
    let result: Result<Void, any Error>
    do {
        let lab = try Lab()
        do {
            result = .success(try await body(lab))
        } catch {
            result = .failure(error)
        }
        let left = await lab.end()
        #expect(left.isEmpty, "left of the lab", sourceLocation: sourceLocation)
    } catch {
        await Gate.labs.leave()
        throw error
    }
    await Gate.labs.leave()
    try result.get()
}

/// Lets a number of tasks in, and the others one by one as those leave.
private actor Gate {
    static let labs = Gate(4)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ number: Int) { free = number }

    func enter() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        guard waiting.isEmpty else { return waiting.removeFirst().resume() }
        free += 1
    }
}

extension Outcome {
    /// This outcome, if it is a success.
    @discardableResult
    public func orThrow() throws -> Self {
        guard isSuccess else { throw ProgramError("\(self)") }
        return self
    }
}

/// Asks `condition` ten times a second until it holds, and returns whether it did within `limit`.
public func eventually(within limit: Duration = .seconds(10), _ condition: () async throws -> Bool) async throws -> Bool {
    let start = ContinuousClock.now
    while start.duration(to: .now) < limit {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(100))
    }
    return try await condition()
}
