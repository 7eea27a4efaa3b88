/// One thing that is wrong with a document, and what to do about it.
public struct XMLProblem: Hashable, Sendable, CustomStringConvertible {
    /// From 1, of the start tag of `element` or of the broken place; nil where the problem is the document as a whole.
    public let line: Int?
    /// In characters, from 1.
    public let column: Int?
    /// The element's name as the document writes it; nil where no element could be read yet.
    public let element: String?
    /// What is wrong and the remedy, as one sentence without a full stop.
    public let message: String

    init(_ message: String, at position: SourcePosition?) {
        self.message = message
        line = position?.line
        column = position?.column
        element = nil
    }

    init(_ message: String, at position: SourcePosition?, element: String) {
        self.message = message
        line = position?.line
        column = position?.column
        self.element = element
    }

    init(_ message: String, at element: XMLElement) {
        self.message = message
        line = element.position?.line
        column = element.position?.column
        self.element = element.name
    }

    /// The message after its place.
    public var description: String {
        guard let line, let column else { return message }
        return "line \(line), column \(column): \(message)"
    }
}

/// Everything that is wrong with a document, in the order of its lines; at least one problem.
public struct XMLProblems: Error, Hashable, CustomStringConvertible {
    public let problems: [XMLProblem]

    init(_ problems: [XMLProblem]) {
        precondition(!problems.isEmpty, "no problem is no error")
        self.problems = problems.inOrderOfLines
    }

    init(_ message: String, at position: SourcePosition? = nil) {
        problems = [XMLProblem(message, at: position)]
    }

    /// One line a problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension [XMLProblem] {
    var inOrderOfLines: Self { sorted { ($0.line ?? 0, $0.column ?? 0) < ($1.line ?? 0, $1.column ?? 0) } }
}
