/// A value of a document in a message: in quotes, cut where it is long, without what would move a terminal's cursor.
func quoted(_ value: String) -> String { "'\(shortened(value, to: 64))'" }

/// An element's name in a message, as a tag.
func tag(_ name: String) -> String { "<\(shortened(name, to: 64))>" }

/// The first `limit` scalars of `text` that are no control characters, and `…` where there are more.
func shortened(_ text: some StringProtocol, to limit: Int) -> String {
    var shown = String.UnicodeScalarView(text.unicodeScalars.prefix(limit).filter { !$0.isControl })
    if text.unicodeScalars.count > limit { shown.append("…") }
    return String(shown)
}

extension Unicode.Scalar {
    /// Whether this is one of U+0000 to U+001F and U+007F to U+009F.
    var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

extension String {
    /// Whether any of the text's scalars, line breaks and tabs among them, is a control character.
    var holdsControlCharacter: Bool {
        // Most text has none of the octets that control characters begin with.
        utf8.contains { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 } && unicodeScalars.contains { $0.isControl }
    }
}
