internal import ArgumentParser
internal import Foundation

/// A text that the user changes in an editor: $VISUAL, else $EDITOR, else vi.
struct Draft {
    private let file: URL

    /// The ending of the file's name tells editors what it holds.
    init(_ text: String, fileExtension: String) throws {
        file = FileManager.default.temporaryDirectory.appending(path: "vnet-\(UUID()).\(fileExtension)")
        try Data(text.utf8).write(to: file)
    }

    func remove() { try? FileManager.default.removeItem(at: file) }

    /// The text after the user has left the editor, whose words may have arguments of their own: it is run by the shell, as
    /// other programs do.
    func edit() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let editor = environment["VISUAL"] ?? environment["EDITOR"] ?? "vi"
        let code = try runProgram(["/bin/sh", "-c", "exec \(editor) \"$1\"", "sh", file.path])
        guard code == 0 else { throw CommandError("'\(editor)' ended with code \(code), so nothing was written") }
        return try Document(file: file.path).text
    }

    /// Returns where the user wants to edit a text again that was refused; ends the command where not.
    static func askForAnother(after error: any Error) throws {
        say("error: \(error)")
        guard isatty(STDIN_FILENO) == 1 else { throw ExitCode.failure }
        print("Edit it again? [Y/n] ", terminator: "")
        fflush(nil)
        guard let answer = readLine(), !answer.lowercased().hasPrefix("n") else { throw ExitCode.failure }
    }
}
