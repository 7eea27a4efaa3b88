internal import API
internal import ArgumentParser

struct Edit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "edit",
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
        let draft = try Draft(before, fileExtension: "xml")
        defer { draft.remove() }
        while true {
            let edited = try draft.edit()
            guard edited != before else {
                print("Network \(reference.network) XML configuration not changed.")
                return
            }
            guard try await client.text(path, query: "?inactive=true") == before else {
                throw CommandError(
                    "somebody else changed network '\(reference.network)' meanwhile, so nothing was written: edit it again"
                )
            }
            do {
                let report: NetworkReport = try await client.post(["networks"], body: [UInt8](edited.utf8))
                Document(label: nil, content: [UInt8](edited.utf8)).printWarnings(of: report)
                print("Network \(report.network.name) XML configuration edited.")
                return
            } catch let error as APIError {
                try Draft.askForAnother(after: error)
            }
        }
    }
}
