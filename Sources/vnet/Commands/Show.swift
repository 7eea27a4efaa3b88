internal import API
internal import ArgumentParser
internal import Foundation
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

struct Leases: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "leases",
        abstract: "List the addresses that guests hold, or held.",
        discussion: """
            Who had an address at two o'clock:

              vnet leases netwerk1 --history --address 192.168.150.12 --at 14:00
            """,
        aliases: ["dhcp-leases", "net-dhcp-leases"])

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Option(help: "Only those of this Ethernet address.") var mac: String?
    @Argument(help: .init("The same as --mac.", valueName: "mac")) var ofMAC: String?
    @Flag(help: "Who had which address when, the newest first.") var history = false
    @Option(help: "With --history, only this address.") var address: String?
    @Option(help: "With --history, only those of this time: 14:02, or '2026-11-24 14:02:30'.") var at: Moment?
    @Flag(help: "As data.") var json = false

    func validate() throws {
        guard history || address == nil && at == nil else {
            throw ValidationError("--address and --at go with --history.")
        }
    }

    func run() async throws {
        if history { return try await listHistory() }
        let now = Int64(Date().timeIntervalSince1970)
        let leases = try await instance.client().get(["networks", reference.network, "leases"], as: [LeaseInfo].self)
            .filter { lease in
                ((mac ?? ofMAC).map { $0.lowercased() == lease.mac?.description } ?? true)
                    && (lease.expiry.map { $0.seconds > now } ?? true)
            }
        if json { return try printJSON(leases) }
        var table = Table(
            heading: ["Expiry Time", "MAC address", "Protocol", "IP address", "Hostname", "Client ID or DUID"])
        let format = Date.FormatStyle.localSeconds
        for lease in leases.sorted(by: { ($0.mac?.value ?? .max, $0.address) < ($1.mac?.value ?? .max, $1.address) }) {
            table.rows.append([
                lease.expiry.map { format(Date(timeIntervalSince1970: TimeInterval($0.seconds))) } ?? "never",
                lease.mac?.description ?? "-", lease.address.family.rawValue, "\(lease.address)/\(lease.prefixLength)",
                lease.hostName ?? "-",
                lease.clientID ?? "-",
            ])
        }
        print(table.description)
    }

    private func listHistory() async throws {
        var query: [String] = []
        if let address { query.append("address=" + address.percentEncoded) }
        if let at { query.append("at=\(at.time.seconds)") }
        let records = try await instance.client().get(
            ["networks", reference.network, "leases", "records"],
            query: query.isEmpty ? "" : "?" + query.joined(separator: "&"), as: [LeaseRecord].self
        ).filter { record in (mac ?? ofMAC).map { $0.lowercased() == record.mac?.description } ?? true }
        if json { return try printJSON(records) }
        var table = Table(heading: ["IP address", "MAC address", "Hostname", "From", "Until"])
        let format = Date.FormatStyle.localSeconds
        func text(_ time: WallTime) -> String { format(Date(timeIntervalSince1970: TimeInterval(time.seconds))) }
        for record in records {
            let isPrefix = record.prefixLength != (record.address.family == .ipv4 ? 32 : 128)
            table.rows.append([
                isPrefix ? "\(record.address)/\(record.prefixLength)" : "\(record.address)",
                record.mac?.description ?? "-", record.hostName ?? "-", text(record.since),
                record.until.map(text) ?? "now",
            ])
        }
        print(table.description)
    }
}

/// A moment in local time as people write it; without a date, the last one that has been.
struct Moment: ExpressibleByArgument {
    let time: WallTime

    init?(argument: String) { self.init(argument, now: Date()) }

    init?(_ text: String, now: Date) {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyy-MM-dd "
        let day = formatter.string(from: now)
        for format in ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm"] {
            formatter.dateFormat = format
            if let date = formatter.date(from: text) {
                time = WallTime(seconds: Int64(date.timeIntervalSince1970))
                return
            }
            guard let today = formatter.date(from: day + text) else { continue }
            let date = today <= now ? today : Calendar.current.date(byAdding: .day, value: -1, to: today) ?? today
            time = WallTime(seconds: Int64(date.timeIntervalSince1970))
            return
        }
        return nil
    }
}

extension Date.FormatStyle {
    /// Local time as virsh prints it: `2026-11-24 20:47:32`.
    fileprivate static var localSeconds: (Date) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
        return { formatter.string(from: $0) }
    }
}
