internal import API
internal import ArgumentParser
internal import NetworkModel

struct DNSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "dns",
        abstract: "Look after a network's name service.", subcommands: [DNSCacheCommand.self, DNSLogCommand.self])
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

struct DNSLogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "log",
        abstract: "Show what guests have asked a network's name service, and what they were told.",
        discussion: """
            For a network with <vnet:queryLog>yes</vnet:queryLog>. A line an answer: the time, who asked, by UDP or TCP, the name, \
            the type, the response code, whose answer it is ('network', 'cache', 'stale', 'nobody' or a server's address), and \
            how long it took. The file is /var/lib/vnet/log/queries-NETWORK.log, for 'tail -f'.
            """)

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Option(help: "How many lines.") var lines = 100

    func run() async throws {
        let path = ["networks", reference.network, "dns", "log"]
        print(try await instance.client().text(path, query: "?lines=\(lines)"), terminator: "")
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
