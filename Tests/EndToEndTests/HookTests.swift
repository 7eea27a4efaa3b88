internal import Foundation
internal import TestSupport
internal import Testing

/// Programs of the host's owner that hear of networks, as libvirt's hook for networks does.
@Suite(.requiresRoot)
struct HookTests {
    /// Writes a line for each call, and the documents of the last beside it; refuses what the file `refuse` names.
    private static func script(_ folder: String, _ name: String) -> String {
        """
        #!/bin/sh
        echo "\(name): $*" >> \(folder)/calls
        cat > \(folder)/\(name).xml
        if [ "$2" = "$(cat \(folder)/refuse 2>/dev/null)" ]; then echo "not today" >&2; exit 3; fi
        """
    }

    private func install(_ site: Site) async throws -> String {
        let folder = "\(site.lab.folder)/heard"
        try await site.lab.run(["mkdir", "-p", folder, "\(site.host.root)/etc/vnet/hooks/network.d"]).orThrow()
        for (path, name, mode) in [
            ("network", "first", "755"), ("network.d/20-third", "third", "755"),
            ("network.d/10-second", "second", "755"),
            ("network.d/30-text", "text", "644"),
        ] {
            let draft = "\(folder)/\(name)"
            try Self.script(folder, name).write(toFile: draft, atomically: true, encoding: .utf8)
            // A program's file may not be open for writing in what another test starts at this moment.
            try await site.lab.run(
                ["install", "-m", mode, draft, "\(site.host.root)/etc/vnet/hooks/\(path)"]
            ).orThrow()
        }
        return folder
    }

    private func uninstall(_ site: Site) throws {
        try FileManager.default.removeItem(atPath: "\(site.host.root)/etc/vnet/hooks")
    }

    private static func calls(_ folder: String) throws -> [String] {
        let path = "\(folder)/calls"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        try FileManager.default.removeItem(atPath: path)
        return text.split(separator: "\n").map { String($0) }
    }

    private static func each(_ words: String) -> [String] {
        ["first", "second", "third"].map { "\($0): lab \(words) -" }
    }

    @Test func `each hook hears of each thing that happens, with the documents`() async throws {
        try await withSite { site in
            let folder = try await install(site)
            try await site.host.run(network("lab"))
            #expect(try Self.calls(folder) == Self.each("start begin") + Self.each("started begin"))
            let told = try String(contentsOfFile: "\(folder)/third.xml", encoding: .utf8)
            let xml = try await site.host.must("dumpxml", "lab").output
            let indented = xml.split(separator: "\n").map { "  \($0)\n" }.joined()
            #expect(told == "<hookData>\n\(indented)</hookData>")

            try await site.host.must("attach", "lab", "--name", "vm1")
            #expect(try Self.calls(folder) == Self.each("port-created begin"))
            let port = try String(contentsOfFile: "\(folder)/first.xml", encoding: .utf8)
            #expect(port.contains("  <networkport>\n") && port.contains("<name>vm1</name>"))
            try await site.host.must("detach", "lab", "vm1")
            #expect(try Self.calls(folder) == Self.each("port-deleted begin"))

            let host = "<host mac='52:54:00:00:00:07' ip='192.168.150.7'/>"
            try await site.host.must("update", "lab", "add", "ip-dhcp-host", host, "--live", "--config")
            #expect(try Self.calls(folder) == Self.each("updated begin"))
            try await site.host.must("apply", "-", input: network("lab", extra: "<mtu size='1400'/>"))
            #expect(try Self.calls(folder) == Self.each("updated begin"))
            // Words about a network change nothing of it.
            try await site.host.must("desc", "lab", "--live", "mine")
            #expect(try Self.calls(folder) == [])
            try await site.host.must("stop", "lab")
            #expect(try Self.calls(folder) == Self.each("stopped end"))
            try uninstall(site)
        }
    }

    @Test func `what a hook refuses does not happen, and its words are told`() async throws {
        try await withSite { site in
            let folder = try await install(site)
            func refuse(_ moment: String) throws {
                try moment.write(toFile: "\(folder)/refuse", atomically: true, encoding: .utf8)
            }
            try await site.host.must("define", "-", input: network("lab"))
            let before = try await site.host.snapshot()
            for moment in ["start", "started"] {
                try refuse(moment)
                let start = try await site.host.vnet("start", "lab")
                #expect(start.code == 1)
                #expect(
                    start.errors.contains(
                        "hook '\(site.host.root)/etc/vnet/hooks/network' failed: it ended with code 3: not today"),
                    "\(start)")
                try await site.host.expectUnchanged(since: before)
                #expect(try await site.host.must("list", "--all").output.contains("lab    inactive"))
            }
            try refuse("port-created")
            try await site.host.must("start", "lab")
            let running = try await site.host.snapshot()
            let attach = try await site.host.vnet("attach", "lab", "--name", "vm1")
            #expect(attach.code == 1 && attach.errors.contains("not today"), "\(attach)")
            try await site.host.expectUnchanged(since: running)
            #expect(try await site.host.must("ports", "--json").text == "[\n\n]")

            // What has happened already cannot be refused; the log knows.
            try refuse("stopped")
            try await site.host.must("stop", "lab")
            #expect(site.host.log.contains("not today"))
            try uninstall(site)
        }
    }
}
