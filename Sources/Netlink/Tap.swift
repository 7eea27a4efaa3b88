internal import CLinux
internal import Glibc
public import NetworkModel

/// A tap that stays until it is deleted, and that an unprivileged QEMU may open.
public enum Tap {
    /// Makes a persistent tap and returns its name: `ip tuntap add mode tap user OWNER group GROUP`.
    ///
    /// `template` is a name in which the kernel replaces `%d` by the lowest number that is free.
    public static func create(_ template: String, owner: UInt32, group: UInt32) throws(NetlinkError) -> InterfaceName {
        let operation = "create tap '\(template)'"
        var name = [CChar](repeating: 0, count: Int(IFNAMSIZ))
        for (index, byte) in template.utf8.prefix(Int(IFNAMSIZ) - 1).enumerated() { name[index] = CChar(byte) }
        guard unsafe clinux_create_tap(&name, owner, group) == 0 else {
            let number = errno
            let hint: String? =
                switch number {
                case ENOENT, ENXIO, ENODEV: "/dev/net/tun is missing; load the module: modprobe tun"
                default: nil
                }
            throw NetlinkError(errno: number, explanation: hint, while: operation)
        }
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let created = InterfaceName(text) else { throw NetlinkError(errno: EINVAL, while: operation) }
        return created
    }
}
