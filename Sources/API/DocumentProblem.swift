/// One thing that is wrong with a document that was sent, or that has no effect in it.
public struct DocumentProblem: Hashable, Sendable, Codable, CustomStringConvertible {
    /// From 1; nil where it is the document as a whole.
    public var line: Int?
    /// In characters, from 1.
    public var column: Int?
    /// What it is, and what to do about it.
    public var message: String

    public init(line: Int?, column: Int?, message: String) {
        self.line = line
        self.column = column
        self.message = message
    }

    public var description: String {
        guard let line, let column else { return message }
        return "line \(line), column \(column): \(message)"
    }

    /// The problem as compilers write it, which editors know to jump to: `lab.xml:3:5: …`.
    public func description(in file: String) -> String {
        guard let line, let column else { return "\(file): \(message)" }
        return "\(file):\(line):\(column): \(message)"
    }
}
