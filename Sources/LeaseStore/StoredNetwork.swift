internal import GRDB
internal import NetworkModel

/// What the database has of one network.
struct StoredNetwork {
    /// Stands for its UUID in each row.
    private let number: Int64
    private var ipv4: LeaseLog<IPv4LeaseTable>
    private var ipv6: LeaseLog<IPv6LeaseTable>
    /// How many events of it have come since its oldest were forgotten.
    private var eventCount = 0

    /// Its leases are in order of their address.
    static func read(_ number: Int64, in database: Database) throws -> (network: Self, leases: NetworkLeases) {
        let (ipv4, leases) = try LeaseLog<IPv4LeaseTable>.read(of: number, in: database)
        let (ipv6, ipv6Leases) = try LeaseLog<IPv6LeaseTable>.read(of: number, in: database)
        let sorted = NetworkLeases(
            ipv4: leases.sorted { $0.address < $1.address }, ipv6: ipv6Leases.sorted { $0.prefix < $1.prefix })
        return (Self(number: number, ipv4: ipv4, ipv6: ipv6), sorted)
    }

    mutating func apply(_ change: LeaseChange, in database: Database) throws {
        switch change {
        case .store(let lease): try ipv4.store(lease, in: database)
        case .remove(let address): try ipv4.remove(address, in: database)
        case .storeIPv6(let lease): try ipv6.store(lease, in: database)
        case .removeIPv6(let prefix): try ipv6.remove(prefix, in: database)
        }
    }

    mutating func note(_ news: LeaseNews, _ id: Int64, at time: WallTime, in database: Database) throws {
        try LeaseEventTable.add(news, id, of: number, at: time, in: database)
        eventCount += 1
        guard eventCount >= LeaseEventTable.slack else { return }
        eventCount = 0
        try LeaseEventTable.forgetOldest(of: number, in: database)
    }
}
