internal import CLinux
internal import Glibc
internal import NetworkModel

/// The character device by which a program is at a macvtap's other end.
///
/// The kernel calls it `/dev/tapN`, N being the macvtap's index. Where the macvtap is in another network namespace than the
/// machine's, that name may be missing, or another namespace's macvtap's: then a node of our own stands in for it.
enum TapDevice {
    /// Lets the port's owner open its device, and returns the path; a node of our own comes into `folder`.
    static func open(to port: Port, in folder: String) throws -> String {
        let index = unsafe if_nametoindex(port.tap.description)
        let (major, minor) = try number(of: port.tap, index: index)
        var path = "/dev/tap\(index)"
        if unsafe clinux_device_at(path) != clinux_device_number(major, minor) {
            path = own(port, folder)
            try Files.makeDirectory(folder)
            try Files.remove(path, durable: false)
            guard unsafe clinux_make_device(path, major, minor) == 0 else { throw DeviceError("make device '\(path)'") }
        }
        // Whoever may open a tap may open this: its user, and its group where there is one.
        guard unsafe chmod(path, port.group == .max ? 0o600 : 0o660) == 0,
            unsafe chown(path, port.owner, port.group == .max ? 0 : port.group) == 0
        else { throw DeviceError("give device '\(path)' to user \(port.owner)") }
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            let hint =
                errno == EACCES ? ", since its file system is mounted without devices; choose another --root" : ""
            throw DeviceError("open device '\(path)'\(hint)")
        }
        close(descriptor)
        return path
    }

    /// Removes the node of our own, where there is one.
    static func remove(_ port: Port, in folder: String) {
        guard port.lower != nil else { return }
        try? Files.remove(own(port, folder), durable: false)
    }

    private static func own(_ port: Port, _ folder: String) -> String { "\(folder)/\(port.tap)" }

    /// The device number, as sysfs of the daemon's namespace tells it: `246:3`.
    private static func number(of tap: InterfaceName, index: UInt32) throws -> (UInt32, UInt32) {
        let file = "/sys/class/net/\(tap)/tap\(index)/dev"
        let text = try Files.read(file).map { String(decoding: $0, as: UTF8.self) }
        let parts = text?.split(whereSeparator: { $0 == ":" || $0 == "\n" }).compactMap { UInt32($0) } ?? []
        guard parts.count == 2 else {
            throw DaemonError("'\(file)' does not tell the device of macvtap '\(tap)': is /sys that of this namespace?")
        }
        return (parts[0], parts[1])
    }

    private struct DeviceError: Error, CustomStringConvertible {
        let description: String
        init(_ operation: String, errno number: CInt = errno) {
            description = "\(operation): \(unsafe String(cString: strerror(number)))"
        }
    }
}
