internal import Foundation
internal import GRDB
internal import NetworkModel

/// The table of DHCPv4 leases.
enum IPv4LeaseTable: LeaseTable {
    static let name = "leaseLogOfIPv4"
    static let keyColumns = ["address"]
    static let leaseColumns = ["mac", "clientID", "hostName", "expiry"]

    @Sendable static func create(in database: Database) throws {
        try database.create(table: name, options: [.withoutRowID, .strict]) { table in
            table.column("network", .integer).notNull()
            // In the order of what happened.
            table.column("id", .integer).notNull()
            table.column("address", .integer).notNull()
            table.column("mac", .integer)
            table.column("clientID", .blob)
            table.column("hostName", .text)
            // Seconds since 1970; null for a lease that never ends.
            table.column("expiry", .integer)
            table.primaryKey(["network", "id"])
        }
    }

    static func key(_ row: Row) -> IPv4Address? { IPv4Address(UInt32(truncatingIfNeeded: row[0] as Int64)) }

    static func key(of lease: Lease) -> IPv4Address { lease.address }

    static func lease(_ row: Row) -> Lease? {
        guard let address = key(row), let mac = row[1] as Int64? else { return nil }
        return Lease(
            address: address, mac: MACAddress(UInt64(truncatingIfNeeded: mac)),
            clientID: (row[2] as Data?).map { [UInt8]($0) }, hostName: row[3],
            expiry: (row[4] as Int64?).map { WallTime(seconds: $0) })
    }

    static func bind(_ key: IPv4Address, to row: inout RowWriter) { row.bind(Int64(key.value)) }

    static func bind(_ lease: Lease, to row: inout RowWriter) {
        row.bind(Int64(lease.mac.value))
        row.bind(lease.clientID)
        row.bind(lease.hostName)
        row.bind(lease.expiry?.seconds)
    }
}
