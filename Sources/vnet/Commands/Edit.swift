internal import API
internal import ArgumentParser
internal import Foundation

struct Edit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Change a network's definition in an editor.",
        discussion: """
            Runs $VISUAL, else $EDITOR, else vi. A definition that is refused can be edited again; one that somebody else changed \
            meanwhile is not overwritten. A network that runs takes its new definition with its next start.
            """,
        aliases: ["net-edit"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference

    func run() async throws {
        let client = try instance.client()
        let path = ["networks", reference.network, "xml"]
        let before = try await client.text(path, query: "?inactive=true")
        let file = FileManager.default.temporaryDirectory.appending(path: "vnet-\(UUID()).xml")
        try Data(before.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        while true {
            try edit(file.path)
            let edited = try Data(contentsOf: file)
            guard edited != Data(before.utf8) else {
                print("Network \(reference.network) XML configuration not changed.")
                return
            }
            guard try await client.text(path, query: "?inactive=true") == before else {
                throw CommandError(
                    "somebody else changed network '\(reference.network)' meanwhile, so nothing was written: edit it again"
                )
            }
            do {
                let report: NetworkReport = try await client.post(["networks"], body: [UInt8](edited))
                report.printWarnings()
                print("Network \(report.network.name) XML configuration edited.")
                return
            } catch let error as APIError {
                say("error: \(error)")
                guard isatty(STDIN_FILENO) == 1, asks("Edit it again? [Y/n] ") else { throw ExitCode.failure }
            }
        }
    }

    /// Runs the user's editor, whose words may have arguments of their own, through the shell, as other programs do.
    private func edit(_ file: String) throws {
        let environment = ProcessInfo.processInfo.environment
        let editor = environment["VISUAL"] ?? environment["EDITOR"] ?? "vi"
        let code = try runProgram(["/bin/sh", "-c", "exec \(editor) \"$1\"", "sh", file])
        guard code == 0 else { throw CommandError("'\(editor)' ended with code \(code), so nothing was written") }
    }

    private func asks(_ question: String) -> Bool {
        print(question, terminator: "")
        fflush(nil)
        return readLine().map { !$0.lowercased().hasPrefix("n") } ?? false
    }
}
