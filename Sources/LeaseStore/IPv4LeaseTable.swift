internal import Foundation
internal import GRDB
internal import NetworkModel

/// The table of DHCPv4 leases.
enum IPv4LeaseTable {
    @Sendable static func create(in database: Database) throws {
        try database.create(table: "leaseOfIPv4", options: [.withoutRowID, .strict]) { table in
            table.column("network", .integer).notNull()
            table.column("address", .integer).notNull()
            table.column("mac", .integer).notNull()
            table.column("clientID", .blob)
            table.column("hostName", .text)
            // Seconds since 1970; null for a lease that never ends.
            table.column("expiry", .integer)
            table.primaryKey(["network", "address"])
        }
    }

    /// In order of their address.
    static func leases(of network: Int64, in database: Database) throws -> [Lease] {
        let sql = "SELECT * FROM leaseOfIPv4 WHERE network = ? ORDER BY address"
        return try Row.fetchAll(database, sql: sql, arguments: [network]).map { row in
            Lease(
                address: IPv4Address(UInt32(truncatingIfNeeded: row["address"] as Int64)),
                mac: MACAddress(UInt64(truncatingIfNeeded: row["mac"] as Int64)),
                clientID: (row["clientID"] as Data?).map { [UInt8]($0) },
                hostName: row["hostName"],
                expiry: (row["expiry"] as Int64?).map { WallTime(seconds: $0) })
        }
    }

    static func store(_ lease: Lease, of network: Int64, in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO leaseOfIPv4 (network, address, mac, clientID, hostName, expiry)
                VALUES (?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            network, Int64(lease.address.value), Int64(lease.mac.value), lease.clientID.map { Data($0) },
            lease.hostName, lease.expiry?.seconds,
        ])
    }

    static func remove(_ address: IPv4Address, of network: Int64, in database: Database) throws {
        let statement = try database.cachedStatement(sql: "DELETE FROM leaseOfIPv4 WHERE network = ? AND address = ?")
        try statement.execute(arguments: [network, Int64(address.value)])
    }
}
