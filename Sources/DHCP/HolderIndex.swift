internal import NetworkModel

/// A client that can be found by what it says of itself.
protocol AddressHolder: Sendable {
    associatedtype Key: Hashable, Sendable

    /// What it is known by, best first.
    func forEachKey(_ body: (Key) -> Void)
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
        client.forEachKey { key in
            if let address = byKey[key], !found.contains(address) { found.append(address) }
        }
        return found
    }

    mutating func insert(_ client: Holder, at address: Address) {
        client.forEachKey { byKey[$0] = address }
    }

    mutating func remove(_ client: Holder, at address: Address) {
        client.forEachKey { key in
            if byKey[key] == address { byKey[key] = nil }
        }
    }
}
