internal import CXML

/// What an XPath expression selects of a document, as the text that `virsh net-dumpxml --xpath` prints.
///
/// An expression is looked at from the root element: `ip/dhcp/host` and `//host` both lead to a network's reservations. The
/// prefixes `vnet` and `dnsmasq` stand for the namespaces of `urn:vnet:1` and of `<dnsmasq:options>`.
public struct XPathQuery: Hashable, Sendable {
    public let expression: String
    /// Whether what is selected stands in one `<nodes>`, so that the text is a document whatever it is.
    public let isWrapped: Bool

    public init(_ expression: String, isWrapped: Bool = false) {
        self.expression = expression
        self.isWrapped = isWrapped
    }

    /// Looks at `document`, which is libvirt XML of any kind.
    ///
    /// Each selected node is written as a document of its own, attributes as ` name="value"`, and ends with a line break. A
    /// string, number or truth value, which virsh refuses, is written as XPath's `string()` writes it. Wrapped attributes
    /// become those of `<nodes>`, where the last of a name remains.
    public func text(in document: String) throws(XPathError) -> String {
        let tree: XMLTree
        do throws(XMLProblems) {
            tree = try XMLTree(parsing: [UInt8](document.utf8))
        } catch {
            throw .document(error)
        }
        let result = unsafe try evaluate(in: tree)
        defer { unsafe xmlXPathFreeObject(result) }
        guard unsafe result.pointee.type == XPATH_NODESET else {
            let value = unsafe xmlXPathCastToString(result)
            defer { unsafe cxml_free(value) }
            let text = unsafe xmlString(value) ?? ""
            return isWrapped ? "<nodes>\(escaped(text))</nodes>\n" : text + "\n"
        }
        let nodes = unsafe try Self.nodes(of: result)
        if isWrapped { return unsafe wrapped(nodes) }
        guard unsafe !nodes.isEmpty else { throw .nothing(expression) }
        var text = ""
        for index in unsafe nodes.indices { text += unsafe Self.text(of: nodes[index]) + "\n" }
        return text
    }

    /// The result, which belongs to the caller.
    private func evaluate(in tree: borrowing XMLTree) throws(XPathError) -> xmlXPathObjectPtr {
        guard let context = unsafe xmlXPathNewContext(tree.document) else { throw .outOfMemory }
        defer { unsafe xmlXPathFreeContext(context) }
        unsafe context.pointee.node = tree.root
        // Some expressions take longer than anyone waits: `//*[//*[//*[…]]]`.
        unsafe context.pointee.opLimit = Self.maximumOperations
        for (prefix, namespace) in [("vnet", vnetNamespace), ("dnsmasq", dnsmasqNamespace)] {
            unsafe xmlXPathRegisterNs(context, prefix, namespace)
        }
        let failure = XPathFailure()
        unsafe context.pointee.userData = Unmanaged.passUnretained(failure).toOpaque()
        unsafe context.pointee.error = { box, error in
            guard let box = unsafe box, let error = unsafe error?.pointee else { return }
            unsafe Unmanaged<XPathFailure>.fromOpaque(box).takeUnretainedValue().note(error)
        }
        // libxml2 writes the name of a function that it does not know to standard error, unless it knows it.
        unsafe xmlXPathRegisterFuncLookup(
            context,
            { context, name, namespace in
                guard let context = unsafe context?.assumingMemoryBound(to: xmlXPathContext.self) else { return nil }
                if unsafe xmlHashLookup2(context.pointee.funcHash, name, namespace) != nil { return nil }
                return { parser, _ in unsafe xmlXPathErr(parser, CInt(XPATH_UNKNOWN_FUNC_ERROR.rawValue)) }
            }, context)
        let result = unsafe withExtendedLifetime(failure) { unsafe xmlXPathEval(expression, context) }
        guard let result = unsafe result, failure.reason == nil else {
            unsafe xmlXPathFreeObject(result)
            throw .expression(expression, reason: failure.reason ?? "it cannot be evaluated")
        }
        return unsafe result
    }

    private static let maximumOperations: UInt = 50_000_000

