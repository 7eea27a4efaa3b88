internal import API
internal import ArgumentParser

struct Name: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "name",
        abstract: "Print the name of the network with a UUID.", aliases: ["net-name"])

    @OptionGroup var instance: Instance
    @Argument(help: "The network's UUID.") var uuid: String

    func run() async throws {
        let network: NetworkSummary = try await instance.client().get(["networks", uuid])
        print(network.name)
    }
}

struct UUIDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uuid", abstract: "Print the UUID of a network.", aliases: ["net-uuid"])

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference

    func run() async throws {
        let network: NetworkSummary = try await instance.client().get(["networks", reference.network])
        print(network.uuid)
    }
}
