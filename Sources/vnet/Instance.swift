internal import ArgumentParser
internal import CLinux
internal import Daemon
internal import Foundation

/// Which vnet a command talks to: every subcommand has these options.
struct Instance: ParsableArguments {
    @Option(help: "Keep everything below this folder: an instance of its own. [default: $VNET_ROOT, else /]")
    var root: String?

    var paths: Paths { Paths(root: root ?? ProcessInfo.processInfo.environment["VNET_ROOT"] ?? "") }

    /// The daemon's API; where no daemon runs and the caller may start one, the first request starts it.
    func client() throws -> Client {
        // sockaddr_un.sun_path has 108 octets, the last of which is zero (unix(7)).
        guard paths.socket.utf8.count <= 107 else {
            throw CommandError(
                "the root '\(paths.root)' is too long: its socket's name has \(paths.socket.utf8.count) octets, and 107 is the"
                    + " most that a unix socket may have; choose a shorter one")
        }
        return Client(socket: paths.socket, connecting: recover)
    }

    /// Does what can be done about a connection that was refused, or says what the caller can do.
    private func recover(_ refusal: ConnectionError) async throws {
        switch refusal.errnoCode {
        case ENOENT, ECONNREFUSED, ECONNRESET, EPIPE:
            guard geteuid() == 0 else {
                throw CommandError(
                    "no vnet daemon runs here, and starting one needs root: run this command with sudo, or 'sudo vnet daemon'"
                )
            }
            try await startDaemon()
        case EACCES:
            throw CommandError(
                "you may not use '\(paths.socket)': run this command with sudo, or become a member of the group 'vnet'")
        default: throw refusal
        }
    }

    /// Starts a daemon that outlives this command, and waits until it answers.
    private func startDaemon() async throws {
        let folder = (paths.log as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let log = unsafe open(paths.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard log >= 0 else { throw CommandError("write '\(paths.log)': \(unsafe String(cString: strerror(errno)))") }
        defer { close(log) }
        let arguments = ["vnet", "daemon"] + (paths.root.isEmpty ? [] : ["--root", paths.root])
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        let pid = unsafe clinux_spawn("/proc/self/exe", &pointers, nil, 0, log)
        guard pid > 0 else { throw CommandError("start the vnet daemon: \(unsafe String(cString: strerror(errno)))") }

        let client = Client(socket: paths.socket) { throw $0 }
        let start = ContinuousClock.now
        var hasEnded = false
        while start.duration(to: .now) < .seconds(hasEnded && !paths.hasDaemon ? 2 : 30) {
            if (try? client.probe()) != nil { return }
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
