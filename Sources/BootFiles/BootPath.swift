/// The name of a file below a root, which leads nowhere else.
public struct BootPath: Hashable, Sendable, CustomStringConvertible {
    /// Components with `/` between them, none of which is empty, `.` or `..`.
    public let description: String

    /// Why a name stands for no file.
    public enum Refusal: Error, Hashable, Sendable {
        /// It names the root itself.
        case notFound
        case notPermitted
    }

    /// Reads a name as clients write it.
    ///
    /// It begins at the root, whether with a `/` or not, and may have `\` for `/`, as Windows' boot programs write it. One with
    /// `..`, with control characters, not in UTF-8, or of more octets than a path may have is refused.
    public init(_ name: [UInt8]) throws(Refusal) {
        guard name.count < 1_024, name.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            let text = String(validating: name, as: UTF8.self)
        else { throw .notPermitted }
        let components = text.split { $0 == "/" || $0 == "\\" }.filter { $0 != "." }
        guard !components.isEmpty else { throw .notFound }
        guard components.allSatisfy({ $0 != ".." && $0.utf8.count <= 255 }) else { throw .notPermitted }
        description = components.joined(separator: "/")
    }
}
