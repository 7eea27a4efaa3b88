internal import ArgumentParser
internal import CLinux
internal import Daemon
internal import Foundation
internal import NIOCore

/// Which vnet a command talks to: every subcommand has these options.
struct Instance: ParsableArguments {
    @Option(help: "Keep everything below this folder: an instance of its own. [default: $VNET_ROOT, else /]")
    var root: String?

    var paths: Paths { Paths(root: root ?? ProcessInfo.processInfo.environment["VNET_ROOT"] ?? "") }

    /// The daemon's API; where no daemon runs and the caller may start one, it is started.
    func client() async throws -> Client {
        let client = Client(socket: paths.socket)
        do {
            try await client.probe()
            return client
        } catch let error as IOError where [ENOENT, ECONNREFUSED].contains(error.errnoCode) {
            guard geteuid() == 0 else {
                throw CommandError(
                    "no vnet daemon runs here, and starting one needs root: run this command with sudo, or 'sudo vnet daemon'"
                )
            }
            try await startDaemon(client)
            return client
        } catch let error as IOError where error.errnoCode == EACCES {
            throw CommandError(
                "you may not use '\(paths.socket)': run this command with sudo, or become a member of the group 'vnet'")
        }
    }

    /// Starts a daemon that outlives this command, and waits until it answers.
    private func startDaemon(_ client: Client) async throws {
        let folder = (paths.log as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let log = unsafe open(paths.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard log >= 0 else { throw CommandError("write '\(paths.log)': \(unsafe String(cString: strerror(errno)))") }
        defer { close(log) }
        let arguments = ["vnet", "daemon"] + (paths.root.isEmpty ? [] : ["--root", paths.root])
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        let pid = unsafe clinux_spawn("/proc/self/exe", &pointers, -1, log)
        guard pid > 0 else { throw CommandError("start the vnet daemon: \(unsafe String(cString: strerror(errno)))") }

        let start = ContinuousClock.now
        var hasEnded = false
        while start.duration(to: .now) < .seconds(hasEnded ? 2 : 30) {
            if (try? await client.probe()) != nil { return }
            var status: Int32 = 0
            // It ends at once where another one, started in the same moment, holds the lock: that one will answer.
            if !hasEnded, unsafe waitpid(pid, &status, WNOHANG) == pid { hasEnded = true }
            try await Task.sleep(for: .milliseconds(2))
        }
        let lines = (try? String(contentsOfFile: paths.log, encoding: .utf8))?.split(separator: "\n")
        throw CommandError("the vnet daemon did not start: \(lines?.last ?? "") (see \(paths.log))")
    }
}

/// Why a command failed, as one sentence.
struct CommandError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
