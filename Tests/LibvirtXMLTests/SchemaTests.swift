internal import LibvirtXML
internal import NetworkModel
internal import Testing

/// Documents against a schema of our own that is made as libvirt's is: attributes, an interleave, and a file that it includes.
@Suite struct SchemaTests {
    static let files = [
        "main.rng": """
        <grammar xmlns="http://relaxng.org/ns/structure/1.0" datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
          <start><ref name="network"/></start>
          <include href="types.rng"/>
          <define name="network">
            <element name="network">
              <interleave>
                <element name="name"><text/></element>
                <optional>
                  <element name="bridge">
                    <optional><attribute name="stp"><ref name="onOff"/></attribute></optional>
                  </element>
                </optional>
                <zeroOrMore>
                  <element name="ip">
                    <attribute name="address"/>
                    <optional><attribute name="prefix"><ref name="number"/></attribute></optional>
                    <optional>
                      <element name="dhcp">
                        <zeroOrMore>
                          <element name="range"><attribute name="start"/><attribute name="end"/></element>
                        </zeroOrMore>
                      </element>
                    </optional>
                  </element>
                </zeroOrMore>
              </interleave>
            </element>
          </define>
        </grammar>
        """,
        // Its datatype library is its own.
        "types.rng": """
        <grammar xmlns="http://relaxng.org/ns/structure/1.0" datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
          <define name="onOff"><choice><value>on</value><value>off</value></choice></define>
          <define name="number"><data type="unsignedInt"/></define>
        </grammar>
        """,
    ]

    static func schema(_ files: [String: String] = files) throws(SchemaError) -> Schema {
        try Schema("main.rng") { file in files[file].map { [UInt8]($0.utf8) } }
    }

    private func problems(_ body: String) throws -> [String] {
        try Self.schema().problems(in: [UInt8](network(body).utf8)).map(\.description)
    }

