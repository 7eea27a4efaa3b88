internal import ArgumentParser
internal import LibvirtXML

/// How a document is printed; every command that prints a document has these options.
struct XMLOutput: ParsableArguments {
    @Option(help: "Print only what this XPath expression selects, such as //host/@ip.") var xpath: String?
    @Flag(help: "Put what --xpath selects into one <nodes>.") var wrap = false
    @Flag(help: "As data: the text as 'xml' of an object.") var json = false

    func validate() throws {
        guard xpath != nil || !wrap else { throw ValidationError("--wrap goes with --xpath.") }
    }

    func print(_ document: String) throws {
        let text = try xpath.map { try XPathQuery($0, isWrapped: wrap).text(in: document) } ?? document
        if json { return try printJSON(["xml": text]) }
        Swift.print(text, terminator: "")
    }
}
