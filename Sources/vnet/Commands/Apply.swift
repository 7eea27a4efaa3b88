internal import API
internal import ArgumentParser
internal import Daemon
internal import Foundation

struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "apply",
        abstract: "Make networks defined, running and as their files say.",
        discussion: """
            Changes only what differs, while guests stay attached, and prints what it did as commands; a network that is as its \
            file says is left alone. A file without a UUID means the network of its name.
            """
    )

    @OptionGroup var instance: Instance
    @Argument(help: "Networks' XML; '-' for standard input.", completion: .file(extensions: ["xml"]))
    var files: [String]
    @Flag(help: "Print what would be done, and do nothing.") var dryRun = false
    @Flag(help: "As data.") var json = false

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("Name a file.") }
    }

    func run() async throws {
        let client = try instance.client()
        var reports: [ApplyReport] = []
        var failed = false
        for file in files {
            do {
                let report: ApplyReport = try await Document(file: file).send { document in
                    try await client.post(["apply"], query: dryRun ? "?dryRun=true" : "", body: document)
                }
                reports.append(report)
                if !json { report.printPlan() }
                if !json, !dryRun { print(report.sentence(file)) }
            } catch {
                // What is wrong with a document has been said.
                if !(error is ExitCode) { say("error: \(error)") }
                failed = true
            }
        }
        if json { try printJSON(reports) }
        if failed { throw ExitCode.failure }
    }
}

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "plan",
        abstract: "Print what 'apply' would do, as commands, without doing it.",
        discussion: """
            Of a network that is defined, prints what it would take to make it run as its definition says. Needs no privilege \
            where no daemon runs.
            """
    )

    @OptionGroup var instance: Instance
    @Argument(
        help: "The network's XML, '-' for standard input, or a defined network's name or UUID.",
        completion: .file(extensions: ["xml"]))
    var source: String
    @Flag(help: "End with code 2 where something would be done.") var exitCode = false
    @Flag(help: "As data.") var json = false

    func run() async throws {
        let report = try await instance.plan(source)
        if json { try printJSON(report) } else { report.printPlan() }
        if exitCode, !report.isEmpty { throw ExitCode(2) }
    }
}

struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "diff",
        abstract: "Show how a network's file differs from the network.",
        discussion: """
            Compares a file with the network as it runs, or as it is on disk where it does not run; and a defined network, \
            given by name, with itself as it runs. Ends with code 2 where they differ.
            """
    )

    @OptionGroup var instance: Instance
    @Argument(
        help: "The network's XML, '-' for standard input, or a defined network's name or UUID.",
        completion: .file(extensions: ["xml"]))
    var source: String

    func run() async throws {
        let client = try instance.client()
        let report = try await instance.plan(source)
        let isKnown = try await client.get(["networks"], as: [NetworkSummary].self).contains { $0.name == report.name }
        let now = isKnown ? try await client.text(["networks", report.name, "xml"], query: "?form=file") : ""
        let lines = LineDifference(from: now, to: report.xml).lines(labels: "network \(report.name)", source)
        guard !lines.isEmpty else { return }
        print(lines.joined(separator: "\n"))
        throw ExitCode(2)
    }
}

extension Instance {
    /// What it would take to make a network as a file or its definition says.
    fileprivate func plan(_ source: String) async throws -> ApplyReport {
        let client = try client()
        let isFile = source == "-" || FileManager.default.fileExists(atPath: source)
        let hasDaemon = (try? client.probe()) != nil
        guard geteuid() == 0 || hasDaemon else {
            guard isFile else { throw CommandError("there is no file '\(source)', and no vnet daemon runs here") }
            return try OfflinePlan.report(for: Document(file: source).content, paths: paths)
        }
        if isFile {
            return try await Document(file: source).send { document in
                try await client.post(["apply"], query: "?dryRun=true", body: document)
            }
        }
        let definition = try await client.text(["networks", source, "xml"], query: "?inactive=true")
        return try await client.post(["apply"], query: "?dryRun=true", body: [UInt8](definition.utf8))
    }
}

extension ApplyReport {
    fileprivate func printPlan() {
        for warning in warnings { say("warning: \(warning)") }
        for change in changes { print("# network \(name): \(change.words)") }
        for step in steps { print(step) }
    }

    fileprivate func sentence(_ file: String) -> String {
        if isEmpty { return "Network \(name) is as \(file) says already" }
        return "Network \(name) \(changes.contains(.started) ? "started" : "changed") as \(file) says"
    }
}

extension ApplyReport.Change {
    fileprivate var words: String {
        switch self {
        case .defined: "define it"
        case .redefined: "change its definition"
        case .started: "start it"
        case .served: "serve guests with the new DHCP, DNS and router advertisements"
        }
    }
}
