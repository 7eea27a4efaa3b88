/// Writes elements as libvirt writes them: two blanks a level, one element a line, attributes in single quotes.
struct XMLWriter {
    /// An attribute's name and value; nil for one that is not written.
    ///
    /// An array of tuples without these labels takes a cast of each element as it runs: give it this type.
    typealias Attribute = (name: String, value: String?)

    private var bytes: [UInt8] = []
    private var depth = 0

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Writes an element and what `content` writes into it; `<name/>` where that is nothing, unless `isPair`.
    mutating func element(
        _ name: String, _ attributes: [Attribute] = [], isPair: Bool = false, _ content: (inout Self) -> Void = { _ in }
    ) {
        indent()
        write("<")
        write(name)
        for case (let name, let value?) in attributes {
            write(" ")
            write(name)
            write("='")
            escape(value)
            write("'")
        }
        write(">\n")
        let start = bytes.count
        depth += 1
        content(&self)
        depth -= 1
        if bytes.count == start, !isPair {
            bytes.removeLast(2)
            write("/>\n")
        } else {
            line("</\(name)>")
        }
    }

    /// Writes an element that holds text.
    mutating func element(_ name: String, text: String) {
        indent()
        write("<\(name)>")
        escape(text)
        write("</\(name)>\n")
    }

    /// Writes XML as it is.
    mutating func line(_ xml: String) {
        indent()
        write(xml)
        write("\n")
    }

    private mutating func write(_ xml: String) { bytes += xml.utf8 }

    private mutating func indent() { for _ in 0..<depth { write("  ") } }

    /// As libvirt escapes, in text and in attributes alike; what no XML document can hold is dropped.
    private mutating func escape(_ value: String) {
        // Most values are written as they are.
        guard value.utf8.contains(where: { Self.replacement(of: $0) != nil }) else { return write(value) }
        for byte in value.utf8 {
            if let replacement = Self.replacement(of: byte) { write(replacement) } else { bytes.append(byte) }
        }
    }

    /// What is written in an octet's place; nil for one that is written as it is.
    private static func replacement(of byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&apos;"
        case UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): nil
        case 0..<0x20: ""
        default: nil
        }
    }
}
