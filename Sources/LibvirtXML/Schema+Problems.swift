internal import CXML

extension Schema {
    /// Throws all that `problems(in:)` finds.
    public func validate(_ bytes: [UInt8]) throws(XMLProblems) {
        let problems = try problems(in: bytes)
        guard problems.isEmpty else { throw XMLProblems(problems) }
    }

    /// What the schema does not allow in a document, each at the innermost element that is at fault.
    ///
    /// libxml2 stops at the first, and often blames an element for what is in it. So who is to blame is tried out: what
    /// cures the document when it is taken out. Then it stays out, and the rest is validated again.
    public func problems(in bytes: [UInt8]) throws(XMLProblems) -> [XMLProblem] {
        let tree = try XMLTree(parsing: bytes)
        let places = unsafe tree.places
        var trial = SchemaTrial(effort: bytes.count)
        var problems: [XMLProblem] = []
        while let error = firstError(in: tree, &trial) {
            let fault = unsafe fault(of: error, in: tree, &trial)
            let name = unsafe xmlString(fault.node.pointee.name) ?? ""
            problems.append(unsafe XMLProblem(fault.message, at: places[fault.node], element: name))
            guard unsafe fault.node != tree.root else { break }
            unsafe xmlUnlinkNode(fault.node)
            unsafe xmlFreeNode(fault.node)
        }
        return problems
    }

    /// The first error with an element; one without only where there is no other.
    ///
    /// Nil where there is none, or where more effort was made than the document is worth.
    private func firstError(in tree: borrowing XMLTree, _ trial: inout SchemaTrial) -> ValidityError? {
        guard trial.begin() else { return nil }
        let errors = unsafe errors(of: tree.document)
        if let found = errors.first(where: { unsafe $0.node?.pointee.type == XML_ELEMENT_NODE }) { return found }
        guard var other = errors.first else { return nil }
        unsafe other.node = nil
        return other
    }

    /// Where the cause of an error is, and what to say of it.
    private func fault(
        of error: ValidityError, in tree: borrowing XMLTree, _ trial: inout SchemaTrial
    ) -> (node: xmlNodePtr, message: String) {
        let blamed = unsafe error.node ?? tree.root
        var node = unsafe blamed
        while let child = unsafe node.children(of: XML_ELEMENT_NODE).first(where: { child in
            unsafe isCured(without: child, of: node, blamed, in: tree, &trial)
        }) {
            unsafe node = child
        }
        let name = unsafe tag(xmlString(node.pointee.name) ?? "")
        if error.code == XML_RELAXNG_ERR_NOELEM.rawValue, unsafe node == blamed, let demanded = error.words.first {
            return unsafe (node, "\(name) lacks an element that the schema demands: \(tag(demanded))")
        }
        let attributes = unsafe Array(node.attributes)
        for index in unsafe attributes.indices {
            let attribute = unsafe attributes[index]
            guard unsafe isCured(without: attribute, of: node, blamed, in: tree, &trial) else { continue }
            let value = unsafe xmlNodeGetContent(attribute)
            defer { unsafe cxml_free(value) }
            let title = unsafe "attribute \(quoted(xmlString(attribute.pointee.name) ?? "")) of \(name)"
            return unsafe (
                node,
                "\(title) is \(quoted(xmlString(value) ?? "")), which the schema does not allow; correct or remove it"
            )
        }
        let texts = unsafe Array(node.children(of: XML_TEXT_NODE))
        for index in unsafe texts.indices {
            guard unsafe isCured(without: texts[index], of: node, blamed, in: tree, &trial) else { continue }
            return unsafe (node, "\(name) holds text that the schema does not allow; correct or remove it")
        }
        let parent = unsafe node.pointee.parent.flatMap { unsafe xmlString($0.pointee.name) } ?? ""
        return unsafe (
            node,
            "the schema does not allow \(name) in \(tag(parent)), or not like this: remove it, or add what is missing in it"
        )
    }

    /// Whether the document has nothing against `blamed` where `part` of `owner` is not there.
    private func isCured(
        without part: xmlNodePtr, of owner: xmlNodePtr, _ blamed: xmlNodePtr, in tree: borrowing XMLTree,
        _ trial: inout SchemaTrial
    ) -> Bool {
        guard trial.hasEffortLeft else { return false }
        let next = unsafe part.pointee.next
        unsafe xmlUnlinkNode(part)
        let error = firstError(in: tree, &trial)
        if let next = unsafe next, unsafe part.pointee.type != XML_ATTRIBUTE_NODE {
            unsafe xmlAddPrevSibling(next, part)
        } else {
            unsafe xmlAddChild(owner, part)
        }
        return error.map { unsafe ($0.node ?? tree.root) != blamed } ?? true
    }
}

/// How often a document may still be validated: a large one takes seconds each time.
private struct SchemaTrial {
    private var rounds: Int

    /// At most 300 rounds, and 2 MiB in all.
    init(effort size: Int) { rounds = min(300, max(2, 2 * XMLSource.maximumSize / max(size, 1))) }

    var hasEffortLeft: Bool { rounds > 0 }

    mutating func begin() -> Bool {
        rounds -= 1
        return rounds >= 0
    }
}

extension xmlNodePtr {
    fileprivate func children(of type: xmlElementType) -> [xmlNodePtr] {
        var children: [xmlNodePtr] = unsafe []
        var next = unsafe pointee.children
        while let child = unsafe next {
            if unsafe child.pointee.type == type { unsafe children.append(child) }
            unsafe next = child.pointee.next
        }
        return unsafe children
    }

    /// As nodes, which attributes are to libxml2.
    fileprivate var attributes: [xmlNodePtr] {
        var attributes: [xmlNodePtr] = unsafe []
        var next = unsafe pointee.properties
        while let attribute = unsafe next {
            unsafe attributes.append(UnsafeMutableRawPointer(attribute).assumingMemoryBound(to: xmlNode.self))
            unsafe next = attribute.pointee.next
        }
        return unsafe attributes
    }
}

extension XMLTree {
    /// Where each element begins.
    fileprivate var places: [xmlNodePtr: SourcePosition] {
        var places: [xmlNodePtr: SourcePosition] = unsafe [:]
        var startTags = startTags.makeIterator()
        var pending: [xmlNodePtr] = unsafe [root]
        while let node = unsafe pending.popLast() {
            unsafe places[node] = startTags.next()
            unsafe pending += node.children(of: XML_ELEMENT_NODE).reversed()
        }
        return unsafe places
    }
}
