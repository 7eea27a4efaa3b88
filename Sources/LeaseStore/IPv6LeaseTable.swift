internal import Foundation
internal import GRDB
internal import NetworkModel

/// The table of DHCPv6 leases, whose addresses no integer of SQLite can hold.
enum IPv6LeaseTable: LeaseTable {
    static let name = "leaseLogOfIPv6"
    static let keyColumns = ["base", "prefixLength"]
    static let leaseColumns = ["kind", "duid", "iaid", "mac", "hostName", "router", "expiry"]

    @Sendable static func create(in database: Database) throws {
        try database.create(table: name, options: [.withoutRowID, .strict]) { table in
            table.column("network", .integer).notNull()
            // In the order of what happened.
            table.column("id", .integer).notNull()
            // Sixteen octets.
            table.column("base", .blob).notNull()
            table.column("prefixLength", .integer).notNull()
            table.column("kind", .text)
            table.column("duid", .blob)
            table.column("iaid", .integer)
            table.column("mac", .integer)
            table.column("hostName", .text)
            // Sixteen octets: where a prefix leads to.
            table.column("router", .blob)
            // Seconds since 1970; null for a lease that never ends.
            table.column("expiry", .integer)
            table.primaryKey(["network", "id"])
        }
    }

    static func key(_ row: Row) -> IPv6Subnet? {
        IPv6Address(octets: [UInt8](row[0] as Data)).flatMap { IPv6Subnet(containing: $0, prefixLength: row[1]) }
    }

    static func key(of lease: IPv6Lease) -> IPv6Subnet { lease.prefix }

    static func lease(_ row: Row) -> IPv6Lease? {
        guard let prefix = key(row), let kind = (row[2] as String?).flatMap(IPv6Lease.Kind.init(rawValue:)),
            let duid = row[3] as Data?, let iaid = row[4] as Int64?
        else { return nil }
        return IPv6Lease(
            prefix, kind: kind, duid: [UInt8](duid), iaid: UInt32(truncatingIfNeeded: iaid),
            mac: (row[5] as Int64?).map { MACAddress(UInt64(truncatingIfNeeded: $0)) }, hostName: row[6],
            router: (row[7] as Data?).flatMap { IPv6Address(octets: [UInt8]($0)) },
            expiry: (row[8] as Int64?).map { WallTime(seconds: $0) })
    }

    static func bind(_ key: IPv6Subnet, to row: inout RowWriter) {
        row.bind(key.base.octets)
        row.bind(Int64(key.prefixLength))
    }

    static func bind(_ lease: IPv6Lease, to row: inout RowWriter) {
        row.bind(lease.kind.rawValue)
        row.bind(lease.duid)
        row.bind(Int64(lease.iaid))
        row.bind(lease.mac.map { Int64($0.value) })
        row.bind(lease.hostName)
        row.bind(lease.router?.octets)
        row.bind(lease.expiry?.seconds)
    }
}
