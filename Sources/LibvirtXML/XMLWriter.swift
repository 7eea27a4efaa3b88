/// Writes elements as libvirt writes them: two blanks a level, one element a line, attributes in single quotes.
struct XMLWriter {
    /// An attribute's name and value; nil for one that is not written.
    typealias Attribute = (name: String, value: String?)

    private(set) var text = ""
    private var depth = 0

    /// Writes an element and what `content` writes into it; `<name/>` where that is nothing, unless `isPair`.
    mutating func element(
        _ name: String, _ attributes: [Attribute] = [], isPair: Bool = false, _ content: (inout Self) -> Void = { _ in }
    ) {
        var inner = Self()
        inner.depth = depth + 1
        content(&inner)
        let start = attributes.reduce("<\(name)") { tag, attribute in
            attribute.value.map { "\(tag) \(attribute.name)='\(Self.escaped($0))'" } ?? tag
        }
        if inner.text.isEmpty, !isPair {
            line("\(start)/>")
        } else {
            line("\(start)>")
            text += inner.text
            line("</\(name)>")
        }
    }

    /// Writes an element that holds text.
    mutating func element(_ name: String, text: String) { line("<\(name)>\(Self.escaped(text))</\(name)>") }

    /// Writes XML as it is.
    mutating func line(_ xml: String) { text += String(repeating: " ", count: 2 * depth) + xml + "\n" }

    /// As libvirt escapes, in text and in attributes alike; what no XML document can hold is dropped.
    private static func escaped(_ value: String) -> String {
        var text = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "<": text += "&lt;".unicodeScalars
            case ">": text += "&gt;".unicodeScalars
            case "&": text += "&amp;".unicodeScalars
            case "\"": text += "&quot;".unicodeScalars
            case "'": text += "&apos;".unicodeScalars
            case "\t", "\n", "\r": text.append(scalar)
            case "\0"..<" ": break
            default: text.append(scalar)
            }
        }
        return String(text)
    }
}
