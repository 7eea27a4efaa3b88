internal import Glibc

/// The user that the responder becomes.
public enum ResponderIdentity {
    /// The user `vnet` where the machine has one; else a number of the range that systemd keeps for services without a user
    /// of their own (61184 to 65519, systemd.exec(5), DynamicUser=).
    public static var current: (uid: UInt32, gid: UInt32) {
        if let entry = unsafe getpwnam("vnet") { return unsafe (entry.pointee.pw_uid, entry.pointee.pw_gid) }
        return (61_886, 61_886)
    }
}
