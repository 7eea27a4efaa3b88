internal import ArgumentParser
internal import Daemon
internal import Foundation

/// `vnet complete INDEX WORDS…`: asked by the shells' completion scripts, one candidate a line, `:files` for files.
struct Complete: ParsableCommand {
    static let configuration = CommandConfiguration(
        "complete", abstract: "Offer words to a shell.", shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough) var words: [String]

    func run() throws {
        guard let index = words.first.flatMap({ Int($0) }), index > 0 else { return }
        let completion = Completion(root: try CommandInfo.root()) { root in
            KnownNames(Paths(root: root ?? ProcessInfo.processInfo.environment["VNET_ROOT"] ?? ""))
        }
        switch completion.offer(for: Array(words.dropFirst()), at: index) {
        case .files: print(":files")
        case .words(let words): for word in words { print(word) }
        }
    }
}

/// The shells whose completion scripts are built in: `vnet --generate-completion-script SHELL`.
enum CompletionScript: String, CaseIterable {
    case bash, zsh, fish

    static let option = "--generate-completion-script"

    var text: String {
        let bytes =
            switch self {
            case .bash: PackageResources.vnet_bash
            case .zsh: PackageResources.vnet_zsh
            case .fish: PackageResources.vnet_fish
            }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Prints the script where the command line asks for one, and returns whether it did.
    static func printIfAsked(_ arguments: [String]) throws -> Bool {
        guard arguments.first == option else { return false }
        guard let shell = arguments.dropFirst().first.flatMap({ Self(rawValue: $0) }) else {
            throw ValidationError("\(option) takes one of \(allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        print(shell.text, terminator: "")
        return true
    }
}
