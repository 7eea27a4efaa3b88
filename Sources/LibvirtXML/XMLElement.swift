/// An element of a document as a value, without comments and processing instructions.
struct XMLElement: Hashable, Sendable {
    /// As the document writes it, with its prefix.
    let name: String
    /// Nil where the element has none, as libvirt's own.
    let namespace: String?
    let position: SourcePosition?
    let attributes: [Attribute]
    let children: [XMLElement]
    /// All text directly in the element, in one.
    let text: String

    struct Attribute: Hashable, Sendable {
        /// As the document writes it, with its prefix.
        let name: String
        let value: String
    }

    /// The value of an attribute that stands there, be it empty.
    subscript(attribute: String) -> String? { attributes.first { $0.name == attribute }?.value }

    /// The first child of that name.
    func first(_ name: String) -> XMLElement? { children.first { $0.name == name && $0.namespace == nil } }

    /// The children of that name, in their order.
    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name && $0.namespace == nil } }
}
