internal import TestSupport
internal import Testing

@Suite(.requiresRoot)
struct TemplateTests {
    private static let templates = ["netwerk1", "isolated", "routed", "open", "dual-stack", "extensions"]

    @Test(arguments: templates)
    func `each template is defined, starts and stops`(template: String) async throws {
        try await withSite { site in
            let defined = try await site.host.must("define", "--template", template)
            #expect(defined.errors == "")
            let name = try await site.host.must("list", "--all", "--name").text
            let before = try await site.host.snapshot()
            try await site.host.must("start", name)
            #expect(try await site.host.must("list", "--name").text == name)
            try await site.host.must("stop", name)
            try await site.host.expectUnchanged(since: before)
        }
    }

    @Test func `one template has each of vnet's own elements`() async throws {
        try await withSite { site in
            let refusal = try await site.host.vnet(
                "define", "-", input: network("lab", extra: extensions("<vnet:wibble/>")))
            let elements = refusal.errors.matches(of: #/'(vnet:\w+)'/#).map { $0.1 }
            #expect(elements.count >= 10, "\(refusal)")
            let template = try await site.host.must("templates", "extensions").output
            for element in elements { #expect(template.contains("<\(element)"), "\(element)") }
        }
    }

    @Test func `all templates run side by side, and a second one of a kind makes room`() async throws {
        try await withSite { site in
            let host = site.host
            let table = try await host.must("templates").output
            for name in Self.templates {
                #expect(table.contains(" \(name) "))
                #expect(try await host.must("templates", name).output.contains("<network>"))
                try await host.must("define", "--template", name)
            }
            try await host.must("define", "--template", "isolated", "--name", "lab2")
            let document = try await host.must("dumpxml", "lab2").output
            #expect(document.contains("<name>lab2</name>"))
            #expect(document.contains("<domain name='lab2.lab'"))
            try await host.must("start", "--all")
            #expect(try await host.must("list", "--name").lines.count == 7)
            try await host.must("stop", "--all")
        }
    }
}
