internal import Foundation
internal import GRDB
internal import NetworkModel

/// The table of DHCPv6 leases, whose addresses no integer of SQLite can hold.
enum IPv6LeaseTable {
    @Sendable static func create(in database: Database) throws {
        try database.create(table: "leaseOfIPv6", options: [.withoutRowID, .strict]) { table in
            table.column("network", .integer).notNull()
            // Sixteen octets, which sort as the addresses do.
            table.column("base", .blob).notNull()
            table.column("prefixLength", .integer).notNull()
            table.column("kind", .text).notNull()
            table.column("duid", .blob).notNull()
            table.column("iaid", .integer).notNull()
            table.column("mac", .integer)
            table.column("hostName", .text)
            // Sixteen octets: where a prefix leads to.
            table.column("router", .blob)
            // Seconds since 1970; null for a lease that never ends.
            table.column("expiry", .integer)
            table.primaryKey(["network", "base", "prefixLength"])
        }
    }

    /// In order of their address; a row that is no lease is left out.
    static func leases(of network: Int64, in database: Database) throws -> [IPv6Lease] {
        let sql = "SELECT * FROM leaseOfIPv6 WHERE network = ? ORDER BY base, prefixLength"
        return try Row.fetchAll(database, sql: sql, arguments: [network]).compactMap { row in
            guard let base = IPv6Address(octets: [UInt8](row["base"] as Data)),
                let prefix = IPv6Subnet(containing: base, prefixLength: row["prefixLength"]),
                let kind = IPv6Lease.Kind(rawValue: row["kind"])
            else { return nil }
            return IPv6Lease(
                prefix, kind: kind, duid: [UInt8](row["duid"] as Data),
                iaid: UInt32(truncatingIfNeeded: row["iaid"] as Int64),
                mac: (row["mac"] as Int64?).map { MACAddress(UInt64(truncatingIfNeeded: $0)) },
                hostName: row["hostName"],
                router: (row["router"] as Data?).flatMap { IPv6Address(octets: [UInt8]($0)) },
                expiry: (row["expiry"] as Int64?).map { WallTime(seconds: $0) })
        }
    }

    static func store(_ lease: IPv6Lease, of network: Int64, in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO leaseOfIPv6
                    (network, base, prefixLength, kind, duid, iaid, mac, hostName, router, expiry)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            network, Data(lease.prefix.base.octets), lease.prefix.prefixLength, lease.kind.rawValue,
            Data(lease.duid), Int64(lease.iaid), lease.mac.map { Int64($0.value) }, lease.hostName,
            lease.router.map { Data($0.octets) }, lease.expiry?.seconds,
        ])
    }

    static func remove(_ prefix: IPv6Subnet, of network: Int64, in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "DELETE FROM leaseOfIPv6 WHERE network = ? AND base = ? AND prefixLength = ?")
        try statement.execute(arguments: [network, Data(prefix.base.octets), prefix.prefixLength])
    }
}
