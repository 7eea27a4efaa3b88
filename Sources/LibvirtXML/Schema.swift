internal import CXML

/// A RELAX NG schema, to which documents are held.
@safe public struct Schema: ~Copyable {
    private let schema: xmlRelaxNGPtr

    /// Runs once, before any thread compiles a schema: libxml2 would set up its datatypes, and RELAX NG's table of them, with
    /// the first schema that needs them, and without a lock.
    private static let setUpDatatypes: Void = {
        xmlSchemaInitTypes()
        _ = xmlRelaxNGInitTypes()
    }()

    /// Compiles the schema of the file called `name`.
    ///
    /// - Parameters:
    ///   - name: `network.rng`, for messages and for `content`.
    ///   - content: What a file holds that is called so, be it the schema itself or one that it includes; nil where there
    ///     is none.
    /// - Throws: What is wrong with the schema, or with a file that it includes.
    public init(_ name: String, content: (String) -> [UInt8]?) throws(SchemaError) {
        let tree = try Self.file(name, content)
        Self.setUpDatatypes
        unsafe try Self.resolveIncludes(of: tree.root, in: name, content, depth: 0)
        guard let context = unsafe xmlRelaxNGNewDocParserCtxt(tree.document) else {
            throw SchemaError(name, "out of memory")
        }
        defer { unsafe xmlRelaxNGFreeParserCtxt(context) }
        let errors = SchemaErrors()
        let schema = unsafe withExtendedLifetime(errors) {
            unsafe xmlRelaxNGSetParserStructuredErrors(
                context, SchemaErrors.note, Unmanaged.passUnretained(errors).toOpaque())
            return unsafe xmlRelaxNGParse(context)
        }
        guard let schema = unsafe schema else {
            throw SchemaError(name, errors.found.first?.message ?? "it is no RELAX NG schema")
        }
        unsafe self.schema = schema
    }

    deinit { unsafe xmlRelaxNGFree(schema) }

    /// Validates a tree, and returns what libxml2 has to say of it, innermost element first; empty where it is valid.
    func errors(of document: xmlDocPtr) -> [ValidityError] {
        guard let context = unsafe xmlRelaxNGNewValidCtxt(schema) else { return [] }
        defer { unsafe xmlRelaxNGFreeValidCtxt(context) }
        let errors = SchemaErrors()
        let result = withExtendedLifetime(errors) {
            unsafe xmlRelaxNGSetValidStructuredErrors(
                context, SchemaErrors.note, Unmanaged.passUnretained(errors).toOpaque())
            return unsafe xmlRelaxNGValidateDoc(context, document)
        }
        guard result != 0 else { return [] }
        return errors.found.isEmpty ? [ValidityError()] : errors.found
    }

    private static func file(_ name: String, _ content: (String) -> [UInt8]?) throws(SchemaError) -> XMLTree {
        guard let bytes = content(name) else { throw SchemaError(name, "there is no such file") }
        do {
            return try XMLTree(parsing: bytes)
        } catch {
            throw SchemaError(name, error.description)
        }
    }

    /// Puts what `<include href='…'/>` names in its place, as the specification of RELAX NG has it in section 4.7: so
    /// libxml2 need read no file.
    private static func resolveIncludes(
        of node: xmlNodePtr, in name: String, _ content: (String) -> [UInt8]?, depth: Int
    ) throws(SchemaError) {
        var next = unsafe node.pointee.children
        while let child = unsafe next {
            unsafe next = child.pointee.next
            guard unsafe child.pointee.type == XML_ELEMENT_NODE, unsafe xmlString(child.pointee.name) == "include"
            else {
                continue
            }
            guard depth < 8, unsafe child.pointee.children == nil, let href = unsafe xmlGetNoNsProp(child, "href")
            else {
                throw SchemaError(name, "it includes in a way that is not supported")
            }
            let file = unsafe String(cString: href)
            unsafe cxml_free(href)
            let included = try Self.file(file, content)
            unsafe try resolveIncludes(of: included.root, in: file, content, depth: depth + 1)
            guard let copy = unsafe xmlDocCopyNode(included.root, node.pointee.doc, 1) else { continue }
            unsafe xmlNodeSetName(copy, "div")
            unsafe xmlReplaceNode(child, copy)
            unsafe xmlFreeNode(child)
        }
    }
}

/// Why a schema cannot be used.
public struct SchemaError: Error, Hashable, CustomStringConvertible {
    public let file: String
    public let reason: String

    init(_ file: String, _ reason: String) {
        self.file = file
        self.reason = reason
    }

    public var description: String { "schema '\(file)': \(reason)" }
}

/// One thing that libxml2 says of a document which its schema does not allow.
@safe struct ValidityError {
    var code = XML_RELAXNG_OK.rawValue
    var message = "it is not valid"
    /// Of the document that was validated; nil where libxml2 does not tell.
    var node: xmlNodePtr?
    /// The names in the message.
    var words: [String] = []
}

private final class SchemaErrors {
    private(set) var found: [ValidityError] = []

    static let note: xmlStructuredErrorFunc = { box, error in
        guard let box = unsafe box, let error = unsafe error?.pointee else { return }
        let text = unsafe error.message.map { unsafe String(cString: $0) } ?? "no reason is known"
        let node = unsafe error.node?.assumingMemoryBound(to: xmlNode.self)
        let words = unsafe [error.str1, error.str2].compactMap { unsafe $0.map { unsafe String(cString: $0) } }
        unsafe Unmanaged<SchemaErrors>.fromOpaque(box).takeUnretainedValue().found.append(
            ValidityError(
                code: xmlRelaxNGValidErr.RawValue(error.code), message: shortened(text.prefix { $0 != "\n" }, to: 160),
                node: node, words: words))
    }
}
