internal import API
internal import ArgumentParser
internal import LibvirtClient
internal import LibvirtXML
internal import NetworkModel

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "import",
        abstract: "Define here what a libvirt that runs has defined.",
        discussion: """
            Nothing changes in libvirt. A network that runs there goes on until it is stopped there, and cannot run here before. \
            One that starts with libvirt starts with vnet. What is defined here already is left as it is.

              vnet import default --connect qemu:///system
            """
    )

    @OptionGroup var instance: Instance
    @Argument(help: "The network's name in libvirt.") var name: String?
    @Flag(help: "All networks of libvirt.") var all = false
    @Option(help: "The libvirt to ask.") var connect = "qemu:///system"

    func validate() throws {
        guard (name == nil) == all else { throw ValidationError("Name a network, or give --all.") }
    }

    func run() async throws {
        let client = try instance.client()
        let found = try LibvirtConnection(connect).networks().filter { all || $0.name == name }
        if found.isEmpty, let name { throw CommandError("there is no network '\(name)' at '\(connect)'") }
        let present = try await client.get(["networks"], as: [NetworkSummary].self)
        var failed = false
        for network in found {
            do {
                try await define(network, present, client)
            } catch is ExitCode {
                failed = true
            } catch {
                say("error: network '\(network.name)' of '\(connect)' cannot be defined here: \(error)")
                failed = true
            }
        }
        if failed { throw ExitCode.failure }
    }

    private func define(_ network: LibvirtNetwork, _ present: [NetworkSummary], _ client: Client) async throws {
        var generator = SystemRandomNumberGenerator()
        let definition = try NetworkDefinition(libvirtXML: [UInt8](network.xml.utf8), using: &generator)
        if let other = present.first(where: { $0.name == network.name || $0.uuid == definition.uuid }) {
            if all, other.name == network.name, other.uuid == definition.uuid {
                return print("Network \(network.name) is here already, and left as it is")
            }
            throw CommandError(
                "network '\(other.name)' with UUID \(other.uuid) is here already; undefine it first, or rename one of the two"
            )
        }
        let document = Document(
            label: "network \(network.name)", content: [UInt8](network.xml.utf8), isAsWritten: false)
        let report: NetworkReport = try await document.send { content in
            try await client.post(["networks"], body: content)
        }
        document.printWarnings(of: report)
        if network.isAutostarted {
            let _: NetworkSummary = try await client.put(
                ["networks", report.network.name, "autostart"], AutostartWish(enabled: true))
        }
        print(
            "Network \(report.network.name) defined from \(connect)\(network.isAutostarted ? ", marked as autostarted" : "")"
        )
        for hint in hints(network) { say("warning: \(hint)") }
    }

    /// What keeps the two from running the same network.
    private func hints(_ network: LibvirtNetwork) -> [String] {
        var hints: [String] = []
        if network.isActive {
            hints.append(
                "network '\(network.name)' runs in libvirt: stop it there before you start it here: virsh -c \(connect) net-destroy"
                    + " \(network.name)")
        }
        if network.isAutostarted {
            hints.append(
                "network '\(network.name)' starts with libvirt as well: virsh -c \(connect) net-autostart --disable \(network.name)"
            )
        }
        return hints
    }
}
