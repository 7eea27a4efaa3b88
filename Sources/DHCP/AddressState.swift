internal import NetworkModel

/// An address that a client holds, as one protocol knows it.
protocol AddressBinding: Sendable {
    associatedtype Address: Hashable, Comparable, Sendable
    associatedtype Holder: AddressHolder

    var address: Address { get }
    var holder: Holder { get }
    var hostName: String? { get set }
    /// Nil for one that never ends.
    var expiry: WallTime? { get }
}

extension AddressBinding {
    func isExpired(at now: WallTime) -> Bool { expiry.map { $0 <= now } ?? false }
}

/// What is known of one address besides what the configuration says.
struct AddressState<Lease: AddressBinding>: Sendable {
    var lease: Lease?
    var offer: Offer<Lease.Holder>?
    /// When a client declined the address, or somebody was found to use it.
    var declined: WallTime?
    /// Who was found to use it without a lease.
    var user: MACAddress?
    /// Who held the address last, where nobody does.
    var former: FormerLease?

    struct FormerLease: Sendable {
        var client: Lease.Holder
        var end: WallTime
    }

    var isEmpty: Bool { lease == nil && offer == nil && declined == nil && former == nil }

    /// How long such an address is given to nobody, in seconds.
    static var quarantine: Int64 { 600 }

    var quarantineEnd: WallTime? { declined.map { $0 + Self.quarantine } }

    func isSetAside(at now: WallTime) -> Bool { declined.map { now.isWithin(Self.quarantine, of: $0) } ?? false }
}

/// An address promised to a client that has not said yet whether it takes it.
struct Offer<Client: AddressHolder>: Sendable {
    var client: Client
    var made: WallTime

    /// How long nobody else is offered the address, in seconds.
    static var hold: Int64 { 60 }

    var end: WallTime { made + Self.hold }

    func isOpen(at now: WallTime) -> Bool { now.isWithin(Self.hold, of: made) }
}

extension WallTime {
    /// Whether less than `span` seconds lie between; false also where the clock was set back by more, so that what was
    /// to last a minute does not last for hours.
    fileprivate func isWithin(_ span: Int64, of moment: WallTime) -> Bool {
        self < moment + span && moment < self + span
    }
}
