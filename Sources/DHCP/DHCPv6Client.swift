internal import NetworkModel

/// One identity association of a client: who asks for an address or a prefix.
///
/// Machines cloned with their DUID are told apart by their Ethernet addresses.
struct DHCPv6Client: Hashable, Sendable {
    let identity: Identity
    /// The name the client states, or is known by.
    let name: String?

    struct Identity: Hashable, Sendable {
        let kind: IPv6Lease.Kind
        let duid: [UInt8]
        let iaid: UInt32
        let mac: MACAddress?
    }

    init(_ identity: Identity, name: String?) {
        self.identity = identity
        self.name = name
    }

    /// A number that is the same whenever this client comes, without any memory of it: FNV-1a of 64 bits.
    ///
    /// For an address that is not to tell whose it is, it changes with `salt`.
    func hash(salt: UInt32) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ octet: UInt8) { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01B3 }
        func add(_ number: UInt32) {
            for shift in [24, 16, 8, 0] { add(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
        }
        identity.duid.forEach(add)
        identity.mac?.octets.forEach(add)
        add(identity.iaid)
        if identity.kind == .temporary { add(salt) }
        return hash
    }
}

extension DHCPv6Client: AddressHolder {
    var hardware: MACAddress? { identity.mac }
    /// By the second a machine with a new network card finds its address again, and clones each other.
    func forEachKey(_ body: (Identity) -> Void) {
        body(identity)
        body(Identity(kind: identity.kind, duid: identity.duid, iaid: identity.iaid, mac: nil))
    }
    func isSame(as other: Self) -> Bool { identity == other.identity }

    /// Whether both are of one machine, which may have several associations, and a new DUID after it was installed anew.
    func isOnSameMachine(as other: Self) -> Bool {
        if let mac = identity.mac, let otherMAC = other.identity.mac { return mac == otherMAC }
        return identity.duid == other.identity.duid
    }
}

/// What a lease of IPv6 looks like to the ``AddressBook``.
extension IPv6Lease: AddressBinding {
    var address: IPv6Subnet { prefix }
    var holder: DHCPv6Client {
        DHCPv6Client(.init(kind: kind, duid: duid, iaid: iaid, mac: mac), name: hostName)
    }
}
