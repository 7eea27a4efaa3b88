internal import Foundation
internal import TestSupport
internal import Testing

/// What shells, `man` and fingers that know virsh find.
@Suite(.requiresRoot)
struct CommandLineTests {
    /// Completes a command line as bash does, with the script that is installed.
    private func complete(_ site: Site, _ words: String...) async throws -> [String] {
        let script = """
            eval "$(\(VNetHost.binary) --generate-completion-script bash)"
            COMP_WORDS=(\(VNetHost.binary) "$@")
            COMP_CWORD=$#
            _vnet vnet "${!#}" x
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        return try await site.host.namespace.run(
            ["env", "VNET_ROOT=\(site.host.root)", "bash", "-uc", script, "bash"] + words
        ).orThrow().lines
    }

    @Test func `bash completes commands, networks, ports and words, and starts no daemon for it`() async throws {
        try await withSite { site in
            #expect(try await complete(site, "start", "").isEmpty)
            #expect(!FileManager.default.fileExists(atPath: "\(site.host.root)/run"))
            #expect(try await complete(site, "dum") == ["dumpxml"])
            #expect(try await complete(site, "net-dum") == ["net-dumpxml"])
            #expect(try await complete(site, "list", "--pe") == ["--persistent"])
            #expect(try await complete(site, "define", "--template", "netw") == ["netwerk1"])
            let folder = try site.lab.file("completed.xml", "").replacing("completed.xml", with: "comp")
            #expect(try await complete(site, "define", folder) == [folder + "leted.xml"])

            try await site.host.run(network("lab"))
            try await site.host.must("define", "-", input: network("lax", subnet: "192.168.151"))
            try await site.host.must("attach", "lab", "--name", "vm1")
            let uuid = try await site.host.must("port-list", "lab", "--uuid").text
            try await site.host.endDaemon()
            let rows: [([String], [String])] = [
                (["dumpxml", "la"], ["lab", "lax"]),
                // Only what the command can be done to,
                (["start", ""], ["lax"]),
                (["net-destroy", ""], ["lab"]),
                // by virsh's name too.
                (["net-info", "--root", site.host.root, "lab"], ["lab"]),
                (["detach", "lab", ""], ["vm1"]),
                (["port-delete", "lab", ""], [uuid]),
                (["update", "lab", "add"], ["add-first", "add-last"]),
                (["net-update", "lab", "add-last", "dns-"], ["dns-host", "dns-txt", "dns-srv"]),
                (["event", "--event", "l"], ["lifecycle", "lease"]),
                (["info", "lab", "--js"], ["--json"]),
            ]
            for (words, expected) in rows {
                let script = try await site.host.namespace.run(
                    ["env", "VNET_ROOT=\(site.host.root)", VNetHost.binary, "complete", "\(words.count)", "vnet"]
                        + words)
                #expect(script.lines == expected, "\(words)")
            }
            #expect(try await complete(site, "net-info", "la") == ["lab", "lax"])
            #expect(!FileManager.default.fileExists(atPath: site.host.socket))
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `a shell takes its script`(shell: String) async throws {
        try await withLab { lab in
            let script = try await lab.run([VNetHost.binary, "--generate-completion-script", shell]).orThrow().output
            #expect(script.contains("complete"))
            guard try await lab.run(["which", shell]).isSuccess else { return }
            let file = try lab.file("script", script)
            try await lab.run([shell, "-n", file]).orThrow()
        }
    }

    @Test(arguments: [
        ("net-lst", "did you mean 'net-list'? "), ("nte-list", "did you mean 'net-list'? "), ("frobnicate", ""),
    ])
    func `a command that does not exist is told, with the nearest that does`(word: String, guess: String) async throws {
        try await withLab { lab in
            let outcome = try await lab.run([VNetHost.binary, word, "--all"])
            #expect(outcome.code == 64)
            #expect(
                outcome.errors
                    == "error: there is no command '\(word)': \(guess)'vnet --help' lists those there are\n")
        }
    }

    @Test(arguments: [("/no/such/file.xml", "No such file or directory"), ("/", "Is a directory")])
    func `a file that cannot be read is told with the reason`(file: String, reason: String) async throws {
        try await withLab { lab in
            let outcome = try await lab.run([VNetHost.binary, "define", file])
            #expect(outcome.code == 1 && outcome.errors == "error: read '\(file)': \(reason)\n", "\(outcome)")
        }
    }

    @Test func `the manual page has every command, and man has nothing to say against it`() async throws {
        try requireTools("man")
        try await withLab { lab in
            let page = try await lab.run([VNetHost.binary, "manual"]).orThrow().output
            let file = try lab.file("vnet.1", page)
            let shown = try await lab.run(["env", "MANWIDTH=100", "LC_ALL=C", "man", "--warnings=w", "-l", file])
                .orThrow()
            #expect(shown.errors.isEmpty)
            let help = try await lab.run([VNetHost.binary, "--help"]).orThrow().output
            let commands = help.split(separator: "\n").compactMap { line in
                line.firstMatch(of: /^  ([a-z][a-z-]*)(, [a-z-]+)*( {2}|$)/).map { String($0.1) }
            }
            #expect(commands.count > 20)
            for command in commands { #expect(shown.output.contains("vnet \(command)"), "\(command)") }
            for words in ["EXIT STATUS", "VNET_ROOT", "/run/vnet/vnet.sock", "net-dumpxml", "--parent-index"] {
                #expect(shown.output.contains(words), "\(words)")
            }
        }
    }

    /// Each line is what somebody types who knows virsh, and what it prints.
    @Test func `virsh's spellings mean the same here`() async throws {
        try await withSite { site in
            let file = try site.lab.file("lab.xml", network("lab"))
            let uuid = "44444444-4444-4444-4444-444444444444"
            let rows: [([String], String)] = [
                (["net-define", "--file", file], "Network lab defined from \(file)\n"),
                (["net-undefine", "--network", "lab"], "Network lab has been undefined\n"),
                (["net-define", "--file=\(try site.lab.file("u.xml", network("lab", uuid: uuid)))"], ""),
                (["net-start", "--network", "lab"], "Network lab started\n"),
                (
                    [
                        "net-update", "--section", "dns-txt", "--xml", "<txt name='a' value='-b'/>", "--network", "lab",
                        "--command", "add", "--live",
                    ], "Updated network lab live state\n"
                ),
                // Some by name, and some not.
                (
                    [
                        "net-update", "lab", "add", "--xml", "<host mac='52:54:00:00:00:09' ip='192.168.150.9'/>",
                        "ip-dhcp-host", "--parent-index", "0",
                    ], "Updated network lab live state\n"
                ),
                (["net-autostart", "--network", "lab"], "Network lab marked as autostarted\n"),
                (["net-autostart", "lab", "--disable"], "Network lab unmarked as autostarted\n"),
                (["net-uuid", "--network", "lab"], uuid + "\n"),
                (["net-name", "--network", uuid], "lab\n"),
                (["net-list", "--table", "--name"], ""),
                (["net-dhcp-leases", "--network", "lab", "--mac", "52:54:00:00:00:01"], ""),
                (["net-destroy", "lab"], "Network lab destroyed\n"),
                (["start", "lab"], "Network lab started\n"),
                (["stop", "lab"], "Network lab stopped\n"),
            ]
            for (words, expected) in rows {
                let outcome = try await site.host.namespace.run(
                    ["env", "VNET_ROOT=\(site.host.root)", VNetHost.binary] + words)
                if expected.isEmpty { continue }
                #expect(outcome.output == expected, "\(outcome)")
            }
        }
    }

    @Test func `data is to be had of everything that is printed`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            for words in [
                ["list"], ["info", "lab"], ["name", "lab"], ["uuid", "lab"], ["leases", "lab"], ["ports"],
                ["port-list", "lab"], ["templates"], ["doctor", "lab"],
            ] {
                let outcome = try await site.host.namespace.run(
                    ["env", "VNET_ROOT=\(site.host.root)", VNetHost.binary] + words + ["--json"])
                _ = try JSONSerialization.jsonObject(with: Data(outcome.orThrow().output.utf8))
            }
        }
    }
}
