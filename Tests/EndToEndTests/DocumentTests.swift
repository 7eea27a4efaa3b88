internal import Foundation
internal import TestSupport
internal import Testing

/// How documents are held to rules, and how parts of them are printed.
@Suite(.requiresRoot)
struct DocumentTests {
    @Test func `all that is wrong with a file is told at once, as compilers do`() async throws {
        try await withSite { site in
            let file = try site.lab.file(
                "lab.xml",
                """
                <network>
                  <name>lab</name>
                  <forward mode='teleport'/>
                  <bridge stp='on'/> <ip address='192.0.2.1' prefix='33'/>
                </network>
                """)
            let outcome = try await site.host.vnet("define", file)
            #expect(outcome.code == 1)
            let lines = outcome.errors.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.first?.hasPrefix("error: \(file):3:3: attribute 'mode' of <forward> is 'teleport'; ") == true)
            #expect(
                lines.last == "error: \(file):4:22: attribute 'prefix' of <ip> is '33'; write a number from 0 to 32")
            // Under another name it is the same file.
            let renamed = try await site.host.vnet("define", file, "--name", "other")
            #expect(renamed.errors == outcome.errors)
        }
    }

    @Test func `what has no effect is a warning, and with --validate an error`() async throws {
        try requireTools("virsh")
        try await withSite { site in
            let file = try site.lab.file(
                "lab.xml", "<network>\n  <name>lab</name>\n  <bridge name='br-lab'/><wibble/>\n</network>\n")
            let told = "\(file):3:26: <wibble> is not an element of <network>"
            for verb in ["define", "create"] {
                let refused = try await site.host.vnet(verb, file, "--validate")
                #expect(refused.code == 1)
                #expect(refused.errors.hasPrefix("error: \(told); write one of 'bandwidth', 'bridge', "), "\(refused)")
                #expect(refused.errors.filter { $0 == "\n" }.count == 1, "\(refused)")
            }
            #expect(try await site.host.must("define", file).errors == "warning: \(told) and has no effect\n")
            try await site.host.must("undefine", "lab")
        }
    }

    /// A name for a zone is one of firewalld's to libvirt's schema, and any text to its reader.
    @Test func `--validate holds a file to libvirt's schema, or says that there is none`() async throws {
        try requireTools("virsh")
        try await withSite { site in
            let file = try site.lab.file(
                "lab.xml", "<network>\n  <name>lab</name>\n  <bridge name='br-lab' zone='no zone'/>\n</network>\n")
            let refused = try await site.host.vnet("define", file, "--validate")
            #expect(
                refused.errors
                    == "error: \(file):3:3: attribute 'zone' of <bridge> is 'no zone', which the schema does not allow; correct"
                    + " or remove it\n")
            let elsewhere = try await site.host.namespace.run(
                [
                    "env", "VNET_ROOT=\(site.host.root)", "VNET_SCHEMAS=/nowhere", VNetHost.binary, "define", file,
                    "--validate",
                ])
            #expect(elsewhere.code == 1)
            #expect(elsewhere.errors == "error: there is no 'network.rng' in VNET_SCHEMAS='/nowhere'\n")
            try await site.host.must("define", "--template", "netwerk1", "--validate")
            try await site.host.must("undefine", "netwerk1")
        }
    }

    @Test func `dumpxml prints what an XPath expression selects`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            let range = try await site.host.must("net-dumpxml", "lab", "--xpath", "//range")
            #expect(range.output == "<range start=\"192.168.150.100\" end=\"192.168.150.199\"/>\n")
            let wrapped = try await site.host.must("dumpxml", "lab", "--xpath", "//ip/@address", "--wrap")
            #expect(wrapped.output == "<nodes address=\"192.168.150.1\"/>\n")
            let text = try await site.host.must("dumpxml", "lab", "--xpath", "string(bridge/@name)")
            #expect(text.output == "br-lab\n")
            let data = try await site.host.must("dumpxml", "lab", "--xpath", "//ip/@address", "--json").output
            let object = try JSONDecoder().decode([String: String].self, from: Data(data.utf8))
            #expect(object["xml"]?.contains("192.168.150.1") == true, "\(data)")
            let nothing = try await site.host.vnet("dumpxml", "lab", "--xpath", "//host")
            #expect(nothing.code == 1)
            #expect(nothing.errors == "error: nothing matches the XPath expression '//host'\n")
            #expect(try await site.host.vnet("dumpxml", "lab", "--wrap").code == 64)
            try await site.host.must("undefine", "lab")
        }
    }
}
