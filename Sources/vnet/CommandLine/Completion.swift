internal import Daemon
internal import Foundation

/// What a shell offers for the word that is being typed, from what the commands take and from the names there are.
struct Completion {
    enum Offer: Equatable {
        case words([String])
        /// The shell knows its files best.
        case files
    }

    let root: CommandInfo
    /// Reads the names of an instance; nil stands for the one that the environment names.
    let names: (String?) -> KnownNames

    /// What fits the word at `index` of the command line, whose first is `vnet`; one behind the last is empty.
    func offer(for words: [String], at index: Int) -> Offer {
        let typed = index < words.count ? words[index] : ""
        var reader = Reader(root: root)
        for word in words.prefix(index).dropFirst() { reader.read(word) }
        // bash makes `--root=x` three words.
        if typed == "=" { return .words([]) }
        switch candidates(reader, typed) {
        case .files: return .files
        case .words(let words): return .words(words.filter { $0.hasPrefix(typed) })
        }
    }

    private func candidates(_ reader: Reader, _ typed: String) -> Offer {
        guard let command = reader.command else {
            if reader.pending != nil { return .files }
            if typed.hasPrefix("-") { return .words(["--root", "--help", "--version"]) }
            let words = root.commands.flatMap { typed.hasPrefix("net-") ? $0.names : [$0.commandName] }
            return .words(words.sorted())
        }
        if let option = reader.pending { return values(of: option, command, reader) }
        if typed.hasPrefix("-"), !reader.isPastOptions { return .words(command.options.flatMap(\.spellings)) }
        let places = command.positionals
        guard let place = reader.arguments.count < places.count ? places[reader.arguments.count] : places.last,
            reader.arguments.count < places.count || place.isRepeating
        else { return .words(command.options.flatMap(\.spellings)) }
        return values(of: place, command, reader)
    }

    private func values(of argument: ArgumentInfo, _ command: CommandInfo, _ reader: Reader) -> Offer {
        if let values = argument.allValues { return .words(values) }
        if argument.takesFile || argument.valueName == "root" { return .files }
        let names = names(reader.root)
        switch argument.valueName {
        case "network", "networks":
            let found =
                switch command.commandName {
                case "start": names.defined.subtracting(names.running)
                case "stop": names.running
                case "undefine", "autostart", "edit": names.defined
                default: names.defined.union(names.running)
                }
            return .words(found.subtracting(reader.arguments).sorted())
        case "port":
            guard let network = reader.arguments.first else { return .words([]) }
            return .words(
                command.commandName.hasPrefix("port-") ? names.portUUIDs(of: network) : names.ports(of: network))
        case "template": return .words(Template.all.map(\.name))
        default: return .words([])
        }
    }

    /// What has been typed before.
    private struct Reader {
        let info: CommandInfo
        var command: CommandInfo?
        var arguments: [String] = []
        /// The option whose value comes next.
        var pending: ArgumentInfo?
        var root: String?
        var isPastOptions = false

        init(root: CommandInfo) { info = root }

        mutating func read(_ word: String) {
            if word == "=", pending != nil { return }
            if let option = pending {
                if option.valueName == "root" { root = word }
                pending = nil
            } else if word == "--" {
                isPastOptions = true
            } else if word.hasPrefix("-"), !isPastOptions {
                guard let option = command?.option(word) ?? info.subcommands?.first?.option(word) else { return }
                let parts = word.split(separator: "=", maxSplits: 1)
                if option.valueName == "root", parts.count == 2 { root = String(parts[1]) }
                if option.kind == .option, parts.count == 1 { pending = option }
            } else if command == nil {
                command = info.command(named: word)
            } else {
                arguments.append(word)
            }
        }
    }
}
