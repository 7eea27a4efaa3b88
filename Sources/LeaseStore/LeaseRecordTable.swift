internal import Foundation
internal import GRDB
internal import NetworkModel

/// The table of who had which address when, of leases of both families; the oldest are forgotten.
enum LeaseRecordTable {
    /// Of each network, within a thousand: guests of one make no other's be forgotten.
    static let limit = 10_000

    @Sendable static func create(in database: Database) throws {
        try database.create(table: "leaseRecord", options: .strict) { table in
            table.autoIncrementedPrimaryKey("id")
            table.column("network", .text).notNull()
            table.column("address", .text).notNull()
            table.column("prefixLength", .integer).notNull()
            table.column("mac", .integer)
            table.column("hostName", .text)
            // Seconds since 1970; null while the lease lasts.
            table.column("since", .integer).notNull()
            table.column("until", .integer)
        }
        try database.create(index: "leaseRecordByAddress", on: "leaseRecord", columns: ["network", "address"])
    }

    static func record(_ news: LeaseNews, at time: WallTime, in database: Database) throws {
        let subnet = news.lease.subnet
        let end = try database.cachedStatement(
            sql: """
                UPDATE leaseRecord SET until = ?
                WHERE network = ? AND address = ? AND prefixLength = ? AND until IS NULL
                """)
        let place: [any DatabaseValueConvertible] = [
            news.network.description, subnet.base.description, subnet.prefixLength,
        ]
        try end.execute(arguments: StatementArguments([time.seconds] + place))
        guard news.kind != .ended else { return }
        let begin = try database.cachedStatement(
            sql: """
                INSERT INTO leaseRecord (network, address, prefixLength, mac, hostName, since) VALUES (?, ?, ?, ?, ?, ?)
                """)
        let client: [(any DatabaseValueConvertible)?] = [
            news.lease.mac.map { Int64($0.value) }, news.lease.hostName, time.seconds,
        ]
        try begin.execute(arguments: StatementArguments(place + client))
        if database.lastInsertedRowID % 1_000 == 0 { try forgetOldest(in: database) }
    }

    private static func forgetOldest(in database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM leaseRecord WHERE id IN (
                    SELECT id FROM (
                        SELECT id, ROW_NUMBER() OVER (PARTITION BY network ORDER BY id DESC) AS place FROM leaseRecord
                    ) WHERE place > ?
                )
                """, arguments: [limit])
    }

    /// The newest first, at most a thousand.
    static func records(
        of network: NetworkUUID, address: IPAddress?, at time: WallTime?, in database: Database
    ) throws -> [LeaseRecord] {
        let sql = """
            SELECT * FROM leaseRecord
            WHERE network = :network AND (:address IS NULL OR address = :address)
                AND (:time IS NULL OR since <= :time AND (until IS NULL OR until > :time))
            ORDER BY id DESC LIMIT 1000
            """
        let arguments: StatementArguments = [
            "network": network.description, "address": address?.description, "time": time?.seconds,
        ]
        return try Row.fetchAll(database, sql: sql, arguments: arguments).compactMap { row in
            guard let address = IPAddress(row["address"] as String) else { return nil }
            return LeaseRecord(
                address: address, prefixLength: row["prefixLength"],
                mac: (row["mac"] as Int64?).map { MACAddress(UInt64(truncatingIfNeeded: $0)) },
                hostName: row["hostName"], since: WallTime(seconds: row["since"]),
                until: (row["until"] as Int64?).map { WallTime(seconds: $0) })
        }
    }

    static func forget(_ network: NetworkUUID, in database: Database) throws {
        try database.execute(sql: "DELETE FROM leaseRecord WHERE network = ?", arguments: [network.description])
    }
}
