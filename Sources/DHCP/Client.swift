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

    /// Whether both are one client: by their identifier (RFC 2131, section 4.2), or by their hardware.
    ///
    /// The second is for a machine that identifies itself in one way in its boot ROM and in another when its system
    /// runs: it is to find its own address again, not a second one.
    func isSame(as other: Self) -> Bool {
        mac == other.mac || identifier != nil && identifier == other.identifier
    }

    /// A number that is the same whenever this client comes, without any memory of it: FNV-1a of its identity, 64 bits.
    var hash: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for octet in identifier ?? mac.octets {
            hash = (hash ^ UInt64(octet)) &* 0x100_0000_01B3
        }
        return hash
    }
}

/// Which address each client has: one by its identifier and one by its hardware, which are nearly always the same.
struct ClientIndex: Sendable {
    private var byIdentifier: [[UInt8]: IPv4Address] = [:]
    private var byMAC: [MACAddress: IPv4Address] = [:]

    /// The client's addresses; the one by identifier first.
    func addresses(of client: Client) -> [IPv4Address] {
        let first = client.identifier.flatMap { byIdentifier[$0] }
        let second = byMAC[client.mac]
        return [first, second == first ? nil : second].compactMap(\.self)
    }

    mutating func insert(_ client: Client, at address: IPv4Address) {
        if let identifier = client.identifier { byIdentifier[identifier] = address }
        byMAC[client.mac] = address
    }

    mutating func remove(_ client: Client, at address: IPv4Address) {
        if let identifier = client.identifier, byIdentifier[identifier] == address { byIdentifier[identifier] = nil }
        if byMAC[client.mac] == address { byMAC[client.mac] = nil }
    }
}
