internal import API
internal import ArgumentParser

struct Name: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "name",
        abstract: "Print the name of the network with a UUID.", aliases: ["net-name"])

    @OptionGroup var instance: Instance
    @Argument(help: .init("The network's UUID.", valueName: "network")) var uuid: String
    @Flag(help: "As data.") var json = false

    func run() async throws {
        let network: NetworkSummary = try await instance.client().get(["networks", uuid])
        if json { return try printJSON(["name": network.name]) }
        print(network.name)
    }
}

struct UUIDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "uuid", abstract: "Print the UUID of a network.", aliases: ["net-uuid"])

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Flag(help: "As data.") var json = false

    func run() async throws {
        let network: NetworkSummary = try await instance.client().get(["networks", reference.network])
        if json { return try printJSON(["uuid": network.uuid]) }
        print(network.uuid)
    }
}
