/// An element of a document as a value, without comments and processing instructions.
struct XMLElement: Hashable, Sendable {
    /// As the document writes it, with its prefix.
    let name: String
    /// Nil where the element has none, as most of libvirt's own.
    let namespace: String?
    /// What the element is known by: its name where it has no namespace, `dnsmasq:` or `vnet:` and its local name in the
    /// namespace of libvirt's `<dnsmasq:options>` or in vnet's own, whatever its prefix; nil in any other.
    let key: String?
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

    init(
        name: String, namespace: String?, position: SourcePosition?, attributes: [Attribute], children: [XMLElement],
        text: String
    ) {
        self.name = name
        self.namespace = namespace
        key =
            switch namespace {
            case nil: name
            case dnsmasqNamespace: "dnsmasq:" + (name.split(separator: ":").last ?? "")
            case vnetNamespace: "vnet:" + (name.split(separator: ":").last ?? "")
            default: nil
            }
        self.position = position
        self.attributes = attributes
        self.children = children
        self.text = text
    }

    /// The value of an attribute that stands there, be it empty.
    subscript(attribute: String) -> String? { attributes.first { $0.name == attribute }?.value }

    /// The first child of that key.
    func first(_ key: String) -> XMLElement? { children.first { $0.key == key } }

    /// The children of that key, in their order.
    func all(_ key: String) -> [XMLElement] { children.filter { $0.key == key } }

    /// Where the element is, in a message about another one.
    var place: String { LibvirtXML.place(position) }
}

func place(_ position: SourcePosition?) -> String { position.map { "on line \($0.line)" } ?? "elsewhere" }

/// The namespace of libvirt's `<dnsmasq:options>`.
let dnsmasqNamespace = "http://libvirt.org/schemas/network/dnsmasq/1.0"

/// The namespace of vnet's own elements, which stand in `<metadata>`.
let vnetNamespace = "urn:vnet:1"
