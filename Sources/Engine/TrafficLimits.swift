public import Netlink
public import NetworkModel

/// How fast frames may pass a device in each direction, as the device sees them.
///
/// Both are shaped, not policed as under libvirt: what is too fast waits in a short queue instead of being dropped, so that
/// TCP finds the rate. What guests send through a network's own bridge is the exception: `NetworkRules.SendingLimit`. What arrives takes a detour through an intermediate device (`ifb`) for that, since only what leaves a
/// device can wait.
public struct TrafficLimits: Hashable, Sendable {
    /// Of what leaves the device; for a bridge or a guest's tap that is what goes towards guests.
    public var leaving: Shaper?
    /// Of what arrives.
    public var arriving: Shaper?

    public init(leaving: Shaper? = nil, arriving: Shaper? = nil) {
        self.leaving = leaving
        self.arriving = arriving
    }

    /// The limits of a bridge or a tap: what is inbound for guests leaves it.
    public init(_ bandwidth: NetworkDefinition.Bandwidth?) {
        self.init(leaving: bandwidth?.inbound.map(Shaper.init), arriving: bandwidth?.outbound.map(Shaper.init))
    }

    /// The same for a macvtap, which is the guest's own device: what is inbound for the guest arrives on it.
    public var onGuestsDevice: Self { Self(leaving: arriving, arriving: leaving) }
}

extension Shaper {
    /// The unit of a rate is 1,000 octets a second, and of a burst 1,024 octets, as `tc` reads libvirt's `kbps` and `kb`.
    init(_ rate: NetworkDefinition.Bandwidth.Rate) {
        let average = rate.average.multipliedOrMax(by: 1_000)
        let peak = rate.peak.map { $0.multipliedOrMax(by: 1_000) }
        let burst = (rate.burst ?? 0).multipliedOrMax(by: 1_024)
        self.init(
            total: Bucket(rate: average, ceiling: peak), rest: Bucket(rate: average, ceiling: peak, burst: burst))
    }
}

extension HostState {
    /// Adds the limits of a device; `alias` marks what is made for them.
    public mutating func limit(_ device: InterfaceName, to limits: TrafficLimits, alias: String) {
        shapers[device] = limits.leaving
        guard let arriving = limits.arriving else { return }
        let detour = Self.detour(of: device)
        detours[detour] = DetourState(alias: alias, source: device, isUp: true)
        shapers[detour] = arriving
    }

    /// Makes a wish one that says to look for limits of a device too, whatever they are.
    public mutating func include(limitsOf device: InterfaceName) {
        let shaper = Shaper(.init(average: 1))
        var any = Self()
        any.limit(device, to: TrafficLimits(leaving: shaper, arriving: shaper), alias: "")
        shapers.merge(any.shapers) { named, _ in named }
        detours.merge(any.detours) { named, _ in named }
    }

    /// The intermediate device of another one: `ifb-` and its name, or a hash of that where it would be too long.
    static func detour(of device: InterfaceName) -> InterfaceName {
        if let name = InterfaceName("ifb-\(device)") { return name }
        // FNV-1a of 64 bits, of which 44 fit.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in device.description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String((hash ^ hash >> 44) & 0xFFF_FFFF_FFFF, radix: 16)
        return InterfaceName("ifb-" + digits) ?? device
    }
}

/// An intermediate device, through which what arrives on another one is led.
public struct DetourState: Hashable, Sendable {
    /// The mark that says whose it is: ``Ownership``.
    public var alias: String?
    /// Whose frames go through it; in an observation nil where they do not, or not yet.
    public var source: InterfaceName?
    public var isUp: Bool

    public init(alias: String?, source: InterfaceName?, isUp: Bool) {
        self.alias = alias
        self.source = source
        self.isUp = isUp
    }
}

extension UInt64 {
    func multipliedOrMax(by factor: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

extension Shaper {
    /// Sets `floor` kilobytes per second aside for frames to `receiver`, which may take more as long as nobody needs it.
    ///
    /// As under libvirt, the rest is what the ceiling leaves.
    public mutating func guarantee(_ floor: UInt64, to receiver: MACAddress, as number: UInt16) {
        let bucket = Bucket(rate: floor.multipliedOrMax(by: 1_000), ceiling: total.ceiling)
        shares[number] = Share(bucket, to: receiver)
        let taken = shares.values.reduce(UInt64(0)) { $0 + min($1.bucket.rate, total.ceiling) }
        rest = Bucket(
            rate: total.ceiling > taken ? total.ceiling - taken : 1, ceiling: total.ceiling, burst: rest.burst)
    }
}

extension PortVLANs {
    /// The VLANs of a port: as a trunk with the tags on, else as a member of one that knows nothing of it.
    public init(_ vlan: NetworkDefinition.VLAN) {
        guard vlan.isTrunk else {
            self.init(tagged: [], native: vlan.tags.first, nativeIsUntagged: true)
            return
        }
        var tagged = Set(vlan.tags)
        if let native = vlan.native?.tag { tagged.remove(native) }
        self.init(tagged: tagged, native: vlan.native?.tag, nativeIsUntagged: vlan.native?.mode == .untagged)
    }
}
