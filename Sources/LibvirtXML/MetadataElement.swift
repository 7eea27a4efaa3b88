internal import CXML

/// One namespace's element in a network's `<metadata>`, which libxml2 takes out and puts in: other programs' elements are
/// their own business, and stay what they are to the byte.
enum MetadataElement {
    /// The element of a namespace, without its prefix and declaration, as who put it there wrote it; nil where there is none.
    static func read(_ uri: String, in metadata: String) throws(XMLProblems) -> String? {
        let tree = try XMLTree(parsing: [UInt8](metadata.utf8))
        guard let found = unsafe child(of: tree.root, in: uri), let copy = unsafe xmlCopyNode(found, 1) else {
            return nil
        }
        defer { unsafe xmlFreeNode(copy) }
        var isAttributes = false
        unsafe forEachElement(copy) { element in
            if unsafe has(element.pointee.ns, uri) { unsafe element.pointee.ns = nil }
            var attribute = unsafe element.pointee.properties
            while let this = unsafe attribute {
                if unsafe has(this.pointee.ns, uri) { isAttributes = true }
                unsafe attribute = this.pointee.next
            }
        }
        if !isAttributes { unsafe removeDeclaration(of: uri, from: copy) }
        return unsafe text(of: copy, level: 0)
    }

    /// `metadata` with another element of a namespace, or without one.
    ///
    /// - Parameters:
    ///   - uri: The namespace.
    ///   - key: The prefix that it gets.
    ///   - xml: The element; what of it is in no namespace comes into this one. Nil to remove the one there is.
    ///   - metadata: A whole `<metadata>`; nil where the network has none.
    /// - Returns: A whole `<metadata>`, nil where there is none after all.
    /// - Throws: Why that is no element, or `key` no prefix for it.
    static func write(
        _ uri: String, key: String, _ xml: [UInt8]?, in metadata: String?
    ) throws(XMLProblems) -> String? {
        if xml == nil, metadata == nil { return nil }
        let tree = try XMLTree(parsing: [UInt8]((metadata ?? "<metadata/>").utf8))
        var new: xmlNodePtr?
        if let xml { unsafe new = try element(xml, uri, key: key, for: tree.document) }
        if let old = unsafe child(of: tree.root, in: uri) {
            unsafe xmlUnlinkNode(old)
            unsafe xmlFreeNode(old)
        }
        if let new = unsafe new { unsafe xmlAddChild(tree.root, new) }
        // One level deep in <network>.
        return unsafe text(of: tree.root, level: 1)
    }

    /// The root of a document, in the namespace and as a node of `document`.
    private static func element(
        _ xml: [UInt8], _ uri: String, key: String, for document: xmlDocPtr
    ) throws(XMLProblems) -> xmlNodePtr {
        guard unsafe xmlValidateNCName(key, 0) == 0 else {
            throw XMLProblems("\(quoted(key)) cannot be the prefix of a namespace; choose a key of letters and digits")
        }
        let source = try XMLTree(parsing: xml)
        guard let namespace = unsafe xmlNewNs(source.root, uri, key) else {
            throw XMLProblems("the element declares the prefix \(quoted(key)) itself; choose another key")
        }
        unsafe forEachElement(source.root) { element in
            if unsafe element.pointee.ns == nil { unsafe element.pointee.ns = namespace }
        }
        guard let copy = unsafe xmlDocCopyNode(source.root, document, 1) else { throw XMLProblems("out of memory") }
        return unsafe copy
    }

    private static func child(of root: xmlNodePtr, in uri: String) -> xmlNodePtr? {
        var child = unsafe root.pointee.children
        while let this = unsafe child {
            if unsafe this.pointee.type == XML_ELEMENT_NODE, unsafe has(this.pointee.ns, uri) { return unsafe this }
            unsafe child = this.pointee.next
        }
        return nil
    }

    private static func has(_ namespace: xmlNsPtr?, _ uri: String) -> Bool {
        unsafe xmlString(namespace?.pointee.href) == uri
    }

    private static func removeDeclaration(of uri: String, from node: xmlNodePtr) {
        var link = unsafe node.pointee.nsDef
        var previous: xmlNsPtr?
        while let this = unsafe link {
            unsafe link = this.pointee.next
            guard unsafe has(this, uri) else {
                unsafe previous = this
                continue
            }
            if let previous = unsafe previous {
                unsafe previous.pointee.next = this.pointee.next
            } else {
                unsafe node.pointee.nsDef = this.pointee.next
            }
            unsafe xmlFreeNs(this)
        }
    }

    /// Recursion is bounded: libxml2 refuses documents deeper than 256 elements.
    private static func forEachElement(_ node: xmlNodePtr, _ body: (xmlNodePtr) -> Void) {
        unsafe body(node)
        var child = unsafe node.pointee.children
        while let this = unsafe child {
            if unsafe this.pointee.type == XML_ELEMENT_NODE { unsafe forEachElement(this, body) }
            unsafe child = this.pointee.next
        }
    }

    private static func text(of node: xmlNodePtr, level: CInt) -> String? {
        guard let buffer = unsafe xmlBufferCreate() else { return nil }
        defer { unsafe xmlBufferFree(buffer) }
        guard unsafe xmlNodeDump(buffer, nil, node, level, 1) >= 0 else { return nil }
        return unsafe xmlString(xmlBufferContent(buffer))
    }
}