    @Test func acceptsWhatItAllows() throws {
        #expect(
            try problems(
                """
                <ip address='192.0.2.1' prefix='24'><dhcp><range start='192.0.2.2' end='192.0.2.9'/></dhcp></ip>
                <bridge stp='on'/>
                <ip address='192.0.3.1'/>
                """) == [])
    }

    @Test(arguments: [
        // An element that is unknown, alone and in another one.
        ("<wibble/>", 1, "the schema does not allow <wibble> in <network>, or not like this"),
        (
            "<ip address='a'><dhcp><rnge/></dhcp></ip>", 23,
            "the schema does not allow <rnge> in <dhcp>, or not like this"
        ),
        // Attributes: a wrong value, none of them known, one missing.
        ("<bridge stp='maybe'/>", 1, "attribute 'stp' of <bridge> is 'maybe', which the schema does not allow"),
        ("<ip address='a' prefix='x'/>", 1, "attribute 'prefix' of <ip> is 'x', which the schema does not allow"),
        (
            "<ip address='a'><dhcp><range start='1' end='2' by='3'/></dhcp></ip>", 23,
            "attribute 'by' of <range> is '3', which the schema does not allow"
        ),
        (
            "<ip address='a'><dhcp><range start='1' end='2'/> <range start='1'/></dhcp></ip>", 50,
            "the schema does not allow <range> in <dhcp>, or not like this: remove it, or add what is missing in it"
        ),
        // Text among elements.
        ("<ip address='a'>é<dhcp/></ip>", 1, "<ip> holds text that the schema does not allow"),
        // An element too many.
        ("<bridge/><bridge/>", 10, "the schema does not allow <bridge> in <network>, or not like this"),
    ])
    func tells(body: String, column: Int, words: String) throws {
        let found = try problems(body)
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.hasPrefix("line 3, column \(column): \(words)") == true, "\(found)")
    }

    /// libxml2 sets up its datatypes with the first schema, in a process of its own each time: threads that compile theirs
    /// at that moment have them all.
    @Test func setsDatatypesUpOnce() async {
        for _ in 1...20 {
            await #expect(processExitsWith: .success) {
                await withTaskGroup(of: Void.self) { threads in
                    for _ in 1...8 {
                        threads.addTask {
                            do { _ = try SchemaTests.schema() } catch { fatalError("\(error)") }
                        }
                    }
                }
            }
        }
    }

    /// However large a document is, it is not looked at for ever.
    @Test(.timeLimit(.minutes(1))) func endsWithLargeDocuments() throws {
        let many = try problems(String(repeating: "<ip address='a' prefix='b'/>\n", count: 30_000))
        #expect(!many.isEmpty)
        let unknown = try problems(String(repeating: "<wibble/>\n", count: 1_000))
        #expect(unknown.count > 5)
    }

    @Test func tellsOfWhatLacks() throws {
        let found = try Self.schema().problems(in: [UInt8]("<network><bridge/></network>".utf8))
        #expect(
            found.map(\.description) == ["line 1, column 1: <network> lacks an element that the schema demands: <name>"]
        )
    }

    @Test func tellsAll() throws {
        let found = try problems(
            "<wibble/>\n<bridge stp='maybe'/>\n<ip address='a' prefix='x'/>\n<ip address='a'><dhcp><b/></dhcp></ip>")
        #expect(found.count == 4)
        #expect(found.map { $0.prefix(6) }.sorted() == ["line 3", "line 4", "line 5", "line 6"])
    }

    @Test(arguments: [
        ([:], "schema 'main.rng': there is no such file"),
        (["main.rng": "<grammar"], "schema 'main.rng': line 1, column 9: not well-formed XML"),
        (["main.rng": "<network/>"], "schema 'main.rng': "),
        (["main.rng": files["main.rng"] ?? ""], "schema 'types.rng': there is no such file"),
        // One that includes itself.
        (
            ["main.rng": "<grammar xmlns='http://relaxng.org/ns/structure/1.0'><include href='main.rng'/></grammar>"],
            "schema 'main.rng': it includes in a way that is not supported"
        ),
    ])
    func refusesWhatIsNoSchema(files: [String: String], words: String) {
        let error = #expect(throws: SchemaError.self) {
            let schema = try Self.schema(files)
            _ = try? schema.problems(in: [])
        }
        #expect(error?.description.hasPrefix(words) == true, "\(error?.description ?? "")")
    }

    // MARK: Networks

    private func refusals(_ xml: String, _ schema: borrowing Schema? = nil) -> [String] {
        do {
            try NetworkDefinition.validate(libvirtXML: [UInt8](xml.utf8), against: schema)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    /// Without any schema, words that have no effect are refused all the same, with all else that is wrong.
    @Test func refusesStrayWords() {
        let found = refusals(
            network("<wibble/>\n  <bridge wobble='1' delay='x'/>\n  <dns/>text\n  <dns/>"))
        #expect(
            found.map { $0.prefix { $0 != ";" } } == [
                "line 1, column 1: <network> holds text",
                "line 3, column 1: <wibble> is not an element of <network>",
                "line 4, column 3: 'wobble' is not an attribute of <bridge>",
                "line 4, column 3: attribute 'delay' of <bridge> is 'x'",
                "line 6, column 3: <dns> stands more than once in <network>, also on line 5",
            ])
    }

    /// An element that reading refuses is not refused a second time.
    @Test func addsWhatTheSchemaRefuses() throws {
        let schema: Schema? = try Self.schema()
        let found = refusals(
            "<network><name>lab</name>\n<bridge stp='maybe'/>\n<ip address='192.0.2.1' prefix='99'/></network>", schema)
        #expect(
            found == [
                "line 2, column 1: attribute 'stp' of <bridge> is 'maybe', which the schema does not allow; correct or remove it",
                "line 3, column 1: attribute 'prefix' of <ip> is '99'; write a number from 0 to 32",
            ])
    }

    /// What only makes no sense is no error.
    @Test func acceptsTemplates() throws {
        for file in TemplateTests.templates {
            try NetworkDefinition.validate(libvirtXML: bytes(of: file), against: nil)
        }
    }
}
