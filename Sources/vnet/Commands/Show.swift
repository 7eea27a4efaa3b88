internal import API
internal import ArgumentParser
internal import NetworkModel

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "list",
        abstract: "List networks.", aliases: ["net-list"])

    @OptionGroup var instance: Instance
    @Flag(help: "Those that do not run, too.") var all = false
    @Flag(help: "Only those that do not run.") var inactive = false
    @Flag(help: "Only those that are kept on disk.") var persistent = false
    @Flag(help: "Only those that end when they stop.") var transient = false
    @Flag(help: "Only those that start with the machine.") var autostart = false
    @Flag(help: "Only those that do not start with the machine.") var noAutostart = false
    @Flag(help: "As a table, which is the default.") var table = false
    @Flag(help: "With their titles.") var title = false
    @Flag(help: "Their names alone.") var name = false
    @Flag(help: "Their UUIDs alone.") var uuid = false
    @Flag(help: "As data.") var json = false

    func validate() throws {
        guard [table, name, uuid, json].count(where: { $0 }) <= 1 else {
            throw ValidationError("Only one of --table, --name, --uuid and --json may be given.")
        }
    }

    func run() async throws {
        let networks = try await instance.client().get(["networks"], as: [NetworkSummary].self).filter(isWanted)
            .sorted { $0.name.lowercased() < $1.name.lowercased() }
        if json { return try printJSON(networks) }
        if name || uuid {
            for network in networks { print(name ? network.name : network.uuid.description) }
            return
        }
        var table = Table(heading: ["Name", "State", "Autostart", "Persistent"] + (title ? ["Title"] : []))
        for network in networks {
            table.rows.append(
                [
                    network.name, network.isActive ? "active" : "inactive",
                    network.isPersistent ? network.isAutostarted.yesOrNo : "no autostart", network.isPersistent.yesOrNo,
                ] + (title ? [network.title ?? ""] : []))
        }
        print(table.description)
    }

    /// Each pair of filters names what passes; none or both of a pair lets all pass, as with virsh.
    private func isWanted(_ network: NetworkSummary) -> Bool {
        func passes(_ value: Bool, _ yes: Bool, _ no: Bool) -> Bool { yes == no || value == yes }
        return (inactive ? !network.isActive : all || network.isActive)
            && passes(network.isPersistent, persistent, transient)
            && passes(network.isAutostarted, autostart, noAutostart)
    }
}

struct Info: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "info",
        abstract: "Describe a network.", aliases: ["net-info"])

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Flag(help: "As data.") var json = false

    func run() async throws {
        let network: NetworkSummary = try await instance.client().get(["networks", reference.network])
        if json { return try printJSON(network) }
        var lines = [
            ("Name:", network.name), ("UUID:", network.uuid.description), ("Active:", network.isActive.yesOrNo),
            ("Persistent:", network.isPersistent.yesOrNo),
            ("Autostart:", network.isPersistent ? network.isAutostarted.yesOrNo : "no autostart"),
        ]
        if let bridge = network.bridge { lines.append(("Bridge:", bridge)) }
        lines.append(("Mode:", network.mode))
        if !network.addresses.isEmpty { lines.append(("Addresses:", network.addresses.joined(separator: " "))) }
        for (label, value) in lines { print(label + String(repeating: " ", count: 16 - label.count) + value) }
    }
}

struct DumpXML: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "dumpxml",
        abstract: "Print a network's XML as libvirt writes it.",
        aliases: ["net-dumpxml"]
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Flag(help: "As it is on disk, not as it runs.") var inactive = false
    @OptionGroup var output: XMLOutput

    func run() async throws {
        let text = try await instance.client().text(
            ["networks", reference.network, "xml"], query: inactive ? "?inactive=true" : "")
        try output.print(text)
    }
}

struct Templates: ParsableCommand {
    static let configuration = CommandConfiguration(
        "templates",
        abstract: "List the networks that are built in, or print one.",
        discussion: "'vnet define --template NAME' defines one."
    )

    @Argument(help: .init("The template to print.", valueName: "template")) var name: String?
    @Flag(help: "As data.") var json = false

    func run() throws {
        if let name {
            let text = try Template.named(name)
            return json ? try printJSON(["xml": text]) : print(text, terminator: "")
        }
        if json { return try printJSON(Template.all.map { ["name": $0.name, "summary": $0.summary] }) }
        var table = Table(heading: ["Name", "What it is"])
        table.rows = Template.all.map { [$0.name, $0.summary] }
        print(table.description)
    }
}
