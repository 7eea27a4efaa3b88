/// What libvirt's format lets stand in one element.
///
/// libvirt ignores what it does not know, so a mistyped element silently has no effect. Here each such word is at least told.
struct Vocabulary: Sendable {
    enum Content: Sendable {
        /// Elements alone.
        case elements
        /// Text alone.
        case text
        /// Whatever its owner likes: it is not looked at.
        case anything
    }

    /// What becomes of a word that has no meaning where it stands.
    enum Severity: Sendable {
        /// It is told: libvirt ignores it.
        case warning
        /// It is refused: who writes an element of vnet's own counts on its effect.
        case error
    }

    /// Which of several children of a name libvirt reads.
    enum Reading: Sendable { case first, last, all }

    struct Child: Sendable {
        let vocabulary: Vocabulary
        let reading: Reading

        static func once(_ vocabulary: Vocabulary) -> Self { Self(vocabulary: vocabulary, reading: .first) }
        static func last(_ vocabulary: Vocabulary) -> Self { Self(vocabulary: vocabulary, reading: .last) }
        static func many(_ vocabulary: Vocabulary) -> Self { Self(vocabulary: vocabulary, reading: .all) }
    }

    var content = Content.elements
    var attributes: [String] = []
    /// By `XMLElement.key`.
    var children: [String: Child] = [:]

    /// The vocabulary of the element that `path` leads to from here.
    subscript(path: [String]) -> Self? {
        path.reduce(self) { vocabulary, key in vocabulary?.children[key]?.vocabulary }
    }

    /// Tells `reader` what is wrong with the words of `element` and of all that is in it; values are not looked at.
    func check(_ element: XMLElement, _ reader: inout DefinitionReader, unknown severity: Severity = .warning) {
        if content == .anything { return }
        for attribute in element.attributes { check(attribute, of: element, severity, &reader) }
        if content == .elements, element.text.utf8.contains(where: { !Self.blanks.contains($0) }) {
            reader.note(
                element, "\(tag(element.name)) holds text", severity, effect: ", which has no effect there",
                remedy: "; remove it")
        }
        var seen: [String: XMLElement] = [:]
        for child in element.children {
            guard let key = child.key, let known = children[key] else {
                note(child, in: element, severity, &reader)
                continue
            }
            if known.reading != .all, let other = seen.updateValue(child, forKey: key) {
                let which = known.reading == .first ? "first" : "last"
                reader.note(
                    child, "\(tag(child.name)) stands more than once in \(tag(element.name)), also \(other.place)",
                    severity, effect: "; only the \(which) has an effect", remedy: "; keep one")
            }
            known.vocabulary.check(child, &reader, unknown: severity)
        }
    }

    private func check(
        _ attribute: XMLElement.Attribute, of element: XMLElement, _ severity: Severity,
        _ reader: inout DefinitionReader
    ) {
        guard attributes.contains(attribute.name) else {
            return reader.note(
                element, "\(quoted(attribute.name)) is not an attribute of \(tag(element.name))", severity,
                effect: " and has no effect", remedy: Self.remedy(attributes, "has no attributes"))
        }
        // A reader of what we write would see a blank in place of a line break (XML 1.0, section 3.3.3).
        if attribute.value.holdsControlCharacter {
            reader.refuse(
                element,
                "attribute \(quoted(attribute.name)) of \(tag(element.name)) holds a control character or line break; remove it"
            )
        }
    }

    private func note(
        _ child: XMLElement, in element: XMLElement, _ severity: Severity, _ reader: inout DefinitionReader
    ) {
        let name = tag(child.name)
        if severity == .warning, let namespace = child.namespace {
            reader.warn(
                child,
                "\(name) of namespace \(quoted(namespace)) has no effect in \(tag(element.name)) and is not kept; move it"
                    + " into <metadata>")
        } else {
            reader.note(
                child, "\(name) is not an element of \(tag(element.name))", severity, effect: " and has no effect",
                remedy: Self.remedy(children.keys.sorted(), "holds no elements"))
        }
    }

    /// What can stand there instead of a word that cannot.
    private static func remedy(_ words: [String], _ none: String) -> String {
        words.isEmpty ? "; it \(none), remove it" : "; write one of \(words.map(quoted).joined(separator: ", "))"
    }

    /// XML 1.0, section 2.3: the production `S`.
    private static let blanks: Set<UInt8> = [0x09, 0x0A, 0x0D, 0x20]
}
