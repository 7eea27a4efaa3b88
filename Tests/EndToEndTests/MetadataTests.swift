internal import Foundation
internal import TestSupport
internal import Testing

/// `vnet desc` and `vnet metadata`, as virsh's net-desc and net-metadata of libvirt 9.7.
@Suite(.requiresRoot)
struct MetadataTests {
    @Test func `a description and a title are kept, live and on disk`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            #expect(try await site.host.must("net-desc", "lab").output == "No description for network: lab\n")
            #expect(try await site.host.must("desc", "lab", "--title").output == "No title for network: lab\n")
            #expect(try await site.host.must("desc", "lab", "--title", "--json").text.contains("\"title\" : null"))
            let set = try await site.host.must("net-desc", "lab", "--live", "--config", "hello", "world")
            #expect(set.output == "Network description updated successfully\n")
            #expect(try await site.host.must("desc", "lab").output == "hello world\n")
            let title = try await site.host.must("net-desc", "lab", "--title", "--new-desc", "-- My lab --", "--config")
            #expect(title.output == "Network title updated successfully\n")
            // On disk alone.
            #expect(try await site.host.must("desc", "lab", "--title", "--config").output == "-- My lab --\n")
            #expect(
                try await site.host.must("desc", "lab", "--title", "--live").output == "No title for network: lab\n")
            #expect(
                try await site.host.must("dumpxml", "lab", "--inactive").output.contains("<title>-- My lab --</title>"))
            // A daemon that comes later knows it too.
            try await site.host.endDaemon()
            #expect(try await site.host.must("desc", "lab").output == "hello world\n")
            try await site.host.must("desc", "lab", "--config", "--live", "")
            #expect(try await site.host.must("desc", "lab").output == "No description for network: lab\n")
        }
    }

    @Test func `an editor changes it`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            func edit(_ editor: String, _ words: String...) async throws -> Outcome {
                try await site.host.namespace.run(
                    ["env", "VISUAL=\(editor)", "VNET_ROOT=\(site.host.root)", VNetHost.binary] + words)
            }
            #expect(try await edit("true", "desc", "lab", "--edit").output == "Network description not changed\n")
            let written = try await edit("sh -c 'echo two words >$0'", "desc", "lab", "--edit", "--title")
            #expect(written.output == "Network title updated successfully\n")
            #expect(try await site.host.must("desc", "lab", "--title").output == "two words\n")
            let metadata = try await edit(
                "sh -c 'echo \"<a/>\" >$0'", "metadata", "lab", "--uri", "urn:x", "--key", "x", "--edit")
            #expect(metadata.output == "Metadata modified\n", "\(metadata)")
            let wrong = try await edit(
                "sh -c 'echo \"<a>\" >$0'", "metadata", "lab", "--uri", "urn:x", "--key", "x", "--edit")
            #expect(wrong.code == 1)
            #expect(try await site.host.must("metadata", "lab", "--uri", "urn:x").output == "<a/>\n")
        }
    }

    @Test func `metadata of a namespace comes and goes, and others' stays what it is`() async throws {
        try await withSite { site in
            let theirs = """
                  <metadata>
                    <app:x xmlns:app="urn:app">
                      <app:y a="1"/>
                    </app:x>
                  </metadata>

                """
            try await site.host.run(network("lab", extra: theirs))
            let set = try await site.host.must(
                "net-metadata", "lab", "--uri", "urn:x", "--key", "x", "--set", "<a b='1'><c/></a>", "--live",
                "--config")
            #expect(set.output == "Metadata modified\n")
            for option in ["--live", "--config", "--current"] {
                let shown = try await site.host.must("metadata", "lab", "urn:x", option)
                #expect(shown.output == "<a b=\"1\">\n  <c/>\n</a>\n", "\(option)")
            }
            #expect(
                try await site.host.must("metadata", "lab", "urn:x", "--remove", "--live").output
                    == "Metadata removed\n")
            #expect(try await site.host.must("dumpxml", "lab").output.contains(theirs))
            #expect(try await site.host.must("dumpxml", "lab", "--inactive").output.contains("<x:a xmlns:x=\"urn:x\""))

            let rows: [([String], String)] = [
                (
                    ["metadata", "lab", "urn:nobody"],
                    "error: network 'lab' has no metadata of namespace 'urn:nobody'\n"
                ),
                (
                    ["metadata", "lab", "urn:x", "--key", "x", "--set", "<a>"],
                    "error: line 1, column 4: not well-formed XML"
                ),
                // What vnet itself reads is checked as in a definition, and changes nothing where it is wrong.
                (
                    ["metadata", "lab", "urn:vnet:1", "--key", "vnet", "--set", "<network><nonsense/></network>"],
                    "error: <vnet:nonsense>"
                ),
                (
                    [
                        "metadata", "lab", "urn:vnet:1", "--key", "vnet", "--set",
                        "<network><hostAccess>sometimes</hostAccess></network>",
                    ], "error: <vnet:hostAccess>"
                ),
                (["desc", "lab", "--title", "two\nlines"], "error: "),
                (["metadata", "nowhere", "urn:x"], "error: there is no network 'nowhere'"),
            ]
            let before = try await site.host.must("dumpxml", "lab").output
            for (words, message) in rows {
                let outcome = try await site.host.namespace.run(
                    ["env", "VNET_ROOT=\(site.host.root)", VNetHost.binary] + words)
                #expect(outcome.code == 1 && outcome.errors.hasPrefix(message), "\(outcome)")
            }
            #expect(try await site.host.must("dumpxml", "lab").output == before)
            #expect(try await site.host.vnet("metadata", "lab", "urn:x", "--set", "<a/>").code == 64)
            let own = "<network><hostAccess>services</hostAccess></network>"
            try await site.host.must(
                "metadata", "lab", "--uri", "urn:vnet:1", "--key", "vnet", "--set", own, "--config")
            let disk = try await site.host.must("dumpxml", "lab", "--inactive").output
            #expect(disk.contains("<vnet:hostAccess>services</vnet:hostAccess>"))
        }
    }
}
