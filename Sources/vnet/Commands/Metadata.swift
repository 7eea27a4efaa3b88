internal import API
internal import ArgumentParser

/// Which of a network's two definitions a command is about.
struct Scope: ParsableArguments {
    @Flag(help: "The network on disk.") var config = false
    @Flag(help: "The network as it runs.") var live = false
    @Flag(help: "The network as it runs, or on disk where it does not run; the default.") var current = false

    func validate() throws {
        guard !current || !(live || config) else {
            throw ValidationError("--current goes with neither --live nor --config.")
        }
    }
}

struct Desc: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "desc",
        abstract: "Print or change a network's description or title.",
        discussion: "An empty text removes it.",
        aliases: ["net-desc"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @OptionGroup var scope: Scope
    @Flag(help: "The title, one line that 'vnet list --title' shows.") var title = false
    @Flag(help: "Change it in an editor.") var edit = false
    @Flag(help: "As data.") var json = false
    @Argument(help: "The new text; more words than one are joined by blanks.") var newDesc: [String] = []

    func run() async throws {
        let client = try instance.client()
        let part = title ? MetadataPart.title : .description
        guard edit || !newDesc.isEmpty else {
            let text = try await client.metadata(reference.network, part, scope)
            if json { return try printJSON([part.kind.rawValue: text]) }
            return print(text ?? "No \(part.kind.rawValue) for network: \(reference.network)")
        }
        var text = newDesc.joined(separator: " ")
        if edit {
            let before = try await client.metadata(reference.network, part, scope) ?? ""
            let draft = try Draft(newDesc.isEmpty ? before : text, fileExtension: "txt")
            defer { draft.remove() }
            text = try draft.edit()
            // Editors put a line break at the end, which no title may have and no description means.
            if text.hasSuffix("\n") { text.removeLast() }
            guard text != before else { return print("Network \(part.kind.rawValue) not changed") }
        }
        let _: UpdateReport = try await client.put(
            ["networks", reference.network, "metadata"],
            MetadataWish(part, value: text, isLive: scope.live, isPersistent: scope.config))
        print("Network \(part.kind.rawValue) updated successfully")
    }
}

struct Metadata: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "metadata",
        abstract: "Print or change what a program keeps in a network's metadata.",
        discussion: "Each namespace has one element, which is written here without its prefix.",
        aliases: ["net-metadata"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Argument(help: "The namespace.") var uri: String
    @OptionGroup var scope: Scope
    @Flag(help: "Change it in an editor.") var edit = false
    @Option(help: "The prefix that the namespace gets; needed to change it.") var key: String?
    @Option(help: "The new element.") var set: String?
    @Flag(help: "Remove it.") var remove = false
    @Flag(help: "As data: the element as 'xml' of an object.") var json = false

    func validate() throws {
        guard [edit, remove, set != nil].count(where: { $0 }) <= 1 else {
            throw ValidationError("Only one of --edit, --remove and --set may be given.")
        }
        guard key != nil || !(edit || set != nil) else {
            throw ValidationError("Changing metadata needs a --key, the prefix of its namespace.")
        }
    }

    private var part: MetadataPart { .element(uri) }

    func run() async throws {
        let client = try instance.client()
        if edit { return try await edit(client) }
        if set != nil || remove {
            try await write(set, client)
            return print(remove ? "Metadata removed" : "Metadata modified")
        }
        guard let text = try await client.metadata(reference.network, part, scope) else {
            throw CommandError("network '\(reference.network)' has no metadata of namespace '\(uri)'")
        }
        if json { return try printJSON(["xml": text]) }
        print(text)
    }

    private func edit(_ client: Client) async throws {
        let before = try await client.metadata(reference.network, part, scope) ?? ""
        let draft = try Draft(before + "\n", fileExtension: "xml")
        defer { draft.remove() }
        while true {
            let edited = try draft.edit()
            guard edited != before + "\n" else { return print("Metadata not changed") }
            do {
                try await write(edited, client)
                return print("Metadata modified")
            } catch let error as APIError {
                try Draft.askForAnother(after: error)
            }
        }
    }

    private func write(_ value: String?, _ client: Client) async throws {
        let _: UpdateReport = try await client.put(
            ["networks", reference.network, "metadata"],
            MetadataWish(part, key: key, value: value, isLive: scope.live, isPersistent: scope.config))
    }
}

extension Client {
    /// A part of what a network says about itself; nil where it has none.
    func metadata(_ network: String, _ part: MetadataPart, _ scope: Scope) async throws -> String? {
        var query = "?part=\(part.kind.rawValue)&live=\(scope.live)&config=\(scope.config)"
        if let uri = part.uri { query += "&uri=" + uri.percentEncoded }
        do {
            return try await text(["networks", network, "metadata"], query: query)
        } catch let error as APIError where error.code == .notFound {
            // It is the part that is missing, or the network: this tells which.
            let _: NetworkSummary = try await get(["networks", network])
            return nil
        }
    }
}
