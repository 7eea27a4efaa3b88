internal import API
internal import ArgumentParser
internal import NetworkModel

/// A port by UUID, on one network.
struct PortReference: ParsableArguments {
    @Argument(help: "The network's name or UUID.") var network: String
    @Argument(help: "The port's UUID.") var port: String

    var path: [String] { ["networks", network, "networkports", port] }
}

struct PortCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "port-create",
        abstract: "Record a guest's port that a hypervisor makes itself.",
        discussion: "The port ends with the network's run. 'vnet attach' makes a tap for a guest, and needs no XML.",
        aliases: ["net-port-create"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Argument(
        help: "The port's XML, in libvirt's format; '-' for standard input.", completion: .file(extensions: ["xml"]))
    var file: String
    @Flag(help: "Refuse what libvirt's format does not know.") var validate = false
    @Flag(help: "As data.") var json = false

    func run() async throws {
        let client = try instance.client()
        let document = try Document(file: file)
        if validate { try document.validate(as: .port) }
        let port: NetworkPortInfo = try await document.send { content in
            try await client.post(
                ["networks", reference.network, "networkports"], query: validate ? "?validate=true" : "", body: content)
        }
        if json { return try printJSON(port) }
        print("Network port \(port.uuid) created from \(file)")
    }
}

struct PortList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "port-list",
        abstract: "List the ports of a network that runs, as libvirt knows them.",
        discussion: "'vnet ports' lists guests' places by name.",
        aliases: ["net-port-list"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Flag(help: "Their UUIDs alone.") var uuid = false
    @Flag(help: "As a table, which is the default.") var table = false
    @Flag(help: "As data.") var json = false

    func validate() throws {
        guard [table, uuid, json].count(where: { $0 }) <= 1 else {
            throw ValidationError("Only one of --table, --uuid and --json may be given.")
        }
    }

    func run() async throws {
        let ports: [NetworkPortInfo] = try await instance.client().get(
            ["networks", reference.network, "networkports"])
        if json { return try printJSON(ports) }
        if uuid {
            for port in ports { print(port.uuid) }
            return
        }
        var table = Table(heading: ["UUID"])
        table.rows = ports.map { [$0.uuid.description] }
        print(table.description)
    }
}

struct PortDumpXML: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "port-dumpxml",
        abstract: "Print a port's XML as libvirt writes it.",
        aliases: ["net-port-dumpxml"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: PortReference
    @OptionGroup var output: XMLOutput

    func run() async throws {
        try output.print(await instance.client().text(reference.path + ["xml"]))
    }
}

struct PortDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "port-delete",
        abstract: "Take a port away by its UUID.",
        discussion: "'vnet detach' does it by name.",
        aliases: ["net-port-delete"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: PortReference

    func run() async throws {
        let port: NetworkPortInfo = try await instance.client().delete(reference.path)
        print("Network port \(port.uuid) deleted")
    }
}
