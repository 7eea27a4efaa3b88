internal import NetworkModel

/// Who asks for an address.
struct Client: Hashable, Sendable {
    /// The client identifier option as it is, also where it holds a DUID (RFC 4361); nil where it is absent or empty.
    let identifier: [UInt8]?
    let mac: MACAddress
    /// The name the client states, or is known by from before; how a reservation without a MAC address finds it.
    let name: String?

    init(identifier: [UInt8]?, mac: MACAddress, name: String?) {
        self.identifier = identifier.flatMap { $0.isEmpty ? nil : $0 }
        self.mac = mac
        self.name = name
    }

    /// The holder of a lease.
    init(_ lease: Lease) { self.init(identifier: lease.clientID, mac: lease.mac, name: lease.hostName) }

    /// Whether both are one client, which is whether they are one network card.
    ///
    /// The identifier (RFC 2131, section 4.2) does not decide it. Machines that were cloned with their identity, as is common
    /// among virtual ones, have the same, and must not get one address; and one machine identifies itself in one way in its
    /// boot ROM and in another when its system runs. What the identifier does is to find an address again that has become
    /// free: that of a machine with a new network card.
    func isSame(as other: Self) -> Bool { mac == other.mac }

    /// A number that is the same whenever this client comes, without any memory of it: FNV-1a of its identity, 64 bits.
    var hash: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for octet in identifier ?? mac.octets {
            hash = (hash ^ UInt64(octet)) &* 0x100_0000_01B3
        }
        return hash
    }
}

/// What a lease of IPv4 looks like to the ``AddressBook``.
extension Lease: AddressBinding {
    var holder: Client { Client(self) }
}

extension Client: AddressHolder {
    enum Key: Hashable, Sendable {
        case identifier([UInt8])
        case hardware(MACAddress)
    }

    var hardware: MACAddress? { mac }

    func forEachKey(_ body: (Key) -> Void) {
        if let identifier { body(.identifier(identifier)) }
        body(.hardware(mac))
    }
}
