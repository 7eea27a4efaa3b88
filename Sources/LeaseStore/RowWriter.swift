internal import GRDB
internal import GRDBSQLite

/// Binds values to a statement one by one, in the order of its marks, and runs it.
///
/// GRDB's own arguments are boxes in an array, which costs a lease more time than SQLite takes to write it.
@safe struct RowWriter: ~Copyable {
    private let statement: Statement
    private var index: Int32 = 0

    /// A statement that returns no rows.
    init(_ sql: String, in database: Database) throws {
        statement = try database.cachedStatement(sql: sql)
        unsafe sqlite3_reset(statement.sqliteStatement)
    }

    mutating func bind(_ number: Int64?) {
        index += 1
        guard let number else { return bindNull() }
        unsafe sqlite3_bind_int64(statement.sqliteStatement, index, number)
    }

    mutating func bind(_ octets: [UInt8]?) {
        index += 1
        guard let octets else { return bindNull() }
        // No octets are not the same as nothing.
        guard !octets.isEmpty else {
            unsafe sqlite3_bind_zeroblob(statement.sqliteStatement, index, 0)
            return
        }
        unsafe sqlite3_bind_blob(statement.sqliteStatement, index, octets, Int32(octets.count), Self.copied)
    }

    mutating func bind(_ text: String?) {
        index += 1
        guard var text else { return bindNull() }
        text.withUTF8 { text in
            _ = unsafe text.withMemoryRebound(to: CChar.self) { text in
                unsafe sqlite3_bind_text(
                    statement.sqliteStatement, index, text.baseAddress, Int32(text.count), Self.copied)
            }
        }
    }

    private func bindNull() { unsafe sqlite3_bind_null(statement.sqliteStatement, index) }

    /// Runs the statement with the values that were bound.
    consuming func write(in database: Database) throws {
        defer { unsafe sqlite3_reset(statement.sqliteStatement) }
        let code = unsafe sqlite3_step(statement.sqliteStatement)
        guard code == SQLITE_DONE else {
            let message = unsafe sqlite3_errmsg(database.sqliteConnection).map { unsafe String(cString: $0) }
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message, sql: statement.sql)
        }
    }

    /// SQLITE_TRANSIENT: SQLite makes itself a copy.
    private static var copied: sqlite3_destructor_type { unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}
