internal import Foundation
internal import LibvirtXML
internal import NetworkModel
internal import TestSupport
internal import Testing

/// Documents made to harm whoever reads them: each is refused in time, and none is a crash.
@Suite struct HostileInputTests {
    static let declarations = [
        // A billion laughs.
        """
        <!DOCTYPE network [
          <!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
        ]>
        <network><name>&c;</name></network>
        """,
        // A file of the host as the network's name.
        "<!DOCTYPE network [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><network><name>&x;</name></network>",
        // A document type from the network.
        "<!DOCTYPE network SYSTEM 'http://192.0.2.1/network.dtd'><network><name>lab</name></network>",
        // A default for an attribute.
        "<!DOCTYPE network [<!ATTLIST network ipv6 CDATA 'yes'>]><network><name>lab</name></network>",
        // Behind what might hide it.
        "<?x <network> ?><!-- <network> --> <!DOCTYPE network><network><name>lab</name></network>",
        "<!--> --><!DOCTYPE network><network><name>lab</name></network>",
    ]

    @Test(arguments: declarations) func refusesDeclarations(xml: String) {
        let found = problems(xml)
        #expect(found.map(\.line) == [1])
        #expect(found.first?.message.contains("document type declaration or entity is not allowed") == true)
    }

    /// What only looks like a declaration is text.
    @Test func keepsDeclarationsInCommentsApart() throws {
        let network = try read(
            "<!-- <!DOCTYPE network> --><network><name><![CDATA[<!DOCTYPE>]]></name><?x <!ENTITY ?></network>")
        #expect(network.name == "<!DOCTYPE>")
    }

    /// XML that is not well-formed, with the line and the column where libxml2 noticed.
    @Test(arguments: [
        ("<network>\n<name>lab</nam></network>", 2, 16, "Opening and ending tag mismatch"),
        ("<network>\n<name>&unknown;</name></network>", 2, 16, "Entity 'unknown' not defined"),
        ("<network>\n<bridge name=x/></network>", 2, 14, "AttValue"),
        ("<network>\n<bridge name='a' name='b'/></network>", 2, 26, "Attribute name redefined"),
        ("<network>\n<a:b/></network>", 2, 5, "Namespace prefix a on b is not defined"),
        ("<network/>\n<network/>", 2, 1, "Extra content at the end of the document"),
        ("\n text", 2, 2, "Start tag expected"),
        ("", 1, 1, "empty"),
    ])
    func tellsWhereXMLIsBroken(xml: String, line: Int, column: Int, message: String) {
        let error = #expect(throws: XMLProblems.self) { try read(xml) }
        let problem = error?.problems.first
        #expect(error?.problems.count == 1)
        #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "")")
        if !xml.isEmpty {
            #expect(problem?.line == line)
            #expect(problem?.column == column)
            #expect(error?.description.hasPrefix("line \(line), column \(column): ") == true)
        }
    }

    @Test func refusesDeepNesting() {
        let depth = 100_000
        let xml = network(String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth))
        #expect(
            problems(xml).map(\.message) == ["elements are nested too deep here; at most 256 may stand in one another"])
    }

    /// 256 levels are libxml2's limit, and one of them is `<network>`.
    @Test func readsAsDeepAsIsAllowed() throws {
        let depth = 253
        let metadata = String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        #expect(try read(network("<metadata><x xmlns='urn:x'>\(metadata)</x></metadata>")).metadata != nil)
    }

    @Test func refusesALargeDocument() {
        let comment = "<!-- \(String(repeating: "x", count: 5 << 20)) -->"
        #expect(problems(network(comment)).map(\.line) == [nil])
    }

    @Test func readsADocumentOfExactlyFourMebibytes() throws {
        let rest = network("<!-- -->").utf8.count
        let xml = network("<!-- \(String(repeating: "x", count: 4 << 20 - rest))-->")
        #expect(xml.utf8.count == 4 << 20)
        #expect(try read(xml).name == "lab")
    }

    /// libxml2 needs a minute for 100,000 attributes of one element.
    @Test(.timeLimit(.minutes(1))) func refusesManyAttributes() {
        let attributes = (0..<100_000).map { " a\($0)=''" }.joined()
        let found = problems(network("<bridge\(attributes)/>"))
        #expect(found.map(\.line) == [3])
        #expect(found.first?.message == "an element has more than 100 attributes; remove some")
    }

    @Test(.timeLimit(.minutes(1))) func readsManyElements() throws {
        #expect(try warnings(network(String(repeating: "<a/>", count: 100_000))).count == 100_000)
    }

    /// Bytes that are no UTF-8 text, from line 2 on.
    @Test(
        arguments: [
            ([0x00], "a NUL octet stands here"),
            ([0xFF], "the text is not UTF-8 here"),
            // A slash in two octets, a surrogate, and a character cut short.
            ([0xC0, 0xAF], "the text is not UTF-8 here"),
            ([0xED, 0xA0, 0x80], "the text is not UTF-8 here"),
            ([0xE2, 0x82], "the text is not UTF-8 here"),
        ] as [([UInt8], String)])
    func refusesOtherBytes(octets: [UInt8], message: String) {
        let error = #expect(throws: XMLProblems.self) {
            try read([UInt8]("<network>\n  é".utf8) + octets + [UInt8]("</network>".utf8))
        }
        #expect(error?.description.hasPrefix("line 2, column 4: \(message)") == true)
    }

    @Test(arguments: ["ISO-8859-1", "UTF-16", "UTF-7", "EBCDIC-CP-US"]) func refusesOtherEncodings(name: String) {
        let found = problems("<?xml version='1.0' encoding='\(name)'?><network><name>lab</name></network>")
        #expect(found.count == 1)
    }

    @Test(arguments: ["UTF-8", "utf-8", "US-ASCII"]) func readsDeclaredUTF8(name: String) throws {
        let xml = "\u{FEFF}<?xml version='1.0' encoding='\(name)'?><network><name>lab</name></network>"
        #expect(try read(xml).name == "lab")
    }

    /// A template cut off at any octet before its last `>` is refused.
    @Test(arguments: TemplateTests.templates) func refusesATruncatedDocument(file: URL) throws {
        let whole = try bytes(of: file)
        let end = try #require(whole.lastIndex(of: UInt8(ascii: ">")))
        for length in 0...end {
            #expect(throws: XMLProblems.self, "\(length) octets") { try read(Array(whole[..<length])) }
        }
    }

    /// Whatever becomes of a document, what is read can be written and read again as the same.
    @Test(arguments: 0..<40) func survivesDamage(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let names = GoldenTests.names
        let whole = try GoldenTests.golden("\(names[Int.random(in: names.indices, using: &random)]).in.xml")
        for _ in 0..<50 {
            var damaged = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: damaged.indices, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: damaged[place] = UInt8.random(in: 0x09...0x7E, using: &random)
                case 1: damaged.remove(at: place)
                default:
                    let part = damaged[place...].prefix(Int.random(in: 1...60, using: &random))
                    damaged.insert(contentsOf: part, at: Int.random(in: damaged.indices, using: &random))
                }
            }
            guard let network = try? read(damaged) else { continue }
            #expect(try read(network.libvirtXML) == network, "\(String(decoding: damaged, as: UTF8.self))")
        }
    }
}
