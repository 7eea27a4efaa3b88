internal import ArgumentParser
internal import LibvirtXML

/// What of a document is printed; every command that prints XML has these options.
struct XPathOptions: ParsableArguments {
    @Option(help: "Print only what this XPath expression selects, such as //host/@ip.") var xpath: String?
    @Flag(help: "Put what --xpath selects into one <nodes>.") var wrap = false

    func validate() throws {
        guard xpath != nil || !wrap else { throw ValidationError("--wrap goes with --xpath.") }
    }

    func apply(to document: String) throws -> String {
        guard let xpath else { return document }
        return try XPathQuery(xpath, isWrapped: wrap).text(in: document)
    }
}
