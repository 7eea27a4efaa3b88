internal import NetworkModel

/// A client that can be found by what it says of itself.
protocol AddressHolder: Sendable {
    associatedtype Key: Hashable, Sendable

    /// What it is known by, best first.
    var keys: [Key] { get }
    /// The host name it states, or is known by from before.
    var name: String? { get }
    /// Its Ethernet address, where that is known.
    var hardware: MACAddress? { get }

    /// Whether both are one client.
    func isSame(as other: Self) -> Bool
}

/// Which address each client has: one by each of its keys, which are nearly always the same.
struct HolderIndex<Holder: AddressHolder, Address: Hashable & Sendable>: Sendable {
    private var byKey: [Holder.Key: Address] = [:]

    /// The client's addresses, each once; that of its best key first.
    func addresses(of client: Holder) -> [Address] {
        var found: [Address] = []
        for key in client.keys {
            if let address = byKey[key], !found.contains(address) { found.append(address) }
        }
        return found
    }

    mutating func insert(_ client: Holder, at address: Address) {
        for key in client.keys { byKey[key] = address }
    }

    mutating func remove(_ client: Holder, at address: Address) {
        for key in client.keys where byKey[key] == address { byKey[key] = nil }
    }
}
