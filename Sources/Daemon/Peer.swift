internal import CLinux
internal import Glibc
internal import NIOCore
internal import Synchronization

/// Who is at the other end of a local socket, as the kernel tells.
struct Peer {
    let uid: UInt32
    let gid: UInt32
    let pid: Int32

    /// Whose members may change networks.
    static let group = "vnet"

    init(of channel: any Channel) async throws {
        guard let provider = channel as? any SocketOptionProvider else {
            throw SocketError("ask who is at the other end", errno: ENOTSOCK)
        }
        let credentials: clinux_credentials = try await provider.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
        ).get()
        uid = credentials.uid
        gid = credentials.gid
        pid = credentials.pid
    }

    var mayWrite: Bool {
        if uid == 0 { return true }
        return unsafe clinux_is_member(uid, gid, Self.group) == 1
    }
}

/// How many connections each user has.
final class ConnectionCount: Sendable {
    static let limit = 256

    private let counts = Mutex<[UInt32: Int]>([:])

    /// Counts one more; false where the user has as many as may be.
    func enter(_ uid: UInt32) -> Bool {
        counts.withLock { counts in
            guard counts[uid, default: 0] < Self.limit else { return false }
            counts[uid, default: 0] += 1
            return true
        }
    }

    func leave(_ uid: UInt32) {
        counts.withLock { counts in
            counts[uid, default: 1] -= 1
            if counts[uid] == 0 { counts[uid] = nil }
        }
    }
}
