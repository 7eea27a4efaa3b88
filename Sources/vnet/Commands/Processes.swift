internal import ArgumentParser
internal import Daemon
internal import Responder

struct DaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon",
        abstract: "Run the privileged process that builds networks, in the foreground.",
        discussion: "Other commands start it by themselves. Networks outlive it; the next one takes them over."
    )

    @OptionGroup var instance: Instance
    @Flag(help: "Log more.") var debug = false

    func run() async throws {
        try await DaemonProcess.run(paths: instance.paths, isVerbose: debug)
    }
}

struct ResponderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "responder",
        abstract: "The unprivileged process that answers guests; only the daemon starts it.",
        shouldDisplay: false
    )

    @Option(help: "The folder of the lease database.") var leases: String

    func run() throws { try ResponderProcess.run(leases: leases) }
}
