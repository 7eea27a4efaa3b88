internal import Foundation

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
        do throws(ProgramError) {
            try await ChildProgram.run(program, arguments, input: input, scratch: scratch)
        } catch {
            throw HookError(program: program, reason: "\(error)")
        }
    }
}

/// A hook's refusal.
struct HookError: Error, CustomStringConvertible {
    var program: String
    var reason: String

    var description: String { "hook '\(program)' failed: \(reason)" }
}
