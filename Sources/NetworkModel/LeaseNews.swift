/// What is new about a lease, for people who watch a network.
public struct LeaseNews: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable {
        case added
        /// Another client has the address, or the client another name; not that it was extended.
        case changed
        /// Given back or run out.
        case ended
    }

    public var network: NetworkUUID
    public var kind: Kind
    /// As it is now; one that ended as it was.
    public var lease: AnyLease

    public init(network: NetworkUUID, kind: Kind, lease: AnyLease) {
        self.network = network
        self.kind = kind
        self.lease = lease
    }

    /// What it means for the leases there are.
    public var change: LeaseChange {
        switch (kind, lease) {
        case (.ended, .v4(let lease)): .remove(lease.address)
        case (.ended, .v6(let lease)): .removeIPv6(lease.prefix)
        case (_, .v4(let lease)): .store(lease)
        case (_, .v6(let lease)): .storeIPv6(lease)
        }
    }
}
