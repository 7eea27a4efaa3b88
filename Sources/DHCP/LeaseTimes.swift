public import NetworkModel

/// How long a client may use an address, and when it asks to keep it, in seconds as on the wire (RFC 2132, sections
/// 9.2, 9.11 and 9.12).
public struct LeaseTimes: Hashable, Sendable {
    /// From the acknowledgement on; at least 1, and `UInt32.max` for ever (RFC 2131, section 3.3).
    public let lease: UInt32

    /// - Parameters:
    ///   - offered: What the network's definition allows; 0 is taken as 1.
    ///   - requested: What the client asked for; it may have less than is offered, but not less than ``shortestOnRequest``.
    public init(offered: UInt32, requested: UInt32? = nil) {
        lease = max(min(offered, max(requested ?? .max, Self.shortestOnRequest)), 1)
    }

    /// A guest that asks for very short leases would keep the disk busy with its renewals.
    public static let shortestOnRequest: UInt32 = 120

    public var isInfinite: Bool { lease == .max }

    /// T1: the client asks this server to renew.
    ///
    /// The default of RFC 2131, section 4.4.5.
    public var renewal: UInt32 { lease / 2 }

    /// T2: the client asks any server.
    ///
    /// The default of RFC 2131, section 4.4.5.
    public var rebinding: UInt32 { UInt32(UInt64(lease) * 7 / 8) }

    /// When a lease that begins at `start` ends; nil for never.
    public func expiry(from start: WallTime) -> WallTime? { isInfinite ? nil : start + Int64(lease) }
}
