internal import Foundation
internal import GRDB
public import NetworkModel
internal import Synchronization

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
    private let memory: Mutex<Memory>

    /// What is known of the database without asking it; read again where a commit has failed.
    private struct Memory {
        var networks: [NetworkUUID: StoredNetwork] = [:]
        var lastEvent: Int64?
    }

    /// In octets: a lease alone costs the disk a page of each table that it changes.
    private static let pageSize = 1_024
    /// In pages: how long the write-ahead log grows before its changes are brought to the tables, each page of them once.
    private static let checkpointInterval = 1_000

    /// Opens the database, or makes it where there is none; its directory must exist and be writable.
    public init(path: String) throws(LeaseStoreError) {
        var configuration = Configuration()
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { database in
            try database.execute(
                sql: """
                    PRAGMA page_size = \(Self.pageSize); PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;
                    PRAGMA wal_autocheckpoint = \(Self.checkpointInterval)
                    """)
        }
        do {
            database = try DatabaseQueue(path: path, configuration: configuration)
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
            try Self.migrator.migrate(database)
            let damage = try database.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            guard damage == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: damage) }
            memory = Mutex(Memory())
        } catch {
            throw LeaseStoreError("open lease database '\(path)'", error)
        }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        FormerTables.create(in: &migrator)
        migrator.registerMigration("clock") { database in
            try database.create(table: "clock", options: .strict) { table in
                table.column("machineStart", .text).notNull()
                table.column("offset", .integer).notNull()
            }
        }
        migrator.registerMigration("tables that grow") { database in
            try IPv4LeaseTable.create(in: database)
            try IPv6LeaseTable.create(in: database)
            try FormerTables.takeOver(in: database)
        }
        return migrator
    }

    /// The leases of a network, expired ones too, in order of their address.
    public func leases(of network: NetworkUUID) throws(LeaseStoreError) -> NetworkLeases {
        do {
            return try memory.withLock { memory in
                try database.read { database in
                    guard let number = try Self.number(of: network, in: database) else { return NetworkLeases() }
                    let (found, leases) = try StoredNetwork.read(number, in: database)
                    memory.networks[network] = found
                    return leases
                }
            }
        } catch {
            throw LeaseStoreError("read leases of network \(network)", error)
        }
    }

    /// Makes all changes and records what is new of them at `time`, or does nothing where it throws; all is on disk when it
    /// returns.
    public func commit(
        _ changes: [(network: NetworkUUID, change: LeaseChange)], news: [LeaseNews], at time: WallTime
    ) throws(LeaseStoreError) {
        do {
            // One after the other: the database has one writer.
            try memory.withLock { memory in
                do {
                    try database.write { database in
                        for (uuid, change) in changes {
                            try Self.know(uuid, &memory, database)
                            try memory.networks[uuid]?.apply(change, in: database)
                        }
                        for item in news {
                            let id = try (memory.lastEvent ?? LeaseEventTable.lastID(in: database)) + 1
                            memory.lastEvent = id
                            try Self.know(item.network, &memory, database)
                            try memory.networks[item.network]?.note(item, id, at: time, in: database)
                        }
                    }
                } catch {
                    memory = Memory()
                    throw error
                }
            }
        } catch {
            throw LeaseStoreError("write leases", error)
        }
    }

    /// Takes note by how many seconds the wall clock is before the time since this start of the machine, and moves the ends of
    /// all leases where that has changed since the last process took note of it: somebody has set the clock meanwhile.
    ///
    /// After another start of the machine nothing is known but the wall clock.
    public func follow(offset: Int64, ofMachineStart start: String) throws(LeaseStoreError) {
        do {
            try database.write { database in
                let known = try Int64.fetchOne(
                    database, sql: "SELECT offset FROM clock WHERE machineStart = ?", arguments: [start])
                if let known, abs(offset - known) > 2 { try Self.moveExpiries(by: offset - known, in: database) }
                try database.execute(sql: "DELETE FROM clock")
                try database.execute(
                    sql: "INSERT INTO clock (machineStart, offset) VALUES (?, ?)", arguments: [start, offset])
            }
        } catch {
            throw LeaseStoreError("follow the clock", error)
        }
    }

    /// Has all leases end so many seconds later, since the clock was set, which is before the time since the machine's start by
    /// `offset` now.
    public func moveExpiries(by seconds: Int64, offset: Int64) throws(LeaseStoreError) {
        do {
            try database.write { database in
                try Self.moveExpiries(by: seconds, in: database)
                try database.execute(sql: "UPDATE clock SET offset = ?", arguments: [offset])
            }
        } catch {
            throw LeaseStoreError("follow the clock", error)
        }
    }

    private static func moveExpiries(by seconds: Int64, in database: Database) throws {
        for table in [IPv4LeaseTable.name, IPv6LeaseTable.name] {
            try database.execute(sql: "UPDATE \(table) SET expiry = expiry + ?", arguments: [seconds])
        }
    }

    /// Who had which address of a network, the newest first, at most a thousand: only `address`, only at `time`.
    public func records(
        of network: NetworkUUID, address: IPAddress? = nil, at time: WallTime? = nil
    ) throws(LeaseStoreError) -> [LeaseRecord] {
        do {
            return try database.read { database in
                guard let number = try Self.number(of: network, in: database) else { return [] }
                return try LeaseEventTable.records(of: number, address: address, at: time, in: database)
            }
        } catch {
            throw LeaseStoreError("read records of leases of network \(network)", error)
        }
    }

    /// Forgets every lease of a network that is gone for good.
    public func forget(_ network: NetworkUUID) throws(LeaseStoreError) {
        do {
            try memory.withLock { memory in
                try database.write { database in
                    guard let number = try Self.number(of: network, in: database) else { return }
                    for table in [IPv4LeaseTable.name, IPv6LeaseTable.name, "leaseEvent"] {
                        try database.execute(sql: "DELETE FROM \(table) WHERE network = ?", arguments: [number])
                    }
                    try database.execute(sql: "DELETE FROM network WHERE id = ?", arguments: [number])
                }
                memory.networks[network] = nil
            }
        } catch {
            throw LeaseStoreError("forget leases of network \(network)", error)
        }
    }

    /// The number of a network that the database knows.
    private static func number(of network: NetworkUUID, in database: Database) throws -> Int64? {
        try Int64.fetchOne(database, sql: "SELECT id FROM network WHERE uuid = ?", arguments: [network.description])
    }

    /// Has any network known.
    private static func know(_ uuid: NetworkUUID, _ memory: inout Memory, _ database: Database) throws {
        guard memory.networks[uuid] == nil else { return }
        var number = try number(of: uuid, in: database)
        if number == nil {
            try database.execute(sql: "INSERT INTO network (uuid) VALUES (?)", arguments: [uuid.description])
            number = database.lastInsertedRowID
        }
        memory.networks[uuid] = try number.map { try StoredNetwork.read($0, in: database).network }
    }
}
