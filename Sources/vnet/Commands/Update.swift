internal import API
public import ArgumentParser
internal import Foundation
public import NetworkModel

extension UpdateCommand: ExpressibleByArgument {
    /// As virsh calls them: `add` is `add-last`.
    public init?(argument: String) { self.init(rawValue: argument == "add" ? Self.addLast.rawValue : argument) }
}

extension UpdateSection: ExpressibleByArgument {}

struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "update",
        abstract: "Add, replace or remove one element of a network, without restarting anything.",
        discussion: """
            vnet update netwerk1 add ip-dhcp-host "<host mac='52:54:00:00:00:07' ip='192.168.150.7'/>" --live --config
            """,
        aliases: ["net-update"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Argument(help: "What to do with it; 'add' is 'add-last'.") var command: UpdateCommand
    @Argument(help: "The kind of element; bridge, domain, ip, forward and forward-pf are beyond what libvirt updates.")
    var section: UpdateSection
    @Argument(help: "The element, or a file that holds it.", completion: .file(extensions: ["xml"])) var xml: String
    @Option(help: "The <ip> that a DHCP element belongs to, from 0. [default: the one that has DHCP]") var parentIndex:
        Int?
    @OptionGroup var scope: Scope

    func run() async throws {
        var text = xml
        if !xml.contains("<") {
            text = try Document(file: xml).text
        }
        let report: UpdateReport = try await instance.client().post(
            ["networks", reference.network, "update"],
            UpdateWish(
                command, section, xml: text, parentIndex: parentIndex, isLive: scope.live, isPersistent: scope.config))
        let what =
            switch (report.isPersistent, report.isLive) {
            case (true, true): "persistent config and live state"
            case (true, false): "persistent config"
            default: "live state"
            }
        print("Updated network \(report.network.name) \(what)")
    }
}
