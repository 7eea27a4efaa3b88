internal import ArgumentParser

/// The manual page vnet(1) in the language of man(7), its commands as ArgumentParser knows them.
struct ManualPage {
    let root: CommandInfo
    let version: String

    var text: String {
        ([heading] + groups.map(section) + [Self.rest]).joined(separator: "\n") + "\n"
    }

    private var heading: String {
        """
        .TH VNET 1 "" "vnet \(version)" "User Commands"
        .SH NAME
        vnet \\- \(escaped(Self.sentence(root.abstract ?? "")))
        .SH SYNOPSIS
        .B vnet
        .RB [ \\-\\-root
        .IR DIR ]
        .I command
        .RI [ arguments ]
        .SH DESCRIPTION
        Virtual networks for QEMU and KVM guests, described in libvirt's XML: bridges, taps, NAT and routing, with DHCP, DNS and
        router advertisements of their own.
        .PP
        Each command is known by its
        .BR virsh (1)
        name too, and takes its arguments by virsh's names:
        .B vnet net\\-update \\-\\-network lab \\-\\-command add \\-\\-section dns\\-txt \\-\\-xml
        .I FILE
        is the same as
        .B vnet update lab add dns\\-txt
        .IR FILE .
        .PP
        A
        .I network
        is named by its name or its UUID. Where no daemon runs, a command that root runs starts one.
        .SH COMMANDS
        """
    }

    /// Commands that belong together, under the heading that help gives them.
    private var groups: [(name: String, commands: [CommandInfo])] {
        VNet.configuration.groupedSubcommands.map { group in
            (group.name, group.subcommands.compactMap { root.command(named: $0._commandName) }.filter(\.shouldDisplay))
        }.filter { !$0.1.isEmpty }
    }

    private func section(_ group: (name: String, commands: [CommandInfo])) -> String {
        ([".SS \(group.name)"] + group.commands.map(command)).joined(separator: "\n")
    }

    private func command(_ command: CommandInfo) -> String {
        var lines = [".TP", synopsis(command), escaped(command.abstract ?? "")]
        let virsh = (command.aliases ?? []).map { "\\fB\(escaped($0))\\fR" }
        if !virsh.isEmpty { lines += [".br", "Also \(virsh.joined(separator: ", "))."] }
        for paragraph in (command.discussion ?? "").split(separator: "\n") { lines += [".br", escaped(paragraph)] }
        let arguments = command.positionals + command.options.filter { !Self.everywhere.contains($0.spellings) }
        guard !arguments.isEmpty else { return lines.joined(separator: "\n") }
        lines.append(".RS")
        for argument in arguments { lines += [".TP", "\(term(argument))", escaped(argument.help)] }
        return (lines + [".RE"]).joined(separator: "\n")
    }

    /// The options that each command has.
    private static let everywhere: [[String]] = [["--root"], ["-h", "--help"], ["--version"]]

    private func synopsis(_ command: CommandInfo) -> String {
        let arguments = command.positionals.map { argument in
            let name = "\\fI\(escaped(argument.valueName ?? ""))\\fR\(argument.isRepeating ? " ..." : "")"
            return argument.isOptional ? "[\(name)]" : name
        }
        return (["\\fBvnet \(escaped(command.commandName))\\fR"] + arguments).joined(separator: " ")
    }

    private func term(_ argument: ArgumentInfo) -> String {
        guard argument.kind != .positional else { return "\\fI\(escaped(argument.valueName ?? ""))\\fR" }
        let names = argument.spellings.map { "\\fB\(escaped($0))\\fR" }.joined(separator: ", ")
        return argument.kind == .flag ? names : "\(names) \\fI\(escaped(argument.valueName ?? ""))\\fR"
    }

    /// As NAME has it: without a full stop.
    private static func sentence(_ text: String) -> String {
        text.hasSuffix(".") ? String(text.dropLast()).lowercasedFirst : text.lowercasedFirst
    }

    private static let rest = """
        .SH EXIT STATUS
        .TP
        .B 0
        Done; with
        .BR event :
        at least one event came.
        .TP
        .B 1
        Failed, as a sentence on standard error says that begins with
        .BR error: .
        .TP
        .B 64
        The command line is wrong.
        .PP
        .B vnet qemu
        exits with QEMU's code.
        .SH ENVIRONMENT
        .TP
        .B VNET_ROOT
        The folder below which everything is kept, as with
        .BR \\-\\-root .
        .TP
        .BR VISUAL , \\ EDITOR
        The editor of
        .BR edit ,
        .B desc \\-\\-edit
        and
        .BR "metadata \\-\\-edit" ;
        .BR vi (1)
        where neither is set.
        .TP
        .BR SUDO_UID , \\ SUDO_GID
        Whom a tap belongs to that is made under
        .BR sudo (8).
        .SH FILES
        All below the root.
        .TP
        .I /etc/vnet/networks/NAME.xml
        Definitions, in libvirt's format.
        .TP
        .I /etc/vnet/autostart/
        Links to those that start with the machine.
        .TP
        .I /run/vnet/vnet.sock
        The control socket, for root and the group
        .BR vnet :
        HTTP with JSON bodies below
        .IR /v1 .
        .TP
        .I /run/vnet/live/NAME.xml
        Definitions as they run.
        .TP
        .I /var/lib/vnet/leases/
        The addresses that guests hold.
        .TP
        .I /var/lib/vnet/log/daemon.log
        What a daemon that a command started has to say.
        .SH EXAMPLES
        .nf
        sudo vnet define \\-\\-template netwerk1
        sudo vnet start netwerk1
        sudo vnet qemu netwerk1,name=vm1 \\-\\- qemu\\-system\\-x86_64 \\-m 1G disk.img
        sudo vnet event netwerk1 \\-\\-event lifecycle \\-\\-loop \\-\\-timestamp
        eval "$(vnet \\-\\-generate\\-completion\\-script bash)"
        .fi
        .SH SEE ALSO
        .BR virsh (1),
        .BR bridge (8),
        .BR nft (8),
        .BR qemu\\-system\\-x86_64 (1)
        """
}

extension ArgumentInfo {
    /// What it is, and the values that it takes.
    fileprivate var help: String {
        let values = (allValues ?? []).joined(separator: ", ")
        return [abstract ?? "", values.isEmpty ? "" : "One of \(values)."].filter { !$0.isEmpty }
            .joined(separator: " ")
    }
}

extension StringProtocol {
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}

/// A line of text that man(7) prints as it is.
private func escaped(_ text: some StringProtocol) -> String {
    let line = text.map { character in
        switch character {
        case "\\": "\\e"
        case "-": "\\-"
        case "\n": " "
        default: String(character)
        }
    }.joined()
    // At the beginning of a line these two would begin a macro.
    return line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
}
