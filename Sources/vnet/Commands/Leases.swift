internal import API
internal import ArgumentParser
internal import Foundation
internal import NetworkModel

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
