internal import CLinux
internal import DHCP
internal import Glibc
internal import NetworkModel

extension LeaseClock {
    /// The machine's clocks as they are.
    init() { self.init(wall: WallTime.now.seconds, sinceStart: Self.sinceStart) }

    var now: WallTime { time(sinceStart: Self.sinceStart) }
    mutating func adjust() -> Int64? { adjust(wall: WallTime.now.seconds, sinceStart: Self.sinceStart) }

    private static var sinceStart: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec)
    }

    /// Which start of the machine this is: a number of the kernel's.
    static var machineStart: String {
        var text = [UInt8](repeating: 0, count: 64)
        let file = unsafe open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        let count = unsafe read(file, &text, text.count)
        return String(decoding: text.prefix(max(0, count)), as: UTF8.self)
    }
}
