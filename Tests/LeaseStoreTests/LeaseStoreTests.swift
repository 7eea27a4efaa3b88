import Foundation
import LeaseStore
import NetworkModel
import TestSupport
import Testing

@Suite struct LeaseStoreTests {
    private static let lab: NetworkUUID = "11111111-2222-3333-4444-555555555555"
    private static let other: NetworkUUID = "22222222-2222-3333-4444-555555555555"

    private static let full = Lease(
        address: "10.0.7.100", mac: "52:54:00:00:00:10", clientID: [1, 0, 255], hostName: "vm1",
        expiry: WallTime(seconds: 1_800_000_000))
    private static let bare = Lease(address: "255.255.255.255", mac: "ff:ff:ff:ff:ff:ff")

    private static func withFolder<T>(_ body: (String) throws -> T) throws -> T {
        let folder = FileManager.default.temporaryDirectory.appending(path: "vnet-leases-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.appending(path: "leases.db").path)
    }

    @Test func keepsEveryFieldForTheNextProcess() throws {
        try Self.withFolder { path in
            try LeaseStore(path: path).commit([(Self.lab, .store(Self.full)), (Self.lab, .store(Self.bare))])
            #expect(try LeaseStore(path: path).leases(of: Self.lab).ipv4 == [Self.full, Self.bare])
        }
    }

    /// A power cut leaves any part of what was written last: whatever was acknowledged is there, and nothing by halves.
    @Test func losesNothingThatWasAcknowledgedWhereverItsLogIsCut() throws {
        try Self.withFolder { path in
            // Its tables are in the file itself, and in the log are the commits alone.
            _ = try LeaseStore(path: path)
            let store = try LeaseStore(path: path)
            let leases = (1...12).map { number in
                Lease(
                    address: IPv4Address(0x0A00_0700 + UInt32(number)),
                    mac: MACAddress(0x5254_0000_0000 + UInt64(number)),
                    clientID: [UInt8](repeating: UInt8(number), count: 40 * number), hostName: "vm\(number)")
            }
            var acknowledgedAt: [Int] = []
            for lease in leases {
                try store.commit(
                    [(Self.lab, .store(lease))],
                    news: [LeaseNews(network: Self.lab, kind: .added, lease: .v4(lease))], at: WallTime(seconds: 1))
                acknowledgedAt.append(try Data(contentsOf: URL(filePath: path + "-wal")).count)
            }
            let database = try Data(contentsOf: URL(filePath: path))
            let log = try Data(contentsOf: URL(filePath: path + "-wal"))
            let ends = acknowledgedAt.flatMap { [$0 - 1, $0, $0 + 1] }.filter { $0 <= log.count }
            var seen: Set<Int> = []
            for cut in Array(stride(from: 0, to: log.count, by: 211)) + ends {
                try Self.withFolder { copy in
                    try database.write(to: URL(filePath: copy))
                    try log.prefix(cut).write(to: URL(filePath: copy + "-wal"))
                    let found = try LeaseStore(path: copy)
                    let kept = try found.leases(of: Self.lab).ipv4
                    #expect(kept == Array(leases.prefix(kept.count)), "cut at \(cut)")
                    #expect(kept.count >= acknowledgedAt.count { $0 <= cut }, "cut at \(cut)")
                    seen.insert(kept.count)
                    let records = try found.records(of: Self.lab, address: nil, at: nil)
                    #expect(records.count == kept.count, "cut at \(cut)")
                }
            }
            // The log was cut before the first commit, between any two, and behind the last.
            #expect(seen == Set(0...leases.count))
        }
    }

    /// The same at each octet of one commit: it is there as a whole or not at all, and what was acknowledged before it is.
    @Test func losesNothingWhereverACommitIsCut() throws {
        try Self.withFolder { path in
            _ = try LeaseStore(path: path)
            let store = try LeaseStore(path: path)
            var ends: [Int] = []
            for lease in [Self.full, Self.bare] {
                try store.commit(
                    [(Self.lab, .store(lease))],
                    news: [LeaseNews(network: Self.lab, kind: .added, lease: .v4(lease))], at: WallTime(seconds: 1))
                ends.append(try Data(contentsOf: URL(filePath: path + "-wal")).count)
            }
            let database = try Data(contentsOf: URL(filePath: path))
            let log = try Data(contentsOf: URL(filePath: path + "-wal"))
            #expect(ends[1] == log.count && ends[1] - ends[0] > 1_000)
            let copy = path + ".copy"
            for cut in ends[0]...log.count {
                try database.write(to: URL(filePath: copy))
                try log.prefix(cut).write(to: URL(filePath: copy + "-wal"))
                let kept = try LeaseStore(path: copy).leases(of: Self.lab).ipv4
                #expect(kept == (cut < log.count ? [Self.full] : [Self.full, Self.bare]), "cut at \(cut)")
                for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: copy + suffix) }
            }
        }
    }

    /// Who had an address, when: known after the lease's end, and found by address and time.
    @Test func recordsWhoHadWhat() throws {
        try Self.withFolder { path in
            func news(_ kind: LeaseNews.Kind, _ lease: Lease, of network: NetworkUUID = Self.lab) -> LeaseNews {
                LeaseNews(network: network, kind: kind, lease: .v4(lease))
            }
            func record(_ lease: Lease, _ since: Int64, _ until: Int64?) -> LeaseRecord {
                LeaseRecord(
                    address: .v4(lease.address), prefixLength: 32, mac: lease.mac, hostName: lease.hostName,
                    since: WallTime(seconds: since), until: until.map { WallTime(seconds: $0) })
            }
            let other = Lease(address: Self.full.address, mac: "52:54:00:00:00:11")
            let store = try LeaseStore(path: path)
            for (seconds, item) in [
                (10, news(.added, Self.full)), (20, news(.ended, Self.full)), (30, news(.added, other)),
                (31, news(.added, Self.bare)), (32, news(.added, Self.full, of: Self.other)),
                (40, news(.changed, Self.full)),
            ] as [(Int64, LeaseNews)] {
                try store.commit([], news: [item], at: WallTime(seconds: seconds))
            }
            let (first, second, third) = (record(Self.full, 10, 20), record(other, 30, 40), record(Self.full, 40, nil))
            let again = try LeaseStore(path: path)
            #expect(try again.records(of: Self.lab) == [third, record(Self.bare, 31, nil), second, first])
            #expect(try again.records(of: Self.lab, address: .v4(Self.full.address)) == [third, second, first])
            for (seconds, expected) in [(9, []), (10, [first]), (20, []), (39, [second]), (40, [third])] {
                let found = try again.records(
                    of: Self.lab, address: .v4(Self.full.address), at: WallTime(seconds: Int64(seconds)))
                #expect(found == expected, "at \(seconds)")
            }
            try again.forget(Self.lab)
            #expect(try again.records(of: Self.lab) == [])
            #expect(try again.records(of: Self.other).count == 1)
        }
    }

    /// What guests of one network do makes no other's records be forgotten.
    @Test func forgetsTheOldestRecordsOfEachNetwork() throws {
        try Self.withFolder { path in
            let store = try LeaseStore(path: path)
            func add(_ count: Int, to network: NetworkUUID, from start: Int) throws {
                let news = (start..<start + count).map { number in
                    let lease = Lease(address: IPv4Address(UInt32(number)), mac: MACAddress(UInt64(number)))
                    return LeaseNews(network: network, kind: .added, lease: .v4(lease))
                }
                try store.commit([], news: news, at: WallTime(seconds: 1))
            }
            try add(10, to: Self.other, from: 1)
            try add(12_000, to: Self.lab, from: 1)
            #expect(try store.records(of: Self.other).count == 10)
            #expect(try store.records(of: Self.lab).count == 1_000)
            #expect(try store.records(of: Self.lab, address: "0.0.0.9").isEmpty)
            #expect(try store.records(of: Self.lab, address: .v4(IPv4Address(5_000))).count == 1)
        }
    }

    @Test func keepsEveryFieldOfIPv6() throws {
        try Self.withFolder { path in
            let full = IPv6Lease(
                "fd00::/56", kind: .prefix, duid: [0, 4, 255], iaid: .max, mac: "52:54:00:00:00:10", hostName: "vm1",
                expiry: WallTime(seconds: 1_800_000_000))
            let bare = IPv6Lease("ffff::1/128", duid: [0, 3, 1], iaid: 0, mac: nil)
            try LeaseStore(path: path).commit([
                (Self.lab, .storeIPv6(bare)), (Self.lab, .storeIPv6(full)), (Self.other, .storeIPv6(bare)),
                (Self.lab, .store(Self.bare)),
            ])
            let store = try LeaseStore(path: path)
            #expect(try store.leases(of: Self.lab) == NetworkLeases(ipv4: [Self.bare], ipv6: [full, bare]))
            // A prefix and an address that begin alike are two leases.
            let start = IPv6Lease("fd00::/128", duid: [1, 2, 3], iaid: 7, mac: nil)
            try store.commit([(Self.lab, .storeIPv6(start)), (Self.lab, .removeIPv6(full.prefix))])
            #expect(try store.leases(of: Self.lab).ipv6 == [start, bare])
            try store.forget(Self.lab)
            #expect(try store.leases(of: Self.lab) == NetworkLeases())
            #expect(try store.leases(of: Self.other).ipv6 == [bare])
        }
    }

    @Test func replacesRemovesAndForgets() throws {
        try Self.withFolder { path in
            let store = try LeaseStore(path: path)
            var renewed = Self.full
            renewed.expiry = nil
            try store.commit([(Self.lab, .store(Self.full)), (Self.other, .store(Self.full))])
            try store.commit([(Self.lab, .store(renewed)), (Self.lab, .store(Self.bare))])
            try store.commit([(Self.lab, .remove(Self.bare.address)), (Self.lab, .remove("10.0.0.1"))])
            #expect(try store.leases(of: Self.lab).ipv4 == [renewed])
            try store.forget(Self.lab)
            #expect(try store.leases(of: Self.lab).ipv4 == [])
            #expect(try store.leases(of: Self.other).ipv4 == [Self.full])
        }
    }

    /// What was committed is in the files as they are, without a clean close: as after a power cut.
    @Test func isOnDiskWhenCommitReturns() throws {
        try Self.withFolder { path in
            let store = try LeaseStore(path: path)
            try store.commit([(Self.lab, .store(Self.full))])
            let copy = path + ".copy"
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
            }
            #expect(try LeaseStore(path: copy).leases(of: Self.lab).ipv4 == [Self.full])
            #expect(try store.leases(of: Self.lab).ipv4 == [Self.full])
        }
    }

    /// Set by an hour, while a process ran and between two; after another start of the machine it is as it is.
    @Test func leasesLastAsLongAsTheyWereToWhenTheClockIsSet() throws {
        try Self.withFolder { path in
            let end = Self.full.expiry?.seconds ?? 0
            func expiry(_ store: LeaseStore) throws -> Int64? {
                try store.leases(of: Self.lab).ipv4.first?.expiry?.seconds
            }
            let store = try LeaseStore(path: path)
            try store.follow(offset: 1_000, ofMachineStart: "first")
            try store.commit([(Self.lab, .store(Self.full)), (Self.lab, .store(Self.bare))])
            try store.moveExpiries(by: 3_600, offset: 4_600)
            #expect(try expiry(store) == end + 3_600)
            let second = try LeaseStore(path: path)
            try second.follow(offset: 4_601, ofMachineStart: "first")
            #expect(try expiry(second) == end + 3_600)
            try second.follow(offset: 1_001, ofMachineStart: "first")
            #expect(try expiry(second) == end)
            try second.follow(offset: 99_999, ofMachineStart: "second")
            #expect(try expiry(second) == end)
            #expect(try second.leases(of: Self.lab).ipv4.last == Self.bare)
        }
    }

    /// The tables of the first versions, as they were made then.
    @Test func takesOverTheLeasesOfTheFirstVersions() throws {
        try Self.withFolder { path in
            try Self.makeDatabase(
                path,
                """
                CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                INSERT INTO grdb_migrations VALUES ('leases'), ('leases of IPv6'), ('records of leases');
                CREATE TABLE lease (network TEXT NOT NULL, address INTEGER NOT NULL, mac INTEGER NOT NULL, clientID BLOB,
                    hostName TEXT, expiry INTEGER, PRIMARY KEY (network, address)) WITHOUT ROWID, STRICT;
                CREATE TABLE leaseIPv6 (network TEXT NOT NULL, base BLOB NOT NULL, prefixLength INTEGER NOT NULL,
                    kind TEXT NOT NULL, duid BLOB NOT NULL, iaid INTEGER NOT NULL, mac INTEGER, hostName TEXT,
                    expiry INTEGER, PRIMARY KEY (network, base, prefixLength)) WITHOUT ROWID, STRICT;
                CREATE TABLE leaseRecord (id INTEGER PRIMARY KEY AUTOINCREMENT, network TEXT NOT NULL, address TEXT NOT NULL,
                    prefixLength INTEGER NOT NULL, mac INTEGER, hostName TEXT, since INTEGER NOT NULL, until INTEGER) STRICT;
                INSERT INTO lease VALUES
                    ('\(Self.lab)', \(Self.full.address.value), \(Self.full.mac.value), x'0100ff', 'vm1', 1800000000);
                INSERT INTO leaseIPv6 VALUES
                    ('\(Self.other)', x'fd000000000000000000000000000001', 128, 'address', x'000301', 7, NULL, NULL, NULL);
                """)
            let store = try LeaseStore(path: path)
            #expect(try store.leases(of: Self.lab).ipv4 == [Self.full])
            #expect(
                try store.leases(of: Self.other).ipv6 == [IPv6Lease("fd00::1/128", duid: [0, 3, 1], iaid: 7, mac: nil)])
        }
    }

    /// The tables that were sorted by address, as they were made then.
    @Test func takesOverTheLeasesOfSortedTables() throws {
        try Self.withFolder { path in
            try Self.makeDatabase(
                path,
                """
                CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                INSERT INTO grdb_migrations VALUES
                    ('leases'), ('leases of IPv6'), ('records of leases'), ('networks by number'), ('clock');
                CREATE TABLE network (id INTEGER PRIMARY KEY NOT NULL, uuid TEXT NOT NULL UNIQUE) STRICT;
                CREATE TABLE leaseOfIPv4 (network INTEGER NOT NULL, address INTEGER NOT NULL, mac INTEGER NOT NULL,
                    clientID BLOB, hostName TEXT, expiry INTEGER, PRIMARY KEY (network, address)) WITHOUT ROWID, STRICT;
                CREATE TABLE leaseOfIPv6 (network INTEGER NOT NULL, base BLOB NOT NULL, prefixLength INTEGER NOT NULL,
                    kind TEXT NOT NULL, duid BLOB NOT NULL, iaid INTEGER NOT NULL, mac INTEGER, hostName TEXT, router BLOB,
                    expiry INTEGER, PRIMARY KEY (network, base, prefixLength)) WITHOUT ROWID, STRICT;
                CREATE TABLE leaseEvent (network INTEGER NOT NULL, id INTEGER NOT NULL, time INTEGER NOT NULL,
                    address BLOB NOT NULL, prefixLength INTEGER NOT NULL, mac INTEGER, hostName TEXT, isEnd INTEGER NOT NULL,
                    PRIMARY KEY (network, id)) WITHOUT ROWID, STRICT;
                CREATE TABLE clock (machineStart TEXT NOT NULL, offset INTEGER NOT NULL) STRICT;
                INSERT INTO network VALUES (3, '\(Self.lab)'), (4, '\(Self.other)');
                INSERT INTO leaseOfIPv4 VALUES
                    (3, \(Self.bare.address.value), \(Self.bare.mac.value), NULL, NULL, NULL),
                    (3, \(Self.full.address.value), \(Self.full.mac.value), x'0100ff', 'vm1', 1800000000),
                    (4, \(Self.bare.address.value), \(Self.bare.mac.value), NULL, NULL, NULL);
                INSERT INTO leaseOfIPv6 VALUES (4, x'fd000000000000000000000000000000', 56, 'prefix', x'000301', 7, NULL, 'vm2',
                    x'fe800000000000000000000000000001', NULL);
                INSERT INTO leaseEvent VALUES
                    (3, 1, 10, x'0a000764', 32, \(Self.full.mac.value), 'vm1', 0);
                """)
            let store = try LeaseStore(path: path)
            let prefix = IPv6Lease(
                "fd00::/56", kind: .prefix, duid: [0, 3, 1], iaid: 7, mac: nil, hostName: "vm2", router: "fe80::1")
            for _ in 0..<2 {
                #expect(try store.leases(of: Self.lab) == NetworkLeases(ipv4: [Self.full, Self.bare]))
                #expect(try store.leases(of: Self.other) == NetworkLeases(ipv4: [Self.bare], ipv6: [prefix]))
                #expect(try store.records(of: Self.lab).map(\.hostName) == ["vm1"])
                try store.commit([(Self.lab, .store(Self.full)), (Self.other, .storeIPv6(prefix))])
            }
        }
    }

    private static func makeDatabase(_ path: String, _ sql: String) throws {
        let program = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program, path, sql]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    /// Renewals, ends and returns at random: what is read again is what it should be, and the file stays as large as leases of
    /// so many guests make it.
    @Test func keepsNoMoreThanItNeedsHoweverOftenLeasesChange() throws {
        try Self.withFolder { path in
            let store = try LeaseStore(path: path)
            var generator = SeededGenerator(seed: 7)
            var expected: [IPv4Address: Lease] = [:]
            var expectedIPv6: [IPv6Subnet: IPv6Lease] = [:]
            var sizes: [Int] = []
            for round in 0..<120 {
                var changes: [LeaseChange] = []
                for _ in 0..<150 {
                    let number = UInt32.random(in: 1...700, using: &generator)
                    let (address, ends) = (IPv4Address(0x0A00_0000 + number), Bool.random(using: &generator))
                    if ends, number % 3 == 0 {
                        changes.append(.remove(address))
                        expected[address] = nil
                    } else {
                        let lease = Lease(
                            address: address, mac: MACAddress(UInt64(number)), hostName: "vm\(number)",
                            expiry: WallTime(seconds: Int64(round)))
                        changes.append(.store(lease))
                        expected[address] = lease
                    }
                    let prefix = try #require(
                        IPv6Subnet(containing: IPv6Address(UInt128(number % 40) << 8), prefixLength: 120))
                    if ends {
                        changes.append(.removeIPv6(prefix))
                        expectedIPv6[prefix] = nil
                    } else {
                        let lease = IPv6Lease(
                            prefix, kind: .prefix, duid: [0, 3, UInt8(number & 255)], iaid: number, mac: nil,
                            expiry: WallTime(seconds: Int64(round)))
                        changes.append(.storeIPv6(lease))
                        expectedIPv6[prefix] = lease
                    }
                }
                try store.commit(changes.map { (Self.lab, $0) })
                guard round % 10 == 9 else { continue }
                let again = try LeaseStore(path: path)
                let leases = NetworkLeases(
                    ipv4: expected.values.sorted { $0.address < $1.address },
                    ipv6: expectedIPv6.values.sorted { $0.prefix < $1.prefix })
                #expect(try again.leases(of: Self.lab) == leases, "round \(round)")
                // Closed by its last user, the log is in the file.
                let copy = path + ".copy"
                for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
                    try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
                }
                do { #expect(try LeaseStore(path: copy).leases(of: Self.lab) == leases, "round \(round)") }
                sizes.append(try Data(contentsOf: URL(filePath: copy)).count)
                for file in try FileManager.default.contentsOfDirectory(
                    atPath: (path as NSString).deletingLastPathComponent)
                where file.contains(".copy") {
                    try FileManager.default.removeItem(
                        atPath: (path as NSString).deletingLastPathComponent + "/" + file)
                }
            }
            // 700 and 40 leases, at most twice that and a thousand rows of each.
            #expect(sizes.allSatisfy { $0 < 400_000 }, "\(sizes)")
        }
    }

    /// What a commit that failed has not changed on disk, the next one does not take for changed.
    @Test func aCommitThatFailsChangesNothing() throws {
        try Self.withFolder { path in
            let store = try LeaseStore(path: path)
            try store.commit([(Self.lab, .store(Self.full))])
            let lock = Process()
            let (held, done) = (Pipe(), Pipe())
            let program = """
                import sqlite3, sys
                database = sqlite3.connect(sys.argv[1], isolation_level=None)
                database.execute('BEGIN IMMEDIATE')
                print('held', flush=True)
                sys.stdin.read()
                """
            lock.executableURL = URL(filePath: "/usr/bin/env")
            lock.arguments = ["python3", "-c", program, path]
            lock.standardOutput = held
            lock.standardInput = done
            try lock.run()
            _ = held.fileHandleForReading.availableData
            #expect(throws: LeaseStoreError.self) {
                try store.commit([(Self.lab, .remove(Self.full.address)), (Self.other, .store(Self.bare))])
            }
            try done.fileHandleForWriting.close()
            lock.waitUntilExit()
            #expect(try store.leases(of: Self.lab).ipv4 == [Self.full])
            #expect(try store.leases(of: Self.other).ipv4 == [])
            try store.commit([(Self.lab, .remove(Self.full.address)), (Self.other, .store(Self.bare))])
            #expect(try store.leases(of: Self.lab).ipv4 == [])
            #expect(try store.leases(of: Self.other).ipv4 == [Self.bare])
        }
    }

    /// A page in the middle that the disk has lost is found when the database is opened, not when a guest asks.
    @Test func findsDamageInside() throws {
        try Self.withFolder { path in
            do {
                let store = try LeaseStore(path: path)
                let leases = (0..<2_000).map {
                    Lease(address: IPv4Address($0), mac: "52:54:00:00:00:10", hostName: "vm\($0)")
                }
                try store.commit(leases.map { (Self.lab, .store($0)) })
            }
            let file = try FileHandle(forUpdating: URL(filePath: path))
            let size = try file.seekToEnd()
            #expect(size > 16_384)
            try file.seek(toOffset: size / 2 / 4_096 * 4_096)
            try file.write(contentsOf: Data(repeating: 0x55, count: 4_096))
            try file.close()
            let error = #expect(throws: LeaseStoreError.self) { try LeaseStore(path: path) }
            #expect(error?.isDamage == true)
        }
    }

    @Test func refusesWhatIsNoDatabase() throws {
        try Self.withFolder { path in
            try Data(repeating: 0x55, count: 4_096).write(to: URL(filePath: path))
            let error = #expect(throws: LeaseStoreError.self) { try LeaseStore(path: path) }
            #expect(error?.description.contains("open lease database '\(path)'") == true)
            #expect(error?.isDamage == true)
        }
    }
}

extension LeaseStore {
    fileprivate func commit(_ changes: [(network: NetworkUUID, change: LeaseChange)]) throws {
        try commit(changes, news: [], at: WallTime(seconds: 0))
    }
}
