import Engine
import Foundation
import NetworkModel
import TestSupport
import Testing

@testable import Daemon

@Suite struct StateTests {
    private static func withRoot<T>(_ body: (Paths) throws -> T) throws -> T {
        let folder = FileManager.default.temporaryDirectory.appending(path: "vnet-state-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(Paths(root: folder.path))
    }

    private static let port = Port(
        network: "11111111-2222-3333-4444-555555555555", name: "vm1", tap: "vtap0", mac: "52:54:00:00:00:10",
        owner: 1_000,
        group: 1_000, isIsolated: false)

    @Test func portsOutliveTheDaemon() throws {
        try Self.withRoot { paths in
            try Files.makeDirectory(paths.ports)
            var table = PortTable(paths)
            try table.add(Self.port)
            #expect(PortTable(paths).ports(of: Self.port.network) == [Self.port])
            try table.remove(Self.port)
            #expect(PortTable(paths).ports.isEmpty)
            // Not even an empty folder stays.
            #expect(Files.names(in: paths.ports) == [])
        }
    }

    @Test(arguments: [
        ("vm1", true), ("a.b_c-9", true), ("", false), ("-x", false), ("a/b", false), ("..", false), ("a b", false),
        ("ü", false), (String(repeating: "x", count: 64), false),
    ])
    func portNames(name: String, isValid: Bool) { #expect(Port.isValid(name) == isValid) }

    /// The first value is what the host had; what vnet itself set later is not.
    @Test func theLedgerKeepsTheFirstValue() throws {
        try Self.withRoot { paths in
            try Files.makeDirectory(paths.run)
            let advertisements = Sysctl.acceptRouterAdvertisements("eth0")
            var ledger = SysctlLedger(paths)
            try ledger.record(before: [.ipv4Forwarding: "0"], after: [.ipv4Forwarding: "1"])
            try ledger.record(
                before: [.ipv4Forwarding: "1", .ipv6Forwarding: "0", advertisements: "1"],
                after: [.ipv4Forwarding: "1", .ipv6Forwarding: "1", advertisements: "2"])
            let reread = SysctlLedger(paths)
            #expect(reread.entries == ledger.entries)
            // Each goes back when it is needed no more; what another network needs stays, and what goes with it.
            let set = [Sysctl.ipv4Forwarding: "1", .ipv6Forwarding: "1", advertisements: "2"]
            #expect(reread.restorable(besides: [.ipv6Forwarding]) { set[$0] } == [.ipv4Forwarding: "0"])
            #expect(reread.restorable(besides: []) { set[$0] }.count == 3)
            // What somebody else has changed since is theirs.
            #expect(reread.restorable(besides: [.ipv6Forwarding]) { _ in "0" } == [:])
            try ledger.forget(besides: [])
            #expect(!Files.exists(paths.sysctls))
        }
    }

    /// What is as vnet wants it already is not vnet's to put back.
    @Test func theLedgerLeavesAloneWhatVnetDidNotChange() throws {
        try Self.withRoot { paths in
            try Files.makeDirectory(paths.run)
            var ledger = SysctlLedger(paths)
            try ledger.record(before: [.ipv4Forwarding: "1"], after: [.ipv4Forwarding: "1"])
            #expect(ledger.entries.isEmpty)
        }
    }

    @Test func writesWholeFilesOrNone() throws {
        try Self.withRoot { paths in
            try Files.makeDirectory(paths.run)
            let path = paths.run + "/file"
            try Files.write("old".utf8, to: path, durable: true)
            // The folder's own name in the way of the temporary file: the write fails, and the old content stays.
            try Files.makeDirectory(paths.run + "/.file~")
            #expect(throws: FileError.self) { try Files.write("new".utf8, to: path, durable: true) }
            #expect(try Files.read(path) == Array("old".utf8))
            #expect(try Files.read(paths.run + "/none") == nil)
        }
    }

    @Test func readsResolvConf() {
        let text = """
            # a comment
            domain example.test
            nameserver 203.0.113.53
            nameserver\t2001:db8::53
            nameserver fe80::1%eth0
            nameserver
            options edns0
            """
        #expect(Resolvers.parse(text).map(\.address) == ["203.0.113.53", "2001:db8::53"])
    }

    /// A file that cannot be read is left out with a sentence, and hides no other.
    @Test func leavesDamagedDefinitionsOut() throws {
        try Self.withRoot { paths in
            let store = try NetworkStore(paths)
            try store.save(NetworkDefinition(name: "lab", uuid: Self.port.network))
            try Files.write("<network><name>x".utf8, to: paths.networks + "/x.xml", durable: true)
            let (networks, problems) = store.definitions()
            #expect(networks.map(\.name) == ["lab"])
            #expect(problems.count == 1 && problems[0].contains("x.xml"))
        }
    }
}
