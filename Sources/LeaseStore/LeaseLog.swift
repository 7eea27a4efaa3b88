internal import GRDB

/// The leases of one network and one family, as rows that are only added at the end of a table; the last one of an address
/// counts.
///
/// Rows that are sorted by address would cost each lease a page of its own, and more of them the more leases there are; here
/// those of one commit share a page.
struct LeaseLog<Table: LeaseTable> {
    private let network: Int64
    private let statements = LeaseLogStatements(Table.self)
    /// For each address that is leased, the row that says so.
    private var rows: [Table.Key: Int64] = [:]
    /// The rows there are of this network, without a gap.
    private var ids: Range<Int64>
    /// How many rows have been added since the oldest were last looked at.
    private var addedCount: Int64 = 0

    /// How many rows there are at most for each that counts, besides ``slack``: the more of them, the fewer have to be added
    /// again before the oldest are deleted.
    private static var share: Int { 2 }
    private static var slack: Int { 1_000 }
    /// After how many rows the oldest are looked at, and how many of these for each that was added: enough to get ahead, since
    /// at least every other one can go.
    private static var interval: Int64 { 64 }
    private static var pace: Int64 { 4 }

    /// The log as it is in the database, and what it says, in no order.
    static func read(of network: Int64, in database: Database) throws -> (log: Self, leases: [Table.Lease]) {
        var log = Self(network: network)
        var leases: [Table.Key: Table.Lease] = [:]
        var ids: Range<Int64>?
        let rows = try Row.fetchCursor(database, sql: log.statements.all, arguments: [network])
        let idColumn = Table.keyColumns.count + Table.leaseColumns.count
        while let row = try rows.next() {
            let id: Int64 = row[idColumn]
            ids = (ids?.lowerBound ?? id)..<id + 1
            guard let key = Table.key(row) else { continue }
            leases[key] = Table.lease(row)
            log.rows[key] = leases[key] == nil ? nil : id
        }
        log.ids = ids ?? log.ids
        return (log, Array(leases.values))
    }

    private init(network: Int64) {
        self.network = network
        ids = 1..<1
    }

    mutating func store(_ lease: Table.Lease, in database: Database) throws {
        let key = Table.key(of: lease)
        rows[key] = try add(key, lease, in: database)
        try compact(in: database)
    }

    mutating func remove(_ key: Table.Key, in database: Database) throws {
        guard rows.removeValue(forKey: key) != nil else { return }
        _ = try add(key, nil, in: database)
        try compact(in: database)
    }

    private mutating func add(_ key: Table.Key, _ lease: Table.Lease?, in database: Database) throws -> Int64 {
        let id = ids.upperBound
        var row = try RowWriter(lease == nil ? statements.end : statements.insertion, in: database)
        row.bind(network)
        row.bind(id)
        Table.bind(key, to: &row)
        if let lease { Table.bind(lease, to: &row) }
        try row.write(in: database)
        ids = ids.lowerBound..<id + 1
        addedCount += 1
        return id
    }

    /// Deletes the oldest rows where there are too many; those that count are added again before.
    private mutating func compact(in database: Database) throws {
        guard addedCount >= Self.interval else { return }
        addedCount = 0
        guard ids.count > Self.share * rows.count + Self.slack else { return }
        let end = ids.lowerBound + Self.interval * Self.pace
        let oldest = try database.cachedStatement(sql: statements.oldest)
        for row in try Row.fetchAll(oldest, arguments: [network, end]) {
            let id: Int64 = row[Table.keyColumns.count]
            guard let key = Table.key(row), rows[key] == id else { continue }
            let copy = try database.cachedStatement(sql: statements.copy)
            try copy.execute(arguments: [ids.upperBound, network, id])
            rows[key] = ids.upperBound
            ids = ids.lowerBound..<ids.upperBound + 1
        }
        let deletion = try database.cachedStatement(sql: statements.deletion)
        try deletion.execute(arguments: [network, end])
        ids = end..<ids.upperBound
    }
}

/// What a ``LeaseLog`` says to the database, put together once.
private struct LeaseLogStatements {
    let all: String
    let insertion: String
    /// Adds a row that ends a lease.
    let end: String
    let oldest: String
    let copy: String
    let deletion: String

    init<Table: LeaseTable>(_: Table.Type) {
        let keys = Table.keyColumns.joined(separator: ", ")
        let columns = (Table.keyColumns + Table.leaseColumns).joined(separator: ", ")
        func marks(_ columns: [String]) -> String { repeatElement("?", count: columns.count).joined(separator: ", ") }
        let rows = "\(Table.name) WHERE network = ?"
        all = "SELECT \(columns), id FROM \(rows) ORDER BY id"
        insertion = """
            INSERT INTO \(Table.name) (network, id, \(columns)) VALUES (?, ?, \(marks(Table.keyColumns + Table.leaseColumns)))
            """
        end = "INSERT INTO \(Table.name) (network, id, \(keys)) VALUES (?, ?, \(marks(Table.keyColumns)))"
        oldest = "SELECT \(keys), id FROM \(rows) AND id < ? ORDER BY id"
        copy =
            "INSERT INTO \(Table.name) (network, id, \(columns)) SELECT network, ?, \(columns) FROM \(rows) AND id = ?"
        deletion = "DELETE FROM \(rows) AND id < ?"
    }
}
