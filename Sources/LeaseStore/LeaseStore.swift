internal import Foundation
internal import GRDB
public import NetworkModel

/// The leases on disk could not be read or written.
public struct LeaseStoreError: Error, Hashable, CustomStringConvertible {
    public let description: String
    /// Whether the file is no database, or one that is damaged.
    public let isDamage: Bool

    init(_ operation: String, _ cause: any Error) {
        description = "\(operation): \(cause)"
        let code = (cause as? DatabaseError)?.resultCode
        isDamage = code == .SQLITE_NOTADB || code == .SQLITE_CORRUPT
    }
}

/// Leases of all networks in one SQLite database: what outlives the process and the machine's power.
///
/// A commit has reached the disk when it returns (write-ahead log, `synchronous=FULL`).
public final class LeaseStore: Sendable {
    private let database: DatabaseQueue

    /// Opens the database, or makes it where there is none; its directory must exist and be writable.
    public init(path: String) throws(LeaseStoreError) {
        var configuration = Configuration()
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY")
        }
        do {
            database = try DatabaseQueue(path: path, configuration: configuration)
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
            try Self.migrator.migrate(database)
            let damage = try database.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            guard damage == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: damage) }
        } catch {
            throw LeaseStoreError("open lease database '\(path)'", error)
        }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("leases") { database in
            try database.create(table: "lease", options: [.withoutRowID, .strict]) { table in
                table.column("network", .text).notNull()
                table.column("address", .integer).notNull()
                table.column("mac", .integer).notNull()
                table.column("clientID", .blob)
                table.column("hostName", .text)
                // Seconds since 1970; null for a lease that never ends.
                table.column("expiry", .integer)
                table.primaryKey(["network", "address"])
            }
        }
        migrator.registerMigration("leases of IPv6", migrate: IPv6LeaseTable.create)
        migrator.registerMigration("records of leases", migrate: LeaseRecordTable.create)
        migrator.registerMigration("routers of prefixes", migrate: IPv6LeaseTable.addRouter)
        return migrator
    }

    /// The leases of a network, expired ones too, in order of their address.
    public func leases(of network: NetworkUUID) throws(LeaseStoreError) -> NetworkLeases {
        do {
            return try database.read { database in
                let ipv4 = try Row.fetchAll(
                    database, sql: "SELECT * FROM lease WHERE network = ? ORDER BY address",
                    arguments: [network.description]
                ).map { row in
                    Lease(
                        address: IPv4Address(UInt32(truncatingIfNeeded: row["address"] as Int64)),
                        mac: MACAddress(UInt64(truncatingIfNeeded: row["mac"] as Int64)),
                        clientID: (row["clientID"] as Data?).map { [UInt8]($0) },
                        hostName: row["hostName"],
                        expiry: (row["expiry"] as Int64?).map { WallTime(seconds: $0) }
                    )
                }
                return NetworkLeases(ipv4: ipv4, ipv6: try IPv6LeaseTable.leases(of: network, in: database))
            }
        } catch {
            throw LeaseStoreError("read leases of network \(network)", error)
        }
    }

    /// Makes all changes and records what is new of them at `time`, or does nothing where it throws; all is on disk when it
    /// returns.
    public func commit(
        _ changes: [(network: NetworkUUID, change: LeaseChange)], news: [LeaseNews] = [],
        at time: WallTime = WallTime(seconds: 0)
    ) throws(LeaseStoreError) {
        do {
            try database.write { database in
                for (network, change) in changes { try Self.apply(change, of: network, to: database) }
                for item in news { try LeaseRecordTable.record(item, at: time, in: database) }
            }
        } catch {
            throw LeaseStoreError("write leases", error)
        }
    }

    private static func apply(_ change: LeaseChange, of network: NetworkUUID, to database: Database) throws {
        switch change {
        case .store(let lease):
            let statement = try database.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO lease (network, address, mac, clientID, hostName, expiry)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """)
            try statement.execute(arguments: [
                network.description, Int64(lease.address.value), Int64(lease.mac.value),
                lease.clientID.map { Data($0) },
                lease.hostName, lease.expiry?.seconds,
            ])
        case .remove(let address):
            let statement = try database.cachedStatement(sql: "DELETE FROM lease WHERE network = ? AND address = ?")
            try statement.execute(arguments: [network.description, Int64(address.value)])
        case .storeIPv6(let lease): try IPv6LeaseTable.store(lease, of: network, in: database)
        case .removeIPv6(let prefix): try IPv6LeaseTable.remove(prefix, of: network, in: database)
        }
    }

    /// Who had which address of a network, the newest first, at most a thousand: only `address`, only at `time`.
    public func records(
        of network: NetworkUUID, address: IPAddress? = nil, at time: WallTime? = nil
    ) throws(LeaseStoreError) -> [LeaseRecord] {
        do {
            return try database.read {
                try LeaseRecordTable.records(of: network, address: address, at: time, in: $0)
            }
        } catch {
            throw LeaseStoreError("read records of leases of network \(network)", error)
        }
    }

    /// Forgets every lease of a network that is gone for good.
    public func forget(_ network: NetworkUUID) throws(LeaseStoreError) {
        do {
            try database.write { database in
                try database.execute(sql: "DELETE FROM lease WHERE network = ?", arguments: [network.description])
                try IPv6LeaseTable.forget(network, in: database)
                try LeaseRecordTable.forget(network, in: database)
            }
        } catch {
            throw LeaseStoreError("forget leases of network \(network)", error)
        }
    }
}
