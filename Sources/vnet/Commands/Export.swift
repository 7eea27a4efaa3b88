internal import API
internal import ArgumentParser
internal import LibvirtClient
internal import LibvirtXML
internal import NetworkModel

struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "export",
        abstract: "Print a network for libvirt, or define it in a libvirt that runs.",
        discussion: """
            With --as-bridge the guests of libvirt are put on the network's bridge, which stays vnet's: libvirt gets a network \
            of the same name and UUID that builds nothing. Such a network is started in libvirt at once, and starts with it \
            where it starts with the machine here.

              vnet export netwerk1 --as-bridge --connect qemu:///system

            Without --as-bridge libvirt gets the whole network to run it itself: stop it here before you start it there.
            """
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Flag(help: "As a network on the bridge that is there.") var asBridge = false
    @Option(help: "Define it at this libvirt, such as qemu:///system, instead of printing it.") var connect: String?

    func run() async throws {
        let client = try instance.client()
        let text = try await client.text(["networks", reference.network, "xml"], query: "?inactive=true")
        let document = asBridge ? try Self.bridge(of: text) : text
        guard let connect else { return print(document, terminator: "") }
        let network: NetworkSummary = try await client.get(["networks", reference.network])
        try LibvirtConnection(connect).define(
            document, isAutostarted: asBridge && network.isAutostarted, starting: asBridge)
        print("Network \(network.name) \(asBridge ? "defined and started" : "defined") at \(connect)")
    }

    private static func bridge(of document: String) throws -> String {
        var generator = SystemRandomNumberGenerator()
        let network = try NetworkDefinition(libvirtXML: [UInt8](document.utf8), using: &generator)
        guard let bridge = network.asBridge else {
            throw CommandError(
                "network '\(network.name)' has no bridge that libvirt's guests could be put on: export it without --as-bridge"
            )
        }
        return bridge.libvirtXML
    }
}
