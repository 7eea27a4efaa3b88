internal import CXML

/// A well-formed document in libxml2's form, with its namespaces resolved; the library's memory goes with the value.
@safe struct XMLTree: ~Copyable {
    let document: xmlDocPtr
    let root: xmlNodePtr
    /// Where each element begins, in the order of their start tags.
    let startTags: [SourcePosition]

    init(parsing bytes: [UInt8]) throws(XMLProblems) {
        let source = try XMLSource(bytes)
        unsafe (document, root) = try Self.checked(Self.parse(source.bytes))
        startTags = source.startTags
    }

    deinit { unsafe xmlFreeDoc(document) }

    /// Frees the document where it throws.
    private static func checked(_ document: xmlDocPtr) throws(XMLProblems) -> (xmlDocPtr, xmlNodePtr) {
        let declared = unsafe xmlString(document.pointee.encoding)
        if let declared, !["UTF-8", "UTF8", "US-ASCII", "ASCII"].contains(declared.uppercased()) {
            unsafe xmlFreeDoc(document)
            throw XMLProblems(
                "the document declares the encoding \(quoted(declared)); save it as UTF-8 and declare that")
        }
        // Belt and braces: `XMLSource` has refused every declaration already.
        guard unsafe document.pointee.intSubset == nil, let root = unsafe xmlDocGetRootElement(document) else {
            unsafe xmlFreeDoc(document)
            throw XMLProblems("the document holds no element")
        }
        return unsafe (document, root)
    }

    /// Runs once, before any thread parses: libxml2 asks for it where there is more than one.
    private static let setUpLibrary: Void = xmlInitParser()

    /// Reads `bytes` without network access, without expanding entities and without a word on standard error.
    ///
    /// Blank text between elements is dropped, as libvirt drops it, so that what is written of it is indented.
    private static func parse(_ bytes: [UInt8]) throws(XMLProblems) -> xmlDocPtr {
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
}

/// The text of one of libxml2's strings; nil for none.
func xmlString(_ text: UnsafePointer<xmlChar>?) -> String? { unsafe text.map { unsafe String(cString: $0) } }

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
