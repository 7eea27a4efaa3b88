/// virsh lets arguments be given by name: `net-update --network lab --section dns-txt …` for `net-update lab …`.
enum NamedArguments {
    /// The names that virsh has for what stands without a name here; only where one of them is typed need anything be
    /// looked at.
    private static let names: Set<String> = [
        "--network", "--file", "--command", "--section", "--xml", "--port", "--uri", "--new-desc",
    ]

    static func areUsed(in words: some Sequence<String>) -> Bool {
        words.contains { word in names.contains { word == $0 || word.hasPrefix($0 + "=") } }
    }

    /// The words that follow a command's name with the named ones in their places.
    static func resolve(_ words: [String], of command: CommandInfo) -> [String] {
        var options: [String] = []
        var unnamed: [String] = []
        var named: [Int: [String]] = [:]
        var index = words.startIndex
        func next() -> String? {
            index += 1
            return index < words.endIndex ? words[index] : nil
        }
        while index < words.endIndex {
            let word = words[index]
            if word == "--" {
                unnamed += words[(index + 1)...]
                break
            }
            let parts = word.split(separator: "=", maxSplits: 1).map { String($0) }
            if let option = command.option(word) {
                options.append(word)
                if option.kind == .option, parts.count == 1, let value = next() { options.append(value) }
            } else if let place = command.place(ofArgumentNamed: parts.first ?? "") {
                if let value = parts.count == 2 ? parts[1] : next() { named[place, default: []].append(value) }
            } else if word.hasPrefix("-"), word.count > 1 {
                options.append(word)
            } else {
                unnamed.append(word)
            }
            index += 1
        }
        var arguments: [String] = []
        for place in command.positionals.indices {
            if let values = named[place] {
                arguments += values
            } else if !unnamed.isEmpty {
                arguments.append(unnamed.removeFirst())
            }
        }
        arguments += unnamed
        // What looks like an option is none when it has a name.
        return options + (arguments.contains { $0.hasPrefix("-") } ? ["--"] : []) + arguments
    }
}

extension CommandInfo {
    fileprivate func place(ofArgumentNamed word: String) -> Int? {
        positionals.firstIndex { "--\($0.valueName ?? "")" == word || "--\($0.valueName ?? "")" == word + "s" }
    }
}
