internal import Foundation
internal import Glibc

/// Programs of the host's owner that hear of networks, called as libvirt calls its `network` hook.
///
/// They are `network` in the folder of hooks, and then by name those in `network.d`; what is not executable is none. Each has the
/// network's name, what happens, a word for how far that is, and a dash as its arguments, and `<hookData>` with the
/// documents on its standard input.
struct Hooks: Sendable {
    /// What happens.
    enum Moment: String, Sendable {
        /// A network is about to be started, which a hook may refuse.
        case start
        /// Its guests are served, unless a hook refuses.
        case started
        case stopped
        case updated
        /// A guest has a port, unless a hook refuses.
        case portCreated = "port-created"
        case portDeleted = "port-deleted"

        fileprivate var words: [String] { [rawValue, self == .stopped ? "end" : "begin", "-"] }
    }

    private let folder: String
    /// For files without a name.
    private let scratch: String

    init(_ paths: Paths) {
        folder = paths.hooks
        scratch = paths.run
    }

    private var programs: [String] {
        let more = Files.names(in: "\(folder)/network.d").sorted().map { "\(folder)/network.d/\($0)" }
        return (["\(folder)/network"] + more).filter { path in
            var isFolder: ObjCBool = false
            let manager = FileManager.default
            return unsafe manager.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
                && manager.isExecutableFile(atPath: path)
        }
    }

    /// Calls the hooks one after the other, up to the first that fails.
    ///
    /// - Parameters:
    ///   - moment: What happens.
    ///   - network: The name of the network to which it happens.
    ///   - documents: What the hook gets to read, each a document of libvirt's; asked for only where there is a hook.
    /// - Throws: ``HookError`` with what the hook that failed had to say.
    func run(_ moment: Moment, on network: String, _ documents: () -> [String]) async throws(HookError) {
        let programs = programs
        guard !programs.isEmpty else { return }
        let lines = documents().flatMap { $0.split(separator: "\n") }.map { "  \($0)\n" }
        let input = "<hookData>\n\(lines.joined())</hookData>"
        for program in programs { try await call(program, [network] + moment.words, input) }
    }

    private func call(_ program: String, _ arguments: [String], _ input: String) async throws(HookError) {
        guard let documents = file(), let errors = file() else {
            throw HookError(program: program, reason: "no file in '\(scratch)' for what it is to read")
        }
        let outcome: Result<Int32, any Error>
        do {
            try documents.write(contentsOf: Data(input.utf8))
            try documents.seek(toOffset: 0)
            let process = Process()
            process.executableURL = URL(filePath: program)
            process.arguments = arguments
            process.environment = [
                "LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
            ]
            process.standardInput = documents
            process.standardOutput = FileHandle.nullDevice
            process.standardError = errors
            outcome = await withCheckedContinuation { end in
                process.terminationHandler = { process in
                    let isSignal = process.terminationReason == .uncaughtSignal
                    end.resume(returning: .success(isSignal ? -process.terminationStatus : process.terminationStatus))
                }
                do { try process.run() } catch { end.resume(returning: .failure(error)) }
            }
        } catch {
            outcome = .failure(error)
        }
        switch outcome {
        case .success(0): return
        case .success(let status):
            let how = status < 0 ? "signal \(-status) ended it" : "it ended with code \(status)"
            try? errors.seek(toOffset: 0)
            let said = (try? errors.read(upToCount: 4_096)).flatMap { $0 } ?? Data()
            let words = String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw HookError(program: program, reason: words.isEmpty ? how : "\(how): \(words)")
        case .failure(let error): throw HookError(program: program, reason: "it could not be run: \(error)")
        }
    }

    /// A file that is gone with its last descriptor: unlike a pipe, nobody waits for it to be read.
    private func file() -> FileHandle? {
        var template = Array("\(scratch)/.hook-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unsafe unlink(&template)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}

/// A hook's refusal.
struct HookError: Error, CustomStringConvertible {
    var program: String
    var reason: String

    var description: String { "hook '\(program)' failed: \(reason)" }
}
