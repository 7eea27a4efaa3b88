internal import CXML

/// A well-formed document, read by libxml2 and copied into values.
struct XMLDocument: Sendable {
    let root: XMLElement
    /// The root's `<metadata>`, serialised as libvirt serialises it; nil where there is none.
    let metadata: String?

    init(parsing bytes: [UInt8]) throws(XMLProblems) {
        let tree = try XMLTree(parsing: bytes)
        var startTags = tree.startTags.makeIterator()
        root = unsafe Self.element(tree.root, &startTags)
        metadata = unsafe Self.metadata(of: tree.root)
    }

    /// Copies `node`, which takes the next of `startTags`, and what is in it.
    ///
    /// Recursion is bounded: libxml2 refuses documents deeper than 256 elements.
    private static func element(
        _ node: xmlNodePtr, _ startTags: inout IndexingIterator<[SourcePosition]>
    ) -> XMLElement {
        let position = startTags.next()
        var attributes: [XMLElement.Attribute] = []
        var attribute = unsafe node.pointee.properties
        while let this = unsafe attribute {
            let name = unsafe qualified(this.pointee.name, this.pointee.ns)
            attributes.append(.init(name: name, value: unsafe text(this.pointee.children)))
            unsafe attribute = this.pointee.next
        }
        var children: [XMLElement] = []
        var child = unsafe node.pointee.children
        while let this = unsafe child {
            if unsafe this.pointee.type == XML_ELEMENT_NODE { children.append(unsafe element(this, &startTags)) }
            unsafe child = this.pointee.next
        }
        return XMLElement(
            name: unsafe qualified(node.pointee.name, node.pointee.ns),
            namespace: unsafe xmlString(node.pointee.ns?.pointee.href),
            position: position,
            attributes: attributes,
            children: children,
            text: unsafe text(node.pointee.children))
    }

    /// The text of `first` and the nodes after it.
    private static func text(_ first: xmlNodePtr?) -> String {
        var text = ""
        var node = unsafe first
        while let this = unsafe node {
            if unsafe this.pointee.type == XML_TEXT_NODE || this.pointee.type == XML_CDATA_SECTION_NODE {
                text += unsafe xmlString(this.pointee.content) ?? ""
            }
            unsafe node = this.pointee.next
        }
        return text
    }

    /// The `<metadata>` of `root` without what libvirt drops: children without a namespace, comments and text among them,
    /// and every child whose namespace an earlier one has.
    private static func metadata(of root: xmlNodePtr) -> String? {
        var found = unsafe root.pointee.children
        while let node = unsafe found {
            if unsafe node.pointee.type == XML_ELEMENT_NODE, unsafe node.pointee.ns == nil,
                unsafe xmlString(node.pointee.name) == "metadata"
            {
                break
            }
            unsafe found = node.pointee.next
        }
        // The copy declares the namespaces that it takes from elements around it.
        guard let node = unsafe found, let copy = unsafe xmlCopyNode(node, 1) else { return nil }
        defer { unsafe xmlFreeNode(copy) }
        var namespaces: Set<String> = []
        var child = unsafe copy.pointee.children
        while let this = unsafe child {
            unsafe child = this.pointee.next
            if let namespace = unsafe xmlString(this.pointee.ns?.pointee.href), namespaces.insert(namespace).inserted {
                continue
            }
            unsafe xmlUnlinkNode(this)
            unsafe xmlFreeNode(this)
        }
        guard let buffer = unsafe xmlBufferCreate() else { return nil }
        defer { unsafe xmlBufferFree(buffer) }
        // One level deep in <network>, formatted.
        guard unsafe xmlNodeDump(buffer, nil, copy, 1, 1) >= 0 else { return nil }
        return unsafe xmlString(xmlBufferContent(buffer))
    }

    private static func qualified(_ name: UnsafePointer<xmlChar>?, _ namespace: xmlNsPtr?) -> String {
        let prefix = unsafe xmlString(namespace?.pointee.prefix).map { $0 + ":" } ?? ""
        return prefix + (unsafe xmlString(name) ?? "")
    }
}
