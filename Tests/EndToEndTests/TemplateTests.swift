internal import TestSupport
internal import Testing

@Suite(.requiresRoot)
struct TemplateTests {
    @Test(arguments: ["netwerk1", "isolated", "routed", "open", "dual-stack"])
    func `each template is defined, starts and stops`(template: String) async throws {
        try await withSite { site in
            try await site.host.must("define", "--template", template)
            let name = try await site.host.must("list", "--all", "--name").text
            let before = try await site.host.snapshot()
            try await site.host.must("start", name)
            #expect(try await site.host.must("list", "--name").text == name)
            try await site.host.must("stop", name)
            try await site.host.expectUnchanged(since: before)
        }
    }

    @Test func `all templates run side by side, and a second one of a kind makes room`() async throws {
        try await withSite { site in
            let host = site.host
            let table = try await host.must("templates").output
            for name in ["netwerk1", "isolated", "routed", "open", "dual-stack"] {
                #expect(table.contains(" \(name) "))
                #expect(try await host.must("templates", name).output.contains("<network>"))
                try await host.must("define", "--template", name)
            }
            try await host.must("define", "--template", "isolated", "--name", "lab2")
            let document = try await host.must("dumpxml", "lab2").output
            #expect(document.contains("<name>lab2</name>"))
            #expect(document.contains("<domain name='lab2.lab'"))
            try await host.must("start", "--all")
            #expect(try await host.must("list", "--name").lines.count == 6)
            try await host.must("stop", "--all")
        }
    }
}
