internal import NetworkModel

/// Who uses which address of one network without a lease, as guests themselves tell.
///
/// How much is remembered has a bound, so that a guest that makes up senders takes neither memory nor, as long as others are
/// heard of, their places; and so has what people are told of it.
struct AddressWatch {
    private var known: [IPAddress: (sighting: AddressSighting, heardAt: WallTime)] = [:]
    private var counts: [MACAddress: Int] = [:]
    private var told = 0

    /// How many addresses are remembered, of all guests and of one, and for how many seconds.
    private static let limit = 1_024
    private static let limitOfGuest = 64
    private static let lifetime: Int64 = 3_600
    /// How many people hear of between two sweeps.
    private static let toldAtOnce = 16

    /// In ascending order of their address.
    var sightings: [AddressSighting] { known.values.map(\.sighting).sorted { $0.address < $1.address } }

    /// Takes note; whether people are to hear of it.
    mutating func note(_ sighting: AddressSighting, at now: WallTime) -> Bool {
        let before = known[sighting.address]?.sighting
        guard before?.mac == sighting.mac || counts[sighting.mac, default: 0] < Self.limitOfGuest,
            before != nil || known.count < Self.limit
        else { return false }
        set(sighting.address, to: (sighting, now))
        guard before != sighting, told < Self.toldAtOnce else { return false }
        told += 1
        return true
    }

    /// The address is leased now.
    mutating func forget(_ address: IPAddress) { set(address, to: nil) }

    /// Forgets what was heard too long ago.
    mutating func sweep(now: WallTime) {
        told = 0
        for (address, entry) in known where entry.heardAt.seconds + Self.lifetime <= now.seconds {
            set(address, to: nil)
        }
    }

    private mutating func set(_ address: IPAddress, to entry: (sighting: AddressSighting, heardAt: WallTime)?) {
        if let old = known[address]?.sighting.mac {
            let left = (counts[old] ?? 1) - 1
            counts[old] = left > 0 ? left : nil
        }
        known[address] = entry
        if let mac = entry?.sighting.mac { counts[mac, default: 0] += 1 }
    }
}
