public import NetworkModel

/// The clock that leases end by: it goes on while the machine sleeps, and does not jump when somebody sets the wall clock.
///
/// What it shows is the wall clock's time as long as nobody does. When somebody has, it jumps too, but says by how much, so that
/// the leases' ends jump with it: a guest that was promised an hour counts it by a clock of its own.
public struct LeaseClock: Sendable {
    /// From the time since the machine's start (CLOCK_BOOTTIME) to the wall clock's, in seconds.
    public private(set) var offset: Int64

    /// In seconds: what is less is the clock being brought back to the right time, or the rounding of two clocks.
    private static let tolerance: Int64 = 2

    public init(wall: Int64, sinceStart: Int64) { offset = wall - sinceStart }

    public func time(sinceStart: Int64) -> WallTime { WallTime(seconds: sinceStart + offset) }

    /// By how much the wall clock was set since the last time, in seconds; nil where it was not.
    public mutating func adjust(wall: Int64, sinceStart: Int64) -> Int64? {
        let step = wall - sinceStart - offset
        guard abs(step) >= Self.tolerance else { return nil }
        offset += step
        return step
    }
}
