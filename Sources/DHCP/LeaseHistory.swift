public import NetworkModel

/// Remembers which leases there are, to tell what is new about them.
///
/// A guest that asks again and again must not keep the daemon busy: extensions are no news, and of all else only so much is
/// for people in a second.
public struct LeaseHistory: Sendable {
    private var leases: [NetworkUUID: [IPSubnet: AnyLease]] = [:]
    private var second: WallTime?
    private var budget = 0

    public static let newsPerSecond = 200

    public init() {}

    /// Takes the leases of a network for known.
    public mutating func begin(_ network: NetworkUUID, with known: NetworkLeases) {
        let all = known.ipv4.map(AnyLease.v4) + known.ipv6.map(AnyLease.v6)
        leases[network] = Dictionary(all.map { ($0.subnet, $0) }) { $1 }
    }

    public mutating func end(_ network: NetworkUUID) { leases[network] = nil }

    /// What is new with the changes; those of networks that are not known are nothing.
    public mutating func news(of changes: [(network: NetworkUUID, change: LeaseChange)]) -> [LeaseNews] {
        changes.compactMap { note($0.change, of: $0.network) }
    }

    /// As much of `news` as people can be told now.
    public mutating func told(_ news: [LeaseNews], now: WallTime) -> [LeaseNews] {
        if now != second {
            second = now
            budget = Self.newsPerSecond
        }
        defer { budget -= min(budget, news.count) }
        return Array(news.prefix(budget))
    }

    private mutating func note(_ change: LeaseChange, of network: NetworkUUID) -> LeaseNews? {
        guard leases[network] != nil else { return nil }
        switch change {
        case .store(let lease): return note(.v4(lease), of: network)
        case .storeIPv6(let lease): return note(.v6(lease), of: network)
        case .remove(let address): return noteEnd(of: .v4(IPv4Subnet(address)), network)
        case .removeIPv6(let prefix): return noteEnd(of: .v6(prefix), network)
        }
    }

    private mutating func note(_ lease: AnyLease, of network: NetworkUUID) -> LeaseNews? {
        guard let before = leases[network]?.updateValue(lease, forKey: lease.subnet) else {
            return LeaseNews(network: network, kind: .added, lease: lease)
        }
        return lease.isExtension(of: before) ? nil : LeaseNews(network: network, kind: .changed, lease: lease)
    }

    private mutating func noteEnd(of subnet: IPSubnet, _ network: NetworkUUID) -> LeaseNews? {
        leases[network]?.removeValue(forKey: subnet).map { LeaseNews(network: network, kind: .ended, lease: $0) }
    }
}
