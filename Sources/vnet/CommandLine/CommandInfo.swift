internal import ArgumentParser
internal import Foundation

/// A command as data, for what looks at the command line as a whole: completion, the manual page, virsh's spellings.
struct CommandInfo: Decodable {
    var commandName: String
    var aliases: [String]?
    var abstract: String?
    var discussion: String?
    /// False for what only vnet itself starts.
    var shouldDisplay: Bool
    var subcommands: [CommandInfo]?
    var arguments: [ArgumentInfo]?

    /// All of `vnet`, as ArgumentParser describes it.
    static func root() throws -> Self {
        struct Tool: Decodable { var command: CommandInfo }
        return try JSONDecoder().decode(Tool.self, from: Data(VNet._dumpHelp().utf8)).command
    }

    var names: [String] { [commandName] + (aliases ?? []) }
    /// Those that people use, in the order in which help shows them.
    var commands: [CommandInfo] { (subcommands ?? []).filter(\.shouldDisplay) }
    var positionals: [ArgumentInfo] { (arguments ?? []).filter { $0.kind == .positional } }
    var options: [ArgumentInfo] { (arguments ?? []).filter { $0.kind != .positional && $0.shouldDisplay } }

    func command(named name: String) -> CommandInfo? { subcommands?.first { $0.names.contains(name) } }

    /// The flag or option that a word such as `--all` or `--root=/x` gives.
    func option(_ word: String) -> ArgumentInfo? {
        let name = word.split(separator: "=", maxSplits: 1).first.map { String($0) } ?? word
        return (arguments ?? []).first { $0.spellings.contains(name) }
    }
}

/// An argument, option or flag of a command.
struct ArgumentInfo: Decodable {
    enum Kind: String, Decodable { case positional, option, flag }

    struct Name: Decodable {
        var kind: String
        var name: String

        /// As it is typed.
        var spelling: String { (kind == "long" ? "--" : "-") + name }
    }

    /// What a shell can offer besides words.
    struct CompletionKind: Decodable {
        struct Anything: Decodable {}
        var file: Anything?
        var directory: Anything?
    }

    var kind: Kind
    var shouldDisplay: Bool
    var isOptional: Bool
    var isRepeating: Bool
    var names: [Name]?
    var valueName: String?
    /// All values that it takes, where they can be listed.
    var allValues: [String]?
    var abstract: String?
    var completionKind: CompletionKind?

    var spellings: [String] { (names ?? []).map(\.spelling) }
    var takesFile: Bool { completionKind?.file != nil || completionKind?.directory != nil }
}
