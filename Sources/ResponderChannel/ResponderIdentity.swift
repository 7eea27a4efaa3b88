internal import Glibc

/// The user that the responder becomes.
public enum ResponderIdentity {
    public static let name = "vnet-responder"

    /// The user ``name`` where the machine has one; else a number that Debian and systemd give to nobody (Debian policy,
    /// section 9.2.2, keeps 60000 to 64999 for packages that ask for a fixed one; systemd's dynamic users begin at 61184).
    ///
    /// Not the group `vnet`, whose members may use the control socket.
    public static var current: (uid: UInt32, gid: UInt32) {
        if let entry = unsafe getpwnam(name) { return unsafe (entry.pointee.pw_uid, entry.pointee.pw_gid) }
        return (60_886, 60_886)
    }
}
