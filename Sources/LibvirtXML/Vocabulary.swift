/// What libvirt's format lets stand in one element, and which part of that vnet does.
///
/// libvirt ignores what it does not know, so a mistyped element silently has no effect. Here everything in a document either
/// takes effect or is refused, by name.
struct Vocabulary: Sendable {
    enum Content: Sendable {
        /// Elements alone.
        case elements
        /// Text alone.
        case text
        /// Whatever its owner likes: it is not looked at.
        case anything
    }

    struct Child: Sendable {
        let vocabulary: Vocabulary
        let mayRepeat: Bool

        static func once(_ vocabulary: Vocabulary) -> Self { Self(vocabulary: vocabulary, mayRepeat: false) }
        static func many(_ vocabulary: Vocabulary) -> Self { Self(vocabulary: vocabulary, mayRepeat: true) }
    }

    var content = Content.elements
    var attributes: Set<String> = []
    /// Attributes that libvirt knows and vnet does not do.
    var attributesNotYet: Set<String> = []
    var children: [String: Child] = [:]
    /// Elements that libvirt knows and vnet does not do.
    var childrenNotYet: Set<String> = []

    /// What is wrong with the words of `element` and of all that is in it; values are not looked at.
    func problems(in element: XMLElement) -> [XMLProblem] {
        if content == .anything { return [] }
        var problems = element.attributes.compactMap { problem(with: $0, of: element) }
        if content == .elements, element.text.utf8.contains(where: { !Self.blanks.contains($0) }) {
            problems.append(.init("\(tag(element.name)) holds text, which means nothing there; remove it", at: element))
        }
        var seen: [String: XMLElement] = [:]
        for child in element.children {
            guard child.namespace == nil, let known = children[child.name] else {
                problems.append(refusal(of: child, in: element))
                continue
            }
            if let first = seen[child.name], !known.mayRepeat {
                let place = first.position.map { ", first on line \($0.line)" } ?? ""
                problems.append(
                    .init(
                        "\(tag(child.name)) stands more than once in \(tag(element.name))\(place); keep one", at: child)
                )
            }
            seen[child.name] = seen[child.name] ?? child
            problems += known.vocabulary.problems(in: child)
        }
        return problems
    }

    private func problem(with attribute: XMLElement.Attribute, of element: XMLElement) -> XMLProblem? {
        let name = quoted(attribute.name)
        if attributes.contains(attribute.name) {
            // A reader of what we write would see a blank in place of a line break (XML 1.0, section 3.3.3).
            guard attribute.value.holdsControlCharacter else { return nil }
            return .init(
                "attribute \(name) of \(tag(element.name)) holds a control character or line break; remove it",
                at: element)
        }
        if attributesNotYet.contains(attribute.name) {
            return .init("attribute \(name) of \(tag(element.name)) is not supported yet; remove it", at: element)
        }
        return .init("\(name) is not an attribute of \(tag(element.name)); remove it", at: element)
    }

    private func refusal(of child: XMLElement, in element: XMLElement) -> XMLProblem {
        let name = tag(child.name)
        switch child.namespace {
        case nil where childrenNotYet.contains(child.name), Self.dnsmasq?:
            return .init("\(name) is not supported yet; remove it", at: child)
        case nil:
            return .init("\(name) is not an element of \(tag(element.name)); remove it", at: child)
        case let namespace?:
            return .init(
                "\(name) of namespace \(quoted(namespace)) is not an element of \(tag(element.name)); "
                    + "remove it or move it into <metadata>", at: child)
        }
    }

    /// The namespace of libvirt's `<dnsmasq:options>`.
    private static let dnsmasq = "http://libvirt.org/schemas/network/dnsmasq/1.0"
    /// XML 1.0, section 2.3: the production `S`.
    private static let blanks: Set<UInt8> = [0x09, 0x0A, 0x0D, 0x20]
}
