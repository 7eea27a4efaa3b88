internal import CLinux
internal import Glibc
public import NetworkModel

/// A tap that stays until it is deleted, and that an unprivileged QEMU may open.
public enum Tap {
    /// Makes a persistent tap: `ip tuntap add NAME mode tap user OWNER group GROUP`.
    ///
    /// - Throws: ``NetlinkError/Code/busy`` where any link has the name.
    public static func create(_ name: InterfaceName, owner: UInt32, group: UInt32) throws(NetlinkError) {
        guard unsafe clinux_create_tap(name.description, owner, group) == 0 else {
            let number = errno
            let isMissing = [ENOENT, ENXIO, ENODEV].contains(number)
            throw NetlinkError(
                errno: number, explanation: isMissing ? "/dev/net/tun is missing; load the module: modprobe tun" : nil,
                while: "create tap '\(name)'")
        }
    }
}
