public import NetworkModel

/// The clock that leases end by: it goes on while the machine sleeps, and does not jump when somebody sets the wall clock.
///
/// What it shows is the wall clock's time as long as nobody does. When somebody has, it jumps too, but says by how much, so that
/// the leases' ends jump with it: a guest that was promised an hour counts it by a clock of its own.
public struct LeaseClock: Sendable {
    /// From the time since the machine's start (CLOCK_BOOTTIME) to the wall clock's, since 1970.
    private var difference: Duration

    /// What is less is the clock being brought back to the right time: nobody's lease is worth it.
    private static let tolerance: Duration = .seconds(2)

    public init(wall: Duration, sinceStart: Duration) { difference = wall - sinceStart }

    /// In seconds, by which the wall clock is ahead of the time since the machine's start.
    public var offset: Int64 { difference.components.seconds }

    public func time(sinceStart: Duration) -> WallTime {
        WallTime(seconds: (sinceStart + difference).components.seconds)
    }

    /// By how much the wall clock was set since the last time, in seconds; nil where it was not.
    public mutating func adjust(wall: Duration, sinceStart: Duration) -> Int64? {
        let step = wall - sinceStart - difference
        difference += step
        return step >= Self.tolerance || step <= .zero - Self.tolerance ? step.components.seconds : nil
    }
}
