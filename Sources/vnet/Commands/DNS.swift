internal import API
internal import ArgumentParser
internal import NetworkModel

struct DNSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "dns",
        abstract: "Look after a network's name service.", subcommands: [DNSCacheCommand.self])
}

struct DNSCacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "cache",
        abstract: "Show what a network remembers of other servers' answers, or forget it.")

    enum Action: String, ExpressibleByArgument, CaseIterable { case stats, flush }

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Argument(help: "What to do: stats, which is the default, or flush.") var action = Action.stats
    @Flag(help: "As data.") var json = false

    func run() async throws {
        let path = ["networks", reference.network, "dns", "cache"]
        let client = try instance.client()
        let statistics: DNSCacheStatistics
        switch action {
        case .stats: statistics = try await client.get(path)
        case .flush: statistics = try await client.delete(path)
        }
        if json { return try printJSON(statistics) }
        if action == .flush { return print("DNS cache of network \(reference.network) flushed") }
        for (name, value) in statistics.lines {
            print((name + ":").padding(to: 16) + value)
        }
    }
}

extension DNSCacheStatistics {
    fileprivate var lines: [(String, String)] {
        [
            ("Entries", "\(entries)"),
            ("Size", "\(size >> 10) of \(limit >> 10) KiB"),
            ("Hits", "\(hits)"),
            ("Misses", "\(misses)"),
            ("Stale answers", "\(staleAnswers)"),
            ("Prefetches", "\(prefetches)"),
            ("Evictions", "\(evictions)"),
        ]
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
