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
        var programs: [RunningProgram] = []
        var count = 0
    }

    fileprivate init() throws {
        let characters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        name = "vnt" + String((0..<6).compactMap { _ in characters.randomElement() })
        folder = "/tmp/\(name)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        try "\(getpid())".write(toFile: "\(folder)/owner", atomically: false, encoding: .utf8)
    }

    /// Makes a namespace with its loopback up, in which names are resolved by `resolver` and by nobody else.
    public func namespace(_ role: String, resolver: String = "127.0.0.1") async throws -> Namespace {
        let full = "\(name)-\(role)"
        // `ip netns exec` mounts this file over /etc/resolv.conf. Another lab's end may take the folder above it away.
        try await sh(
            """
            for attempt in 1 2 3 4 5; do
                mkdir -p /etc/netns/\(full) && echo nameserver \(resolver) > /etc/netns/\(full)/resolv.conf && break
            done 2>/dev/null
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
    public func run(_ words: [String], input: String? = nil, timeout: Duration = .seconds(120)) async throws -> Outcome
    {
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
    public func file(_ name: String, _ content: String) throws -> String {
        let path = "\(folder)/\(name)"
        try content.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    /// Writes a program into the lab's folder, and returns its path.
    ///
    /// Another process writes it: were it open for writing here, a program started by another thread in that moment would
    /// have it open too, and nobody could execute it (ETXTBSY, execve(2)).
    public func script(_ name: String, _ content: String) async throws -> String {
        let path = "\(folder)/\(name)"
        try await run(["install", "-m", "755", "/dev/stdin", path], input: content).orThrow()
        return path
    }

    /// Kills the programs that were started and run still.
    public func endPrograms() async {
        let programs = state.withLock { $0.programs }
        for program in programs { program.signal(SIGKILL) }
        for program in programs { _ = await program.outcome() }
    }

    /// Ends everything of the lab, and returns what could not be ended.
    fileprivate func end() async -> [String] {
        await endPrograms()
        let outcome = try? await run(["sh", "-c", Self.removal(of: name) + "ip netns list; ls /etc/netns"])
        try? FileManager.default.removeItem(atPath: folder)
        guard let outcome else { return ["the namespaces of \(name)"] }
        return outcome.lines.filter { $0.contains(name) }
    }

    /// A script that ends all processes in a lab's namespaces, and the namespaces.
    private static func removal(of lab: String) -> String {
        """
        for path in /run/netns/\(lab)-*; do
            [ -e "$path" ] || continue
            namespace=${path##*/}
            for round in 1 2 3 4 5 6 7 8 9 10; do
                pids=$(ip netns pids $namespace)
                [ -n "$pids" ] || break
                kill -KILL $pids
                sleep 0.1
            done
            ip netns del $namespace
            rm -rf /etc/netns/$namespace
        done
        rmdir --ignore-fail-on-non-empty /etc/netns 2>/dev/null

        """
    }

    /// Removes the labs of test runs that were killed: those whose folder names a process that is no more.
    fileprivate static let removeLeftovers: Void = {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
        for lab in folders where lab.wholeMatch(of: /vnt[a-z0-9]{6}/) != nil {
            guard let text = try? String(contentsOfFile: "/tmp/\(lab)/owner", encoding: .utf8), let owner = Int32(text),
                kill(owner, 0) != 0
            else { continue }
            let script = removal(of: lab) + "rm -rf /tmp/\(lab)"
            _ = try? RunningProgram(["sh", "-c", script], input: nil, files: "/tmp/\(lab)/removal")
        }
    }()
}

/// Runs `body` with a lab of its own, and expects that nothing of the lab is left afterwards.
///
/// Few labs exist at a time, since what is waited for in them should not depend on how many others there are.
public func withLab(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: (Lab) async throws -> Void
) async throws {
    Lab.removeLeftovers
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
public func eventually(within limit: Duration = .seconds(30), _ condition: () async throws -> Bool) async throws -> Bool
{
    let start = ContinuousClock.now
    while start.duration(to: .now) < limit {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(100))
    }
    return try await condition()
}
