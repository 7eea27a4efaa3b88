public import NetworkModel

/// Remembers which leases there are, to tell what is new about them.
///
/// A guest that asks again and again must not keep the daemon busy: extensions are no news, and of all else only so much is
/// told in a second.
public struct LeaseHistory: Sendable {
    private var leases: [NetworkUUID: [IPv4Address: Lease]] = [:]
    private var second: WallTime?
    private var budget = 0

    public static let newsPerSecond = 200

    public init() {}

    /// Takes the leases of a network for known.
    public mutating func begin(_ network: NetworkUUID, with known: [Lease]) {
        leases[network] = Dictionary(known.map { ($0.address, $0) }) { $1 }
    }

    public mutating func end(_ network: NetworkUUID) { leases[network] = nil }

    /// What changes that have been made are to people; changes of networks that are not known are nothing to them.
    public mutating func news(
        of changes: [(network: NetworkUUID, change: LeaseChange)], now: WallTime
    ) -> [LeaseNews] {
        let news = changes.compactMap { note($0.change, of: $0.network) }
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
        case .store(let lease):
            guard let before = leases[network]?.updateValue(lease, forKey: lease.address) else {
                return LeaseNews(network: network, kind: .added, lease: lease)
            }
            guard before.mac != lease.mac || before.hostName != lease.hostName else { return nil }
            return LeaseNews(network: network, kind: .changed, lease: lease)
        case .remove(let address):
            return leases[network]?.removeValue(forKey: address).map {
                LeaseNews(network: network, kind: .ended, lease: $0)
            }
        }
    }
}
