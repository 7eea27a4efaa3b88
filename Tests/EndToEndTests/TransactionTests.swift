internal import Foundation
internal import TestSupport
internal import Testing

/// Each step of each command fails once, and once the daemon is killed in it: what is there then is either all of the old or
/// all of the new.
@Suite(.requiresRoot)
struct TransactionTests {
    enum Command: String, CaseIterable, Sendable {
        case define, start, apply, rename, update, attach, detach, fix, stop, stopFixed, undefine
    }

    enum Fault: String, CaseIterable, Sendable { case fail, kill }

    private static let uuid = "8e24f487-90ca-4620-b131-1feb9360bfca"

    private static func lab(
        bridge: String = "br-lab", mode: String = "nat", subnet: String = "192.168.150", extra: String = ""
    ) -> String {
        network(
            "lab", mode: mode, bridge: bridge, subnet: subnet,
            extra: "<mac address='52:54:00:12:34:56'/>" + extra, uuid: uuid)
    }

    /// One site on which a command is tried again and again, each time from the same state.
    private struct Stage {
        let site: Site
        let command: Command
        let faults: String

        init(_ site: Site, _ command: Command) {
            self.site = site
            self.command = command
            faults = "\(site.lab.folder)/faults"
        }

        func vnet(_ words: String..., input: String? = nil) async throws -> Outcome {
            try await site.host.namespace.run(
                ["env", "VNET_ROOT=\(site.host.root)", "VNET_FAULTS=\(faults)", VNetHost.binary] + words, input: input)
        }

        /// Everything that is needed for the command to be possible, and nothing that it makes.
        func prepare() async throws {
            try await clear()
            guard command != .define else { return }
            _ = try await vnet("define", "-", input: TransactionTests.lab()).orThrow()
            guard command != .start, command != .undefine else { return }
            _ = try await vnet("start", "lab").orThrow()
            if command == .fix || command == .stopFixed {
                try await site.host.namespace.sh(
                    """
                    nft add table inet other
                    nft add chain inet other forward '{ type filter hook forward priority 0; policy drop; }'
                    """)
                if command == .stopFixed { _ = try await vnet("doctor", "--fix").orThrow() }
            }
            guard command != .attach else { return }
            _ = try await vnet("attach", "lab", "--name", "vm1", "--mac", "52:54:00:00:00:11").orThrow()
        }

        func clear() async throws {
            _ = try await vnet("detach", "lab", "vm1")
            _ = try await vnet("stop", "lab")
            _ = try await vnet("undefine", "lab")
            _ = try await site.host.namespace.run("nft", "delete", "table", "inet", "other")
        }

        func run() async throws -> Outcome {
            switch command {
            case .define: try await vnet("define", "-", input: TransactionTests.lab())
            case .start: try await vnet("start", "lab")
            case .apply:
                try await vnet(
                    "apply", "-",
                    input: TransactionTests.lab(
                        mode: "route", subnet: "10.77.0",
                        extra: "<mtu size='1400'/><route address='10.200.0.0' prefix='16' gateway='10.77.0.9'/>"))
            case .rename: try await vnet("apply", "-", input: TransactionTests.lab(bridge: "br-new"))
            case .update:
                try await vnet("update", "lab", "modify", "forward", "<forward mode='route'/>", "--live", "--config")
            case .attach: try await vnet("attach", "lab", "--name", "vm1", "--mac", "52:54:00:00:00:11")
            case .detach: try await vnet("detach", "lab", "vm1")
            case .fix: try await vnet("doctor", "lab", "--fix")
            case .stop, .stopFixed: try await vnet("stop", "lab")
            case .undefine: try await vnet("undefine", "lab")
            }
        }

        /// All of the host, but for the numbers that the kernel gives and what speaks of the daemon's own run.
        func state() async throws -> [String: String] {
            let snapshot = try await site.host.snapshot()
            return snapshot.sections.mapValues { text in
                text.split(separator: "\n").map { $0.replacing(#/^\d+: /#, with: "") }
                    // The ledger of the host's settings keeps more than is needed until the last network stops.
                    .filter { !$0.hasSuffix("/sysctls.json") }.sorted().joined(separator: "\n")
            }
        }
    }

    @Test(arguments: Command.allCases)
    func `a command that breaks off anywhere has done all or nothing`(command: Command) async throws {
        try await withSite { site in
            let stage = Stage(site, command)
            try await stage.prepare()
            let old = try await stage.state()
            _ = try await stage.run().orThrow()
            let new = try await stage.state()
            #expect(old != new)
            for fault in Fault.allCases {
                var isReached = true
                var point = 0
                while isReached, point < 100 {
                    point += 1
                    try await stage.prepare()
                    try "\(point) \(fault)".write(toFile: stage.faults, atomically: false, encoding: .utf8)
                    let outcome = try await stage.run()
                    isReached = FileManager.default.fileExists(atPath: stage.faults + ".done")
                    try? FileManager.default.removeItem(atPath: stage.faults + ".done")
                    // One that was not reached is not to wait for the next command.
                    try "0 \(fault)".write(toFile: stage.faults, atomically: false, encoding: .utf8)
                    // Where the daemon was killed, this starts the next one.
                    _ = try await stage.vnet("list").orThrow()
                    let now = try await stage.state()
                    if now != old, now != new {
                        Issue.record(
                            "\(command), point \(point), \(fault): \(outcome)\nagainst old: \(Self.changes(now, old))\nagainst new: \(Self.changes(now, new))"
                        )
                    }
                    // Who was told that it worked must find that it did.
                    if outcome.isSuccess { #expect(now == new, "\(command), point \(point), \(fault)") }
                }
                #expect(point > 1 && point < 100, "\(command), \(fault)")
            }
            try await stage.clear()
        }
    }

    private static func changes(_ now: [String: String], _ then: [String: String]) -> [String] {
        HostSnapshot(sections: now).changes(since: HostSnapshot(sections: then))
    }
}
