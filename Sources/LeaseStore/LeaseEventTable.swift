internal import Foundation
internal import GRDB
internal import NetworkModel

/// The table of what happened to which lease when, of both families: who had which address follows from it.
///
/// It only grows at its end, so that it costs a lease next to nothing; the oldest rows of each network are forgotten.
enum LeaseEventTable {
    /// Of each network, within ``slack``: guests of one make no other's be forgotten.
    static let limit = 10_000
    static let slack = 1_000

    private static let insertion = """
        INSERT INTO leaseEvent (network, id, time, address, prefixLength, mac, hostName, isEnd)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """

    @Sendable static func create(in database: Database) throws {
        try database.create(table: "leaseEvent", options: [.withoutRowID, .strict]) { table in
            table.column("network", .integer).notNull()
            // In the order of what happened.
            table.column("id", .integer).notNull()
            // Seconds since 1970.
            table.column("time", .integer).notNull()
            // Four or sixteen octets.
            table.column("address", .blob).notNull()
            table.column("prefixLength", .integer).notNull()
            table.column("mac", .integer)
            table.column("hostName", .text)
            // Whether the lease ended; else it began, or changed its holder or its name.
            table.column("isEnd", .integer).notNull()
            table.primaryKey(["network", "id"])
        }
    }

    static func lastID(in database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT MAX(id) FROM leaseEvent") ?? 0
    }

    static func add(_ news: LeaseNews, _ id: Int64, of network: Int64, at time: WallTime, in database: Database) throws
    {
        let subnet = news.lease.subnet
        var row = try RowWriter(insertion, in: database)
        row.bind(network)
        row.bind(id)
        row.bind(time.seconds)
        row.bind(subnet.base.octets)
        row.bind(Int64(subnet.prefixLength))
        row.bind(news.lease.mac.map { Int64($0.value) })
        row.bind(news.lease.hostName)
        row.bind(news.kind == .ended ? 1 : 0)
        try row.write(in: database)
    }

    static func forgetOldest(of network: Int64, in database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM leaseEvent WHERE network = :network AND id <= (
                    SELECT id FROM leaseEvent WHERE network = :network ORDER BY id DESC LIMIT 1 OFFSET :limit)
                """, arguments: ["network": network, "limit": limit])
    }

    /// Who had which address, the newest first, at most a thousand: only `address`, only at `time`.
    static func records(
        of network: Int64, address: IPAddress?, at time: WallTime?, in database: Database
    ) throws -> [LeaseRecord] {
        let sql = """
            SELECT * FROM leaseEvent WHERE network = :network AND (:address IS NULL OR address = :address) ORDER BY id
            """
        let arguments: StatementArguments = ["network": network, "address": address.map { Data($0.octets) }]
        var records: [LeaseRecord] = []
        var open: [IPSubnet: Int] = [:]
        for row in try Row.fetchAll(database, sql: sql, arguments: arguments) {
            guard let address = IPAddress(octets: [UInt8](row["address"] as Data)),
                let subnet = IPSubnet(containing: address, prefixLength: row["prefixLength"])
            else { continue }
            let time = WallTime(seconds: row["time"])
            if let index = open.removeValue(forKey: subnet) { records[index].until = time }
            guard row["isEnd"] == false else { continue }
            open[subnet] = records.count
            records.append(
                LeaseRecord(
                    address: address, prefixLength: row["prefixLength"],
                    mac: (row["mac"] as Int64?).map { MACAddress(UInt64(truncatingIfNeeded: $0)) },
                    hostName: row["hostName"], since: time, until: nil))
        }
        let found = records.reversed().filter { record in
            guard let time else { return true }
            return record.since <= time && (record.until.map { time < $0 } ?? true)
        }
        return Array(found.prefix(1_000))
    }
}
