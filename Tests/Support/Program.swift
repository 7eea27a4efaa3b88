internal import Foundation
internal import Synchronization

/// What a program printed, and how it ended.
public struct Outcome: Sendable, CustomStringConvertible {
    public let command: String
    public let output: String
    public let errors: String
    /// The exit code; 128 and the signal's number where one ended it.
    public let code: Int32

    public var isSuccess: Bool { code == 0 }
    public var lines: [String] { output.split(separator: "\n").map { String($0) } }
    /// The output without the white space around it.
    public var text: String { output.trimmingCharacters(in: .whitespacesAndNewlines) }

    public var description: String { "$ \(command)\n\(output)\(errors)-> \(code)" }
}

/// A program did not do what the test needs of it.
public struct ProgramError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// A program that runs beside the test, its output going to files.
///
/// Not `Foundation.Process`: that one takes a program for running as long as any child of it lives, and `vnet` leaves a
/// daemon behind.
public final class RunningProgram: Sendable {
    public let pid: Int32
    private let command: String
    private let files: String
    private let state = Mutex(State())

    private struct State {
        var hasEnded = false
        var code: Int32?
        var waiting: [CheckedContinuation<Int32, Never>] = []
    }

    /// Starts `words`; `files` is the path that the names of the output files begin with.
    init(_ words: [String], input: String?, files: String) throws {
        command = words.joined(separator: " ")
        self.files = files
        var stdin = "/dev/null"
        if let input {
            stdin = files + ".in"
            try input.write(toFile: stdin, atomically: false, encoding: .utf8)
        }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, stdin, O_RDONLY, 0)
        for (descriptor, suffix) in [(1, ".out"), (2, ".err")] as [(Int32, String)] {
            unsafe posix_spawn_file_actions_addopen(
                &actions, descriptor, files + suffix, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        }
        // This thread may block signals, which a program is not to inherit.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        var child: Int32 = 0
        let result = unsafe posix_spawnp(&child, words[0], &actions, &attributes, pointers, environ)
        guard result == 0 else {
            throw ProgramError("run '\(words[0])': \(unsafe String(cString: strerror(result)))")
        }
        pid = child
        Thread.detachNewThread { self.reap() }
    }

    private func reap() {
        var information = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        // Until here the number is the program's; from here it may become another's, and nobody may signal it.
        let waiting = state.withLock { state in
            var status: Int32 = 0
            while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
            state.hasEnded = true
            state.code = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
            defer { state.waiting = [] }
            return state.waiting
        }
        let code = state.withLock { $0.code ?? -1 }
        for continuation in waiting { continuation.resume(returning: code) }
    }

    public var isRunning: Bool { state.withLock { !$0.hasEnded } }

    /// Sends a signal to this process, and to no other that got its number later.
    public func signal(_ number: Int32) {
        state.withLock { state in
            if !state.hasEnded { kill(pid, number) }
        }
    }

    /// What it has printed so far.
    public var outputSoFar: String { read(".out") }
    public var errorsSoFar: String { read(".err") }

    private func read(_ suffix: String) -> String {
        String(decoding: FileManager.default.contents(atPath: files + suffix) ?? Data(), as: UTF8.self)
    }

    /// Waits for its end; what runs longer than `timeout` is killed, and ends with code 137.
    ///
    /// The limit is for what hangs, and by far longer than a busy machine stands still.
    public func outcome(timeout: Duration = .seconds(120)) async -> Outcome {
        let guardian = Task {
            try await Task.sleep(for: timeout)
            signal(SIGKILL)
        }
        defer { guardian.cancel() }
        let code = await withCheckedContinuation { continuation in
            let known = state.withLock { state -> Int32? in
                if state.code == nil { state.waiting.append(continuation) }
                return state.code
            }
            if let known { continuation.resume(returning: known) }
        }
        return Outcome(command: command, output: read(".out"), errors: read(".err"), code: code)
    }
}
