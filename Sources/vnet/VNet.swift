internal import ArgumentParser
internal import CLinux
internal import Glibc

/// The root of the command line; each subcommand has a file of its own below `Commands`.
///
/// Each says its name: made from the type's, it would cost every start of the program 0.2 ms.
struct VNet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vnet",
        abstract: "Build and run virtual networks.",
        discussion: """
            Networks are described in libvirt's XML. A first network:

              sudo vnet define --template netwerk1
              sudo vnet start netwerk1
              sudo vnet qemu netwerk1,name=vm1 -- qemu-system-x86_64 ...

            Each command is known by its virsh name too: 'vnet net-dumpxml' is 'vnet dumpxml'.
            """,
        version: "0.1.0",
        groupedSubcommands: [
            .init(
                name: "Networks",
                subcommands: [
                    Define.self, Create.self, Undefine.self, Start.self, Stop.self, List.self, Info.self, DumpXML.self,
                    Autostart.self, Edit.self, Update.self, Apply.self, PlanCommand.self, Diff.self, Desc.self,
                    Metadata.self, Name.self, UUIDCommand.self, Templates.self, Events.self, Event.self, Doctor.self,
                ]),
            .init(
                name: "libvirt", subcommands: [Export.self, Import.self]),
            .init(
                name: "Guests",
                subcommands: [
                    Attach.self, Detach.self, Ports.self, QEMU.self, Leases.self, LeaseCommand.self, WaitIP.self,
                    DNSCommand.self, PortCreate.self, PortList.self, PortDumpXML.self, PortDelete.self,
                    Forward.self,
                ]),
            .init(
                name: "Processes",
                subcommands: [DaemonCommand.self, ResponderCommand.self, Complete.self, Manual.self]),
        ]
    )
}

@main
enum Main {
    /// Exit code 0, 1 for what failed, 64 for a wrong command line.
    static func main() async {
        // What starts this program again runs /proc/self/exe, and would be called so.
        unsafe clinux_set_name("vnet")
        do {
            if try CompletionScript.printIfAsked(Array(CommandLine.arguments.dropFirst())) { return }
            var command = try VNet.command(arguments())
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard VNet.exitCode(for: error) == .failure, !(error is ExitCode) else {
                if let message = unknownCommand() {
                    say("error: " + message)
                    exit(ExitCode.validationFailure.rawValue)
                }
                VNet.exit(withError: error)
            }
            say("error: \(error)")
            exit(1)
        }
    }

    /// What stands behind the first `--` of `vnet qemu`: words for another program, which ArgumentParser is not to read.
    static let foreignArguments = Array(CommandLine.arguments.drop { $0 != "--" }.dropFirst())

    /// The command line without foreign arguments, and with a `--root` before the subcommand moved behind it, where it is
    /// declared.
    private static let words: [String] = {
        var words = Array(CommandLine.arguments.dropFirst())
        if words.contains(QEMU.name) { words = Array(words.prefix { $0 != "--" }) }
        var root: [String] = []
        if words.first == "--root", words.count >= 3 {
            root = Array(words[..<2])
        } else if let first = words.first, first.hasPrefix("--root=") {
            root = [first]
        }
        words.removeFirst(root.count)
        return words.prefix(1) + root + words.dropFirst()
    }()

    /// The name by which the command was called, which may be an alias.
    static var spelling: String { words.first ?? "" }

    /// What is wrong where the first word is no command's name.
    private static func unknownCommand() -> String? {
        guard !spelling.isEmpty, !spelling.hasPrefix("-"), spelling != "help",
            let root = try? CommandInfo.root(), root.command(named: spelling) == nil
        else { return nil }
        /// How many characters must be added or removed.
        func distance(_ name: String) -> Int { name.difference(from: spelling).count }
        let nearest = root.commands.flatMap(\.names).min { distance($0) < distance($1) }
        let guess = nearest.flatMap { distance($0) <= 3 ? "did you mean '\($0)'? " : nil } ?? ""
        return "there is no command '\(spelling)': \(guess)'vnet --help' lists those there are"
    }

    /// `words`, with arguments that are given by virsh's names in their places.
    private static func arguments() throws -> [String] {
        guard NamedArguments.areUsed(in: words),
            let command = try CommandInfo.root().command(named: spelling), command.shouldDisplay
        else { return words }
        return [spelling] + NamedArguments.resolve(Array(words.dropFirst()), of: command)
    }
}

/// Writes a line to standard error.
func say(_ line: String) {
    let text = line + "\n"
    _ = unsafe write(STDERR_FILENO, text, text.utf8.count)
}
