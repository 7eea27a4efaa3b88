internal import Foundation

/// The networks that are built in.
enum Template {
    /// By name, with the beginning of the comment they begin with.
    static var all: [(name: String, summary: String, document: String)] {
        [
            ("dual-stack", PackageResources.dual_stack_xml), ("extensions", PackageResources.extensions_xml),
            ("isolated", PackageResources.isolated_xml), ("netwerk1", PackageResources.netwerk1_xml),
            ("open", PackageResources.open_xml), ("routed", PackageResources.routed_xml),
        ].map { name, bytes in
            let document = String(decoding: bytes, as: UTF8.self)
            return (name, summary(of: document), document)
        }
    }

    static func named(_ name: String) throws -> String {
        guard let found = all.first(where: { $0.name == name }) else {
            throw CommandError(
                "there is no template '\(name)': choose one of \(all.map(\.name).joined(separator: ", "))")
        }
        return found.document
    }

    private static func summary(of document: String) -> String {
        guard let start = document.range(of: "<!--"), let end = document.range(of: "-->") else { return "" }
        let words = document[start.upperBound..<end.lowerBound].split(whereSeparator: \.isWhitespace).joined(
            separator: " ")
        return words.firstIndex { ".:".contains($0) }.map { String(words[..<$0]) } ?? words
    }
}
