internal import ArgumentParser

// Each command is parsed by itself: to go down to it from `vnet`, ArgumentParser would parse two commands of its own and
// `vnet` first, which takes longer than most commands take.

extension CommandConfiguration {
    /// What one of `vnet`'s commands is called and does, as help shows it.
    init(
        _ commandName: String, abstract: String, usage: String? = nil, discussion: String = "",
        shouldDisplay: Bool = true, subcommands: [any ParsableCommand.Type] = [], aliases: [String] = []
    ) {
        self.init(
            commandName: commandName, abstract: abstract, usage: usage, discussion: discussion,
            shouldDisplay: shouldDisplay, subcommands: subcommands, aliases: aliases)
        _superCommandName = "vnet"
    }
}

extension VNet {
    /// Reads a command line without the program's name; throws what `exit(withError:)` takes.
    static func command(_ words: [String]) throws -> any ParsableCommand {
        if let name = words.first, let command = command(named: name),
            let parsed = try? command.parseAsRoot(Array(words.dropFirst()))
        {
            return parsed
        }
        // Help, and what is wrong, are told by `vnet` itself, which knows the whole line.
        return try parseAsRoot(words)
    }

    private static func command(named name: String) -> (any ParsableCommand.Type)? {
        configuration.groupedSubcommands.lazy.flatMap(\.subcommands).first { command in
            command.configuration.commandName == name || command.configuration.aliases.contains(name)
        }
    }
}
