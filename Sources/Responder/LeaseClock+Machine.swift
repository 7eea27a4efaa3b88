internal import CLinux
internal import DHCP
internal import Glibc
internal import NetworkModel

extension LeaseClock {
    /// The machine's clocks as they are.
    init() { self.init(wall: Self.time(of: CLOCK_REALTIME), sinceStart: Self.time(of: CLOCK_BOOTTIME)) }

    var now: WallTime { time(sinceStart: Self.time(of: CLOCK_BOOTTIME)) }

    mutating func adjust() -> Int64? {
        adjust(wall: Self.time(of: CLOCK_REALTIME), sinceStart: Self.time(of: CLOCK_BOOTTIME))
    }

    private static func time(of clock: clockid_t) -> Duration {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
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
