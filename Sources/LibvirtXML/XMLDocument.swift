internal import CXML

/// A well-formed document, read by libxml2 and copied into values: nothing of the library outlives the initialiser.
struct XMLDocument: Sendable {
    let root: XMLElement
    /// The root's `<metadata>`, serialised as libvirt serialises it; nil where there is none.
    let metadata: String?

    init(parsing bytes: [UInt8]) throws(XMLProblems) {
        let source = try XMLSource(bytes)
        let document = unsafe try Self.parse(source.bytes)
        defer { unsafe xmlFreeDoc(document) }
        if let encoding = unsafe Self.string(document.pointee.encoding), !Self.isUTF8(encoding) {
            throw XMLProblems(
                "the document declares the encoding \(quoted(encoding)); save it as UTF-8 and declare that")
        }
        // Belt and braces: `XMLSource` has refused every declaration already.
        guard unsafe document.pointee.intSubset == nil, let root = unsafe xmlDocGetRootElement(document) else {
            throw XMLProblems("the document holds no <network>")
        }
        var startTags = source.startTags.makeIterator()
        self.root = unsafe Self.element(root, &startTags)
        metadata = unsafe Self.metadata(of: root)
    }

    /// Runs once, before any thread parses: libxml2 asks for it where there is more than one.
    private static let setUpLibrary: Void = xmlInitParser()

    /// Reads `bytes` without network access, without expanding entities and without a word on standard error.
    ///
    /// Blank text between elements is dropped, as libvirt drops it, so that `<metadata>` is indented when it is written.
    ///
    /// The document is the caller's to free.
    static func parse(_ bytes: [UInt8]) throws(XMLProblems) -> xmlDocPtr {
        setUpLibrary
        guard let context = unsafe xmlNewParserCtxt() else { throw XMLProblems("out of memory") }
        defer { unsafe xmlFreeParserCtxt(context) }
        let first = FirstError()
        unsafe context.pointee._private = Unmanaged.passUnretained(first).toOpaque()
        unsafe context.pointee.sax.pointee.serror = { context, error in
            guard let context = unsafe context?.assumingMemoryBound(to: xmlParserCtxt.self),
                let box = unsafe context.pointee._private, let error = unsafe error?.pointee,
                unsafe error.level.rawValue >= XML_ERR_ERROR.rawValue
            else { return }
            unsafe Unmanaged<FirstError>.fromOpaque(box).takeUnretainedValue().note(error)
        }
        let options =
            XML_PARSE_NONET.rawValue | XML_PARSE_NOBLANKS.rawValue | XML_PARSE_NOERROR.rawValue
            | XML_PARSE_NOWARNING.rawValue
        let document = unsafe bytes.withUnsafeBytes { bytes in
            unsafe withExtendedLifetime(first) {
                unsafe xmlCtxtReadMemory(
                    context, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(bytes.count), nil, nil,
                    CInt(bitPattern: options))
            }
        }
        // An undeclared namespace prefix is an error to us, while libxml2 hands the document out all the same.
        guard let document = unsafe document, first.problem == nil else {
            unsafe xmlFreeDoc(document)
            throw first.problem.map { XMLProblems([$0]) } ?? XMLProblems("the document is empty; write a <network>")
        }
        return unsafe document
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
            namespace: unsafe string(node.pointee.ns?.pointee.href),
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
                text += unsafe string(this.pointee.content) ?? ""
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
                unsafe string(node.pointee.name) == "metadata"
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
            if let namespace = unsafe string(this.pointee.ns?.pointee.href), namespaces.insert(namespace).inserted {
                continue
            }
            unsafe xmlUnlinkNode(this)
            unsafe xmlFreeNode(this)
        }
        guard let buffer = unsafe xmlBufferCreate() else { return nil }
        defer { unsafe xmlBufferFree(buffer) }
        // One level deep in <network>, formatted.
        guard unsafe xmlNodeDump(buffer, nil, copy, 1, 1) >= 0 else { return nil }
        return unsafe string(xmlBufferContent(buffer))
    }

    private static func qualified(_ name: UnsafePointer<xmlChar>?, _ namespace: xmlNsPtr?) -> String {
        let prefix = unsafe string(namespace?.pointee.prefix).map { $0 + ":" } ?? ""
        return prefix + (unsafe string(name) ?? "")
    }

    static func string(_ text: UnsafePointer<xmlChar>?) -> String? {
        unsafe text.map { unsafe String(cString: $0) }
    }

    private static func isUTF8(_ encoding: String) -> Bool {
        ["UTF-8", "UTF8", "US-ASCII", "ASCII"].contains(encoding.uppercased())
    }
}

/// The first error of a parse; those after it are mostly its consequences.
private final class FirstError {
    private(set) var problem: XMLProblem?

    func note(_ error: xmlError) {
        guard problem == nil else { return }
        let text = unsafe error.message.map { unsafe String(cString: $0) } ?? "no reason is known"
        let line = text.prefix { $0 != "\n" }
        let message =
            line.hasPrefix("Excessive depth")
            ? "elements are nested too deep here; at most 256 may stand in one another"
            : "not well-formed XML: \(shortened(line, to: 160)); correct this place or the tag before it"
        let position = unsafe SourcePosition(line: Int(error.line), column: Int(error.int2))
        problem = XMLProblem(message, at: position)
    }
}
