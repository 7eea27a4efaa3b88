internal import API
internal import ArgumentParser

/// `vnet doctor`: what keeps networks from working.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "doctor",
        abstract: "Find what keeps a network's packets from their way.",
        discussion: """
            Looks at the whole firewall, at routes and at settings of the kernel, and says which table, chain and rule drops
            packets of the network, and what to do about it. The exit code is 1 where something was found and not fixed.

            With --fix, vnet does what is safe: it adds rules that hand the network's packets on to its own chains, and
            changes settings of single interfaces. A rule that names the network was meant so, and stays. The next stop of
            the network takes all of it back.
            """)

    @OptionGroup var instance: Instance
    @Argument(help: "The network's name or UUID; all that run where it is left out.") var network: String?
    @Flag(help: "Do what is safe about it, until the network stops.") var fix = false
    @Flag(help: "As data.") var json = false

    func run() async throws {
        let client = try instance.client()
        let query = network.map { "?network=\($0.percentEncoded)" } ?? ""
        let findings: [Finding] =
            fix ? try await client.post(["doctor"], query: query) : try await client.get(["doctor"], query: query)
        if json {
            try printJSON(findings)
        } else {
            var paragraphs = findings.map(\.text)
            if findings.allSatisfy({ $0.severity == .notice }) {
                paragraphs.insert("Nothing is in the way of \(network.map { "network \($0)" } ?? "any network")", at: 0)
            }
            print(paragraphs.joined(separator: "\n\n"))
        }
        if findings.contains(where: { $0.severity != .notice && !$0.isFixed }) { throw ExitCode.failure }
    }
}

extension Finding {
    /// The finding as a paragraph, its remedy line by line.
    fileprivate var text: String {
        var lines = ["\(isFixed ? "fixed" : severity.rawValue): \(network.map { "network \($0): " } ?? "")\(what)"]
        if let place {
            let rule = place.handle.map { "rule \($0): \(place.rule)" } ?? place.rule
            lines.append("  in table \(place.family) \(place.table), chain \(place.chain), \(rule)")
        }
        if !isFixed, !remedy.isEmpty {
            lines.append(isFixable ? "  'vnet doctor --fix' does until the network stops, or type:" : "  to be done:")
            lines += remedy.map { "    \($0)" }
        }
        return lines.joined(separator: "\n")
    }
}
