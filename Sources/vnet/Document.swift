internal import API
internal import ArgumentParser
internal import Foundation
internal import LibvirtXML
internal import NetworkModel

/// A document that a command was given.
struct Document {
    /// How messages call it: its file; nil for one that has no name, such as standard input.
    let label: String?
    let content: [UInt8]
    /// Whether it came as it is, so that its lines mean something to whoever wrote it.
    var isAsWritten = true

    init(label: String?, content: [UInt8], isAsWritten: Bool = true) {
        self.label = label
        self.content = content
        self.isAsWritten = isAsWritten
    }

    /// Reads a file, or standard input where it is called `-`, but not much more of it than a document may have.
    init(file: String) throws {
        let label = file == "-" ? nil : file
        let content = try Self.content(of: file)
        guard content.count <= NetworkDefinition.maximumDocumentSize else {
            throw CommandError(
                "\(label.map { "'\($0)'" } ?? "standard input") is larger than \(NetworkDefinition.maximumDocumentSize >> 20) MiB, and no such document is read"
            )
        }
        self.init(label: label, content: content)
    }

    /// All of it, or more than a document may have.
    private static func content(of file: String) throws -> [UInt8] {
        func failure() -> CommandError { CommandError("read '\(file)': \(unsafe String(cString: strerror(errno)))") }
        let descriptor = file == "-" ? STDIN_FILENO : unsafe open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        defer { if file != "-" { close(descriptor) } }
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while content.count <= NetworkDefinition.maximumDocumentSize {
            let count = unsafe read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure() }
            guard count > 0 else { break }
            content += part.prefix(count)
        }
        return content
    }

    /// The content where it goes on as text.
    var text: String {
        get throws {
            guard let text = String(validating: content, as: UTF8.self) else {
                throw CommandError("\(label.map { "'\($0)'" } ?? "standard input") is not UTF-8; save it as UTF-8")
            }
            return text
        }
    }

    /// Sends the document by `body`, and says where it is wrong.
    func send<Answer>(_ body: ([UInt8]) async throws -> Answer) async throws -> Answer {
        do {
            return try await body(content)
        } catch let error as APIError where error.problems != nil {
            throw refusal(error.problems ?? [])
        }
    }

    /// Says what is strange about the document or its network.
    func printWarnings(of report: NetworkReport) {
        for problem in report.problems ?? [] { say("warning: \(description(of: problem))") }
        report.printWarnings()
    }

    /// Says everything that is wrong, and returns the exit code for it.
    func refusal(_ problems: [DocumentProblem]) -> ExitCode {
        for problem in problems { say("error: \(description(of: problem))") }
        return .failure
    }

    private func description(of problem: DocumentProblem) -> String {
        guard let label else { return problem.description }
        return isAsWritten ? problem.description(in: label) : "\(label): \(problem.message)"
    }
}

// MARK: Validation

extension Document {
    /// The schemas that libvirt brings along, by file.
    enum Kind: String {
        case network = "network.rng"
        case port = "networkport.rng"
    }

    /// Holds the document to libvirt's schema and, a network, to what vnet itself knows of the format; says all that is
    /// wrong, and throws the exit code for it.
    func validate(as kind: Kind) throws {
        let folder = SchemaFolder()
        let schema = try folder.schema(kind)
        do throws(XMLProblems) {
            switch kind {
            case .network: try NetworkDefinition.validate(libvirtXML: content, against: schema)
            case .port: try schema?.validate(content)
            }
        } catch {
            throw refusal(error.problems.map(DocumentProblem.init))
        }
    }
}

/// Where libvirt's schemas are installed.
private struct SchemaFolder {
    /// Of the package libvirt0 on Debian, libvirt-libs on Fedora.
    private static let installed = "/usr/share/libvirt/schemas"

    private let chosen = ProcessInfo.processInfo.environment["VNET_SCHEMAS"]

    /// Nil, with a warning, where libvirt is not installed.
    func schema(_ kind: Document.Kind) throws -> Schema? {
        let folder = chosen ?? Self.installed
        guard FileManager.default.fileExists(atPath: "\(folder)/\(kind.rawValue)") else {
            guard chosen == nil else {
                throw CommandError("there is no '\(kind.rawValue)' in VNET_SCHEMAS='\(folder)'")
            }
            say(
                "warning: libvirt's schema is not installed, so only vnet's own rules are checked: install it (Debian: apt install"
                    + " libvirt0, Fedora: dnf install libvirt-libs), or set VNET_SCHEMAS to the folder of '\(kind.rawValue)'"
            )
            return nil
        }
        return try Schema(kind.rawValue) { file in
            FileManager.default.contents(atPath: "\(folder)/\(file)").map { [UInt8]($0) }
        }
    }
}

extension DocumentProblem {
    init(_ problem: XMLProblem) {
        self.init(line: problem.line, column: problem.column, message: problem.message)
    }
}
