internal import API
internal import ArgumentParser
internal import Foundation
internal import NetworkModel

struct Leases: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "leases",
        abstract: "List the addresses that guests hold, or held.",
        discussion: """
            'static' in place of a time are addresses that guests have given themselves: nobody else gets them. 'slaac' are
            those that they have made themselves of a prefix that is advertised to them.

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
                lease.expiry.map { format(Date(timeIntervalSince1970: TimeInterval($0.seconds))) }
                    ?? (lease.isAutoconfigured ? "slaac" : lease.isStatic ? "static" : "never"),
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

struct LeaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "lease", abstract: "Change the addresses that guests hold.", subcommands: [Release.self])

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "release",
            abstract: "Take an address back, so that another guest may have it.",
            discussion: "A guest that runs on with the address is not told before it asks again.")

        @OptionGroup var instance: Instance
        @OptionGroup var reference: Reference
        @Argument(help: "The address.") var address: String

        func run() async throws {
            let lease: LeaseInfo = try await instance.client().delete([
                "networks", reference.network, "leases", address,
            ])
            print("Lease of \(lease.address) on network \(reference.network) released")
        }
    }
}

struct WaitIP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "wait-ip",
        abstract: "Wait until a guest has an address, and print it.")

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Argument(help: "The guest's host name, its Ethernet address, or its port.") var guest: String
    @Option(help: "After how many seconds to give up.") var timeout = 60.0
    @Flag(help: "Wait for an address of IPv6.") var ipv6 = false

    private static let interval: Duration = .milliseconds(100)

    func run() async throws {
        let client = try instance.client()
        let end = ContinuousClock.now + .seconds(timeout)
        while true {
            let leases: [LeaseInfo] = try await client.get(["networks", reference.network, "leases"])
            let ports: [PortInfo] = try await client.get(["networks", reference.network, "ports"])
            if let address = address(in: leases, ports) { return print(address) }
            guard ContinuousClock.now < end else {
                throw CommandError(
                    "no guest '\(guest)' has got an address on network '\(reference.network)' within \(timeout) seconds:"
                        + " 'vnet leases \(reference.network)' shows who has one")
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    /// The one that was given last.
    private func address(in leases: [LeaseInfo], _ ports: [PortInfo]) -> IPAddress? {
        let mac = MACAddress(guest) ?? ports.first { $0.name == guest }?.mac
        let now = Int64(Date().timeIntervalSince1970)
        return leases.filter { lease in
            lease.address.family == (ipv6 ? .ipv6 : .ipv4) && (lease.expiry.map { $0.seconds > now } ?? true)
                && (mac.map { lease.mac == $0 } ?? (lease.hostName == guest.lowercased()))
        }
        .max { ($0.expiry?.seconds ?? .max) < ($1.expiry?.seconds ?? .max) }?.address
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
