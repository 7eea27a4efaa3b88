internal import Foundation
internal import GRDB

/// The tables of versions before, and what makes today's of them.
///
/// The first had each network's UUID in each row, those after them a row for each address that was leased.
enum FormerTables {
    static func create(in migrator: inout DatabaseMigrator) {
        migrator.registerMigration("leases") { database in
            try database.execute(
                sql: """
                    CREATE TABLE lease (
                        network TEXT NOT NULL, address INTEGER NOT NULL, mac INTEGER NOT NULL, clientID BLOB, hostName TEXT,
                        expiry INTEGER, PRIMARY KEY (network, address)) WITHOUT ROWID, STRICT
                    """)
        }
        migrator.registerMigration("leases of IPv6") { database in
            try database.execute(
                sql: """
                    CREATE TABLE leaseIPv6 (
                        network TEXT NOT NULL, base BLOB NOT NULL, prefixLength INTEGER NOT NULL, kind TEXT NOT NULL,
                        duid BLOB NOT NULL, iaid INTEGER NOT NULL, mac INTEGER, hostName TEXT, expiry INTEGER,
                        PRIMARY KEY (network, base, prefixLength)) WITHOUT ROWID, STRICT
                    """)
        }
        migrator.registerMigration("records of leases") { database in
            try database.execute(
                sql: """
                    CREATE TABLE leaseRecord (
                        id INTEGER PRIMARY KEY AUTOINCREMENT, network TEXT NOT NULL, address TEXT NOT NULL,
                        prefixLength INTEGER NOT NULL, mac INTEGER, hostName TEXT, since INTEGER NOT NULL, until INTEGER) STRICT;
                    CREATE INDEX leaseRecordByAddress ON leaseRecord (network, address)
                    """)
        }
        migrator.registerMigration("networks by number") { database in
            try database.execute(
                sql: """
                    CREATE TABLE network (id INTEGER PRIMARY KEY NOT NULL, uuid TEXT NOT NULL UNIQUE) STRICT;
                    CREATE TABLE leaseOfIPv4 (
                        network INTEGER NOT NULL, address INTEGER NOT NULL, mac INTEGER NOT NULL, clientID BLOB, hostName TEXT,
                        expiry INTEGER, PRIMARY KEY (network, address)) WITHOUT ROWID, STRICT;
                    CREATE TABLE leaseOfIPv6 (
                        network INTEGER NOT NULL, base BLOB NOT NULL, prefixLength INTEGER NOT NULL, kind TEXT NOT NULL,
                        duid BLOB NOT NULL, iaid INTEGER NOT NULL, mac INTEGER, hostName TEXT, router BLOB, expiry INTEGER,
                        PRIMARY KEY (network, base, prefixLength)) WITHOUT ROWID, STRICT
                    """)
            try LeaseEventTable.create(in: database)
            // Who had which address before is known no longer.
            try database.execute(
                sql: """
                    INSERT INTO network (uuid) SELECT network FROM lease UNION SELECT network FROM leaseIPv6;
                    INSERT INTO leaseOfIPv4 SELECT network.id, address, mac, clientID, hostName, expiry
                        FROM lease JOIN network ON network.uuid = lease.network;
                    INSERT INTO leaseOfIPv6
                        SELECT network.id, base, prefixLength, kind, duid, iaid, mac, hostName, NULL, expiry
                        FROM leaseIPv6 JOIN network ON network.uuid = leaseIPv6.network;
                    DROP TABLE lease; DROP TABLE leaseIPv6; DROP TABLE leaseRecord
                    """)
        }
    }

    /// Takes the leases over into tables that only grow.
    static func takeOver(in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO \(IPv4LeaseTable.name) (network, id, address, mac, clientID, hostName, expiry)
                    SELECT network, ROW_NUMBER() OVER (PARTITION BY network ORDER BY address), address, mac, clientID, hostName,
                        expiry
                    FROM leaseOfIPv4;
                INSERT INTO \(IPv6LeaseTable.name)
                    (network, id, base, prefixLength, kind, duid, iaid, mac, hostName, router, expiry)
                    SELECT network, ROW_NUMBER() OVER (PARTITION BY network ORDER BY base, prefixLength), base, prefixLength,
                        kind, duid, iaid, mac, hostName, router, expiry
                    FROM leaseOfIPv6;
                DROP TABLE leaseOfIPv4; DROP TABLE leaseOfIPv6
                """)
    }
}
