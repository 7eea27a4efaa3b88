internal import Glibc

/// A failure that a test asks for: every change to the kernel and to a file on disk is a point where one can be.
///
/// Only debug builds have it. The environment's `VNET_FAULTS` names a file; where that is there, its two words say at which
/// point from now on, counted from 1, and what: `12 fail` or `12 kill`. The file is removed when it is read, and
/// `FILE.done` made when the point is reached.
public enum Fault {
    /// Passes a point.
    ///
    /// Returns whether what is done there is to fail; where this process is to be killed, does not return.
    public static func isDue() -> Bool {
        #if DEBUG
        return Schedule.shared.pass()
        #else
        return false
        #endif
    }

    #if DEBUG
    /// Only the daemon's one actor passes points, one after the other.
    private final class Schedule: @unchecked Sendable {
        static let shared = Schedule()
        private let path: String?
        private var remaining = 0
        private var kills = false

        private init() {
            path = unsafe getenv("VNET_FAULTS").map { unsafe String(cString: $0) }
        }

        func pass() -> Bool {
            guard let path else { return false }
            if unsafe access(path, F_OK) == 0 { read(path) }
            guard remaining > 0 else { return false }
            remaining -= 1
            guard remaining == 0 else { return false }
            close(unsafe open(path + ".done", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
            if kills { kill(getpid(), SIGKILL) }
            return true
        }

        private func read(_ path: String) {
            let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            defer { close(file) }
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = unsafe Glibc.read(file, &buffer, buffer.count)
            let words = String(decoding: buffer[..<max(0, count)], as: UTF8.self).split { $0.isWhitespace }
            remaining = words.first.flatMap { Int($0) } ?? 0
            kills = words.last == "kill"
            unsafe unlink(path)
        }
    }
    #endif
}
