internal import LibvirtXML
internal import NetworkModel
internal import TestSupport
internal import Testing

/// Title, description and elements of `<metadata>`, as `net-desc` and `net-metadata` change them.
@Suite struct MetadataTests {
    private static let foreign = """
          <metadata>
            <app:x xmlns:app="urn:app">
              <app:y a="1"/>
              <!-- theirs -->
            </app:x>
          </metadata>
        """

    private func metadata(of network: NetworkDefinition) -> String {
        let lines = network.libvirtXML.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasPrefix("  <metadata") }) else { return "" }
        let end = lines.firstIndex { $0 == "  </metadata>" || $0 == "  <metadata/>" } ?? start
        return lines[start...end].joined(separator: "\n")
    }

    @Test func addsAnElementInItsNamespaceAndLeavesOthersAsTheyAre() throws {
        let before = try read(network(Self.foreign))
        let element = "<a b='1'>\n<c/><d>text</d></a>"
        let after = try before.settingMetadata(of: "urn:foo", key: "foo", to: [UInt8](element.utf8))
        #expect(
            metadata(of: after) == """
                  <metadata>
                    <app:x xmlns:app="urn:app">
                      <app:y a="1"/>
                      <!-- theirs -->
                    </app:x>
                    <foo:a xmlns:foo="urn:foo" b="1">
                      <foo:c/>
                      <foo:d>text</foo:d>
                    </foo:a>
                  </metadata>
                """)
        // It is read as it was written, without the prefix,
        #expect(after.metadata(of: "urn:foo") == "<a b=\"1\">\n  <c/>\n  <d>text</d>\n</a>")
        #expect(after.metadata(of: "urn:app") == "<x>\n  <y a=\"1\"/>\n  <!-- theirs -->\n</x>")
        #expect(after.metadata(of: "urn:nobody") == nil)
        // replaced in its place's stead, and taken away without a trace.
        let replaced = try after.settingMetadata(of: "urn:foo", key: "f", to: [UInt8]("<z/>".utf8))
        #expect(replaced.metadata(of: "urn:foo") == "<z/>")
        #expect(try replaced.settingMetadata(of: "urn:foo", key: "", to: nil) == before)
        #expect(try before.settingMetadata(of: "urn:foo", key: "", to: nil) == before)
    }

    @Test func aNetworkWithoutMetadataGetsSome() throws {
        let before = try read(network(""))
        #expect(try before.settingMetadata(of: "urn:foo", key: "foo", to: nil) == before)
        let after = try before.settingMetadata(of: "urn:foo", key: "foo", to: [UInt8]("<a/>".utf8))
        #expect(metadata(of: after) == "  <metadata>\n    <foo:a xmlns:foo=\"urn:foo\"/>\n  </metadata>")
    }

    @Test(
        arguments: [
            // No element,
            ("foo", "urn:foo", "", "not well-formed"),
            ("foo", "urn:foo", "<a>", "line 1, column 4: not well-formed"),
            // one that could read files,
            ("foo", "urn:foo", "<!DOCTYPE a><a/>", "document type declaration"),
            // no prefix,
            ("a b", "urn:foo", "<a/>", "'a b' cannot be the prefix"),
            ("foo", "urn:foo", "<a xmlns:foo='urn:bar'/>", "declares the prefix 'foo' itself"),
            // and what vnet itself does not know.
            ("vnet", "urn:vnet:1", "<network><nonsense/></network>", "nonsense"),
        ])
    func refusal(key: String, uri: String, xml: String, message: String) throws {
        let network = try read(network(""))
        let error = #expect(throws: UpdateError.self) {
            try network.settingMetadata(of: uri, key: key, to: [UInt8](xml.utf8))
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains(message), "\(error.map { "\($0)" } ?? "")")
    }

    @Test func titleAndDescription() throws {
        let network = try read(network("")).setting(title: "One & only").setting(description: "two\nlines")
        #expect(
            network.libvirtXML.contains("  <title>One &amp; only</title>\n  <description>two\nlines</description>\n"))
        let without = try network.setting(title: "").setting(description: "")
        #expect(without.title == nil && without.description == nil)
        #expect(throws: UpdateError.self) { try network.setting(title: "two\nlines") }
    }
}