    private static func nodes(of result: xmlXPathObjectPtr) throws(XPathError) -> [xmlNodePtr] {
        guard let set = unsafe result.pointee.nodesetval else { return unsafe [] }
        var nodes: [xmlNodePtr] = unsafe []
        for index in 0..<Int(unsafe set.pointee.nodeNr) {
            guard let node = unsafe set.pointee.nodeTab[index] else { continue }
            // Such a node is another structure, which cannot be written.
            guard unsafe node.pointee.type != XML_NAMESPACE_DECL else { throw .namespaces }
            unsafe nodes.append(node)
        }
        return unsafe nodes
    }

    private func wrapped(_ nodes: [xmlNodePtr]) -> String {
        let document = unsafe xmlNewDoc("1.0")
        defer { unsafe xmlFreeDoc(document) }
        guard let root = unsafe xmlNewDocNode(document, nil, "nodes", nil) else { return "" }
        unsafe xmlDocSetRootElement(document, root)
        for index in unsafe nodes.indices {
            var node: xmlNodePtr? = unsafe nodes[index]
            // A document is no part of another one.
            if unsafe node?.pointee.type == XML_DOCUMENT_NODE { unsafe node = unsafe node?.pointee.children }
            guard let copy = unsafe xmlDocCopyNode(node, document, 1) else { continue }
            unsafe xmlAddChild(root, copy)
        }
        return unsafe Self.text(of: root) + "\n"
    }

    private static func text(of node: xmlNodePtr) -> String {
        guard let buffer = unsafe xmlBufferCreate() else { return "" }
        defer { unsafe xmlBufferFree(buffer) }
        guard unsafe xmlNodeDump(buffer, node.pointee.doc, node, 0, 1) >= 0 else { return "" }
        return unsafe xmlString(xmlBufferContent(buffer)) ?? ""
    }

    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

/// Why a query has no text.
public enum XPathError: Error, Hashable, CustomStringConvertible {
    case document(XMLProblems)
    case expression(String, reason: String)
    /// No node is selected.
    case nothing(String)
    /// The nodes are declarations of namespaces.
    case namespaces
    case outOfMemory

    public var description: String {
        switch self {
        case .document(let problems): problems.description
        case .expression(let expression, let reason): "the XPath expression \(quoted(expression)) is wrong: \(reason)"
        case .nothing(let expression): "nothing matches the XPath expression \(quoted(expression))"
        case .namespaces: "declarations of namespaces cannot be printed: select elements, attributes or text"
        case .outOfMemory: "out of memory"
        }
    }
}

/// The first error of an evaluation, for which libxml2 gives a number and a place.
private final class XPathFailure {
    private(set) var reason: String?

    func note(_ error: xmlError) {
        guard reason == nil else { return }
        let code = unsafe Int(error.code) - Int(XML_XPATH_EXPRESSION_OK.rawValue)
        // In octets from 0; where evaluation fails, the place is the end of the expression and says nothing.
        let expression = unsafe error.str1.map { unsafe String(cString: $0) } ?? ""
        let place = unsafe "after \(quoted(String(decoding: expression.utf8.prefix(Int(error.int1)), as: UTF8.self)))"
        reason =
            switch xmlXPathError(rawValue: xmlXPathError.RawValue(code)) {
            case XPATH_NUMBER_ERROR: "a number is not written as one \(place)"
            case XPATH_UNFINISHED_LITERAL_ERROR, XPATH_START_LITERAL_ERROR: "a quotation mark is missing \(place)"
            case XPATH_UNDEF_VARIABLE_ERROR, XPATH_VARIABLE_REF_ERROR: "there are no variables here"
            case XPATH_INVALID_PREDICATE_ERROR, XPATH_EXPR_ERROR, XPATH_UNCLOSED_ERROR, XPATH_INVALID_CHAR_ERROR:
                "it does not go on as an expression \(place)"
            case XPATH_UNKNOWN_FUNC_ERROR: "XPath 1.0 has no function of that name"
            case XPATH_INVALID_OPERAND, XPATH_INVALID_TYPE: "a value is of another type than is needed there"
            case XPATH_INVALID_ARITY: "a function has too many or too few arguments"
            case XPATH_UNDEF_PREFIX_ERROR:
                "only the prefixes 'vnet' and 'dnsmasq' are known: use local-name() for others"
            case XPATH_OP_LIMIT_EXCEEDED, XPATH_RECURSION_LIMIT_EXCEEDED, XPATH_STACK_ERROR, XPATH_MEMORY_ERROR:
                "it takes too much time or memory"
            default: "it cannot be evaluated (libxml2's error \(code))"
            }
    }
}
