internal import API
internal import ArgumentParser
internal import Foundation
internal import LibvirtXML
internal import NetworkModel

/// Where a definition comes from: a file, standard input, or a template.
struct Source: ParsableArguments {
    @Argument(
        help: "The network's XML, in libvirt's format; '-' for standard input.", completion: .file(extensions: ["xml"]))
    var file: String?

    @Option(help: "Take this built-in network instead of a file; 'vnet templates' lists them.")
    var template: String?

    @Option(help: "Call the network this.")
    var name: String?

    func validate() throws {
        guard (file == nil) != (template == nil) else {
            throw ValidationError("Give either a file or --template.")
        }
    }

    /// How messages call it.
    var label: String { template.map { "template \($0)" } ?? file ?? "-" }

    /// The document, with the name that was asked for; a template's subnets are moved clear of those taken, a file's are not.
    func document(for client: Client) async throws -> Document {
        guard template != nil || name != nil else { return try given() }
        var definition = try parsed()
        if let name { definition.rename(to: name) }
        if template != nil { definition.move(clearOf: try await client.subnets()) }
        return Document(label: label, content: [UInt8](definition.libvirtXML.utf8), isAsWritten: false)
    }

    /// The document as it is in the file or template.
    func given() throws -> Document {
        if let template { return Document(label: label, content: [UInt8](try Template.named(template).utf8)) }
        return try Document(file: file ?? "-")
    }

    private func parsed() throws -> NetworkDefinition {
        let document = try given()
        var generator = SystemRandomNumberGenerator()
        do throws(XMLProblems) {
            return try NetworkDefinition(libvirtXML: document.content, using: &generator)
        } catch {
            throw document.refusal(error.problems.map(DocumentProblem.init))
        }
    }
}

/// Whether a document is held to more than what is needed to read it.
struct Validation: ParsableArguments {
    @Flag(help: "Refuse what libvirt's schema does not allow, and words that have no effect.") var validate = false
}

struct Define: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "define",
        abstract: "Keep a network on disk, or change one that is there.",
        discussion: "A network that runs takes its new definition with its next start.",
        aliases: ["net-define"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var source: Source
    @OptionGroup var validation: Validation

    func run() async throws {
        let client = try instance.client()
        if validation.validate { try source.given().validate(as: .network) }
        let document = try await source.document(for: client)
        let report: NetworkReport = try await document.send { content in
            try await client.post(["networks"], body: content)
        }
        document.printWarnings(of: report)
        print("Network \(report.network.name) defined from \(source.label)")
    }
}

struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "create",
        abstract: "Start a network that is gone when it stops.", aliases: ["net-create"])

    @OptionGroup var instance: Instance
    @OptionGroup var source: Source
    @OptionGroup var validation: Validation

    func run() async throws {
        let client = try instance.client()
        if validation.validate { try source.given().validate(as: .network) }
        let document = try await source.document(for: client)
        let report: NetworkReport = try await document.send { content in
            try await client.post(["networks"], query: "?transient=true", body: content)
        }
        document.printWarnings(of: report)
        print("Network \(report.network.name) created from \(source.label)")
    }
}

extension NetworkReport {
    func printWarnings() {
        for warning in warnings { say("warning: \(warning)") }
    }
}

extension Client {
    /// The subnets of all networks.
    func subnets() async throws -> [IPSubnet] {
        try await get(["networks"], as: [NetworkSummary].self).flatMap(\.addresses).compactMap { text in
            let parts = text.split(separator: "/")
            guard parts.count == 2, let address = IPAddress(parts[0]), let length = Int(parts[1]) else { return nil }
            return IPSubnet(containing: address, prefixLength: length)
        }
    }
}
