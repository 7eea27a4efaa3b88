internal import API
internal import ArgumentParser

/// One network, by name or UUID.
struct Reference: ParsableArguments {
    @Argument(help: "The network's name or UUID.") var network: String
}

/// Several networks, or all that are in the right state.
struct References: ParsableArguments {
    @Argument(help: "Names or UUIDs of networks.") var networks: [String] = []
    @Flag(help: "All networks.") var all = false

    func validate() throws {
        guard networks.isEmpty == all else { throw ValidationError("Name networks, or give --all.") }
    }

    /// The references; with `--all`, the names of those networks that `isWanted` says yes to.
    func resolve(_ client: Client, _ isWanted: (NetworkSummary) -> Bool) async throws -> [String] {
        guard all else { return networks }
        return try await client.get(["networks"], as: [NetworkSummary].self).filter(isWanted).map(\.name)
    }

    /// Does `body` for each, one after the other or several at once; one that fails does not keep the others from being done.
    func forEach(
        _ names: [String], atOnce limit: Int = 1, _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        let executor = BlockingExecutor()
        let isDone = await withTaskGroup(of: Bool.self) { group in
            var isDone = true
            for (index, name) in names.enumerated() {
                if index >= limit, await group.next() == false { isDone = false }
                group.addTask(executorPreference: executor) {
                    do {
                        try await body(name)
                        return true
                    } catch {
                        say("error: \(error)")
                        return false
                    }
                }
            }
            for await result in group where !result { isDone = false }
            return isDone
        }
        if !isDone { throw ExitCode.failure }
    }
}

struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "start",
        abstract: "Start networks that are defined.",
        discussion: "Starts the daemon too, where none runs.",
        aliases: ["net-start"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var references: References

    func run() async throws {
        let client = try instance.client()
        // While the responder takes up one network, the daemon makes the next.
        try await references.forEach(
            references.resolve(client) { !$0.isActive }, atOnce: references.all ? 8 : 1
        ) { name in
            let report: NetworkReport = try await client.post(["networks", name, "start"])
            report.printWarnings()
            print("Network \(report.network.name) started")
        }
    }
}

struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "stop",
        abstract: "Stop networks; their guests keep their taps, and have their network back with its next start.",
        aliases: ["destroy", "net-destroy", "net-stop"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var references: References

    func run() async throws {
        let client = try instance.client()
        // The kernel deletes several bridges in hardly more time than one.
        try await references.forEach(references.resolve(client, \.isActive), atOnce: 64) { name in
            let network: NetworkSummary = try await client.post(["networks", name, "stop"])
            print("Network \(network.name) \(Main.spelling.hasSuffix("destroy") ? "destroyed" : "stopped")")
        }
    }
}

struct Undefine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "undefine",
        abstract: "Forget a network's definition and its leases.",
        discussion: "A network that runs goes on until it is stopped.",
        aliases: ["net-undefine"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference

    func run() async throws {
        let network: NetworkSummary = try await instance.client().delete(["networks", reference.network])
        print("Network \(network.name) has been undefined")
    }
}

struct Autostart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "autostart",
        abstract: "Start a network whenever the machine boots.", aliases: ["net-autostart"])

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Flag(help: "Do not start it any more.") var disable = false

    func run() async throws {
        let network: NetworkSummary = try await instance.client().put(
            ["networks", reference.network, "autostart"], AutostartWish(enabled: !disable))
        print("Network \(network.name) \(disable ? "unmarked" : "marked") as autostarted")
    }
}
