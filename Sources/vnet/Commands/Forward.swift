internal import API
public import ArgumentParser
public import NetworkModel

extension PortForward.Transport: ExpressibleByArgument {}
extension InterfaceName: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

/// `vnet forward`: ports of the host that lead to guests.
struct Forward: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "forward",
        abstract: "List, add and remove ports of the host that lead to guests.",
        discussion: """
              vnet forward add netwerk1 8080 vm1:80
              vnet forward add netwerk1 0.0.0.0:2200-2209 vm1:22 --proto tcp
              vnet forward remove netwerk1 8080

            A change holds for the network as it runs and for its definition, unless one of the two is asked for. Without an
            address the host alone reaches the port, at 127.0.0.1. The guest is a name, whose lease the forward follows, or an
            address.
            """,
        subcommands: [List.self, Add.self, Remove.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the forwards of a network.")

        @OptionGroup var instance: Instance
        @OptionGroup var reference: Reference
        @Flag(help: "As data.") var json = false

        func run() async throws {
            let forwards: [ForwardInfo] = try await instance.client().get(["networks", reference.network, "forwards"])
            if json { return try printJSON(forwards) }
            var table = Table(heading: ["Listens at", "Guest", "Port", "Leads to", "Live", "Config"])
            for info in forwards {
                let targets = info.targets.map(\.description).joined(separator: ", ")
                table.rows.append([
                    info.forward.listening, info.forward.guest.description, "\(info.forward.firstTarget)",
                    targets.isEmpty ? "-" : targets, info.isLive.yesOrNo, info.isPersistent.yesOrNo,
                ])
            }
            print(table.description)
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "add", abstract: "Add a forward.")

        @OptionGroup var instance: Instance
        @OptionGroup var reference: Reference
        @OptionGroup var listening: Listening
        @Argument(
            help:
                "The guest and its port: vm1:80, 192.168.150.20, [fd00::20]:443; the port is the same where it is left out."
        )
        var guest: Endpoint
        @OptionGroup var scope: Scope

        func validate() throws {
            let target = guest.ports?.lowerBound ?? listening.place.ports?.lowerBound ?? 1
            guard listening.place.ports != nil else { throw ValidationError("Where to listen needs a port.") }
            guard guest.ports.map({ $0.count == 1 }) != false else {
                throw ValidationError("The guest's port is the first of as many as are listened on: write one.")
            }
            guard guest.host != nil, Int(target) + (listening.place.ports?.count ?? 1) - 1 <= Int(UInt16.max) else {
                throw ValidationError("The guest needs a name or address, and ports up to 65535.")
            }
        }

        func run() async throws {
            let ports = listening.place.ports ?? 1...1
            let forward = PortForward(
                listening.proto, address: try listening.address(), device: listening.dev, ports: ports,
                firstTarget: guest.ports?.lowerBound ?? ports.lowerBound, guest: .init(guest.host ?? ""))
            let report: UpdateReport = try await instance.client().post(
                ["networks", reference.network, "forwards"],
                ForwardWish(forward, isLive: scope.live, isPersistent: scope.config))
            print("Forward \(forward.listening) to \(forward.guest) added to network \(report.network.name)")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "remove", abstract: "Remove a forward.")

        @OptionGroup var instance: Instance
        @OptionGroup var reference: Reference
        @OptionGroup var listening: Listening
        @OptionGroup var scope: Scope

        func validate() throws {
            guard listening.place.ports != nil else { throw ValidationError("Where to listen needs a port.") }
        }

        func run() async throws {
            let ending = ForwardEnding(
                listening.proto, address: try listening.address(), device: listening.dev,
                ports: listening.place.ports ?? 1...1, isLive: scope.live, isPersistent: scope.config)
            let report: UpdateReport = try await instance.client().post(
                ["networks", reference.network, "forwards", "end"], ending)
            print("Forward removed from network \(report.network.name)")
        }
    }

    /// Where a forward listens.
    struct Listening: ParsableArguments {
        @Argument(help: "Where the host listens: 8080, 8080-8089, 0.0.0.0:80, [::]:80.") var place: Endpoint
        @Option(help: "tcp, udp or sctp.") var proto = PortForward.Transport.tcp
        @Option(help: "The only interface that packets may arrive by.") var dev: InterfaceName?

        /// Nil for any, where a device is given.
        func address() throws -> IPAddress? {
            guard let host = place.host else { return dev == nil ? PortForward.defaultAddress : nil }
            guard let address = IPAddress(host) else {
                throw CommandError("'\(host)' is no address of the host's: write one, such as 0.0.0.0, or leave it out")
            }
            return address
        }
    }

    /// What a change holds for.
    struct Scope: ParsableArguments {
        @Flag(help: "Change what is on disk alone.") var config = false
        @Flag(help: "Change the network as it runs alone.") var live = false
    }
}

/// `HOST:PORT`, `HOST:FIRST-LAST`, `PORT` or `HOST`, an IPv6 address in brackets.
struct Endpoint: ExpressibleByArgument {
    let host: String?
    let ports: ClosedRange<UInt16>?

    init?(argument text: String) {
        if let ports = Self.ports(text) {
            (host, self.ports) = (nil, ports)
            return
        }
        var host = text
        var rest: Substring?
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = String(text[text.index(after: text.startIndex)..<end])
            rest = text[text.index(after: end)...]
        } else if let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon {
            host = String(text[..<colon])
            rest = text[colon...]
        }
        guard !host.isEmpty else { return nil }
        self.host = host
        guard let rest, !rest.isEmpty else {
            ports = nil
            return
        }
        guard rest.first == ":", let found = Self.ports(rest.dropFirst()) else { return nil }
        ports = found
    }

    private static func ports(_ text: some StringProtocol) -> ClosedRange<UInt16>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let first = UInt16(ends[0]), let last = UInt16(ends[ends.count - 1]),
            first > 0, last >= first
        else { return nil }
        return first...last
    }
}
