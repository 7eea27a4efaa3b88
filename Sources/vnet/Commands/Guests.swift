internal import API
public import ArgumentParser
internal import Foundation
public import NetworkModel

extension MACAddress: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

struct Attach: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "attach",
        abstract: "Give a guest a place on a network: a tap that QEMU may open without root.",
        discussion: """
            Prints the tap's name. On a network without a bridge, where guests are on the host's interfaces, it is a macvtap,
            and QEMU's arguments end with how to open its device:

            eval qemu-system-x86_64 disk.img $(vnet attach lan --qemu)
            """
    )

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Option(help: "The port's name. [default: the tap's]") var name: String?
    @Option(help: "The guest's Ethernet address. [default: made from the name, else random]") var mac: MACAddress?
    @Option(help: "The user, by name or number, who may open the tap. [default: you]") var owner: String?
    @Option(name: .customLong("portgroup"), help: "The <portgroup> whose settings it gets. [default: the default one]")
    var portGroup: String?
    @Option(help: "Towards the guest: average[,peak[,burst]], in kB/s and kB.") var inbound: Rate?
    @Option(help: "From the guest: average[,peak[,burst]], in kB/s and kB.") var outbound: Rate?
    @Option(help: "What the guest gets of the network's inbound bandwidth whatever others take, in kB/s.") var floor:
        UInt64?
    @Flag(help: "Let the guest talk to the host and to guests that are not isolated only.") var isolated = false
    @Flag(help: "Print QEMU's arguments instead.") var qemu = false
    @Flag(help: "Print the port as data instead.") var json = false

    func run() async throws {
        var wish = PortWish(name: name, mac: mac, isIsolated: isolated).owned(by: try Owner(owner))
        wish.portGroup = portGroup
        wish.floor = floor
        if inbound != nil || outbound != nil {
            wish.bandwidth = .init(inbound: inbound?.value, outbound: outbound?.value)
        }
        let port: PortInfo = try await instance.client().post(["networks", reference.network, "ports"], wish)
        if json { return try printJSON(port) }
        guard qemu else { return print(port.tap?.description ?? "") }
        let opening = port.device.map { ["\(PortInfo.firstDescriptor)<>\($0)"] } ?? []
        print((port.qemuArguments(id: "vnet0", descriptor: PortInfo.firstDescriptor) + opening).joined(separator: " "))
    }
}

/// How much may pass in one direction, as virsh writes it: `1000,2000,512`.
struct Rate: ExpressibleByArgument {
    let value: NetworkDefinition.Bandwidth.Rate

    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { UInt64($0) }
        guard (1...3).contains(numbers.count), let average = numbers[0], average > 0,
            numbers.dropFirst().allSatisfy({ $0 != nil && $0 != 0 })
        else { return nil }
        value = .init(
            average: average, peak: numbers.count > 1 ? numbers[1] : nil, burst: numbers.count > 2 ? numbers[2] : nil)
    }
}

struct Detach: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "detach",
        abstract: "Take a guest's place on a network away.")

    @OptionGroup var instance: Instance
    @OptionGroup var reference: Reference
    @Argument(help: "The port's name.") var port: String

    func run() async throws {
        let port: PortInfo = try await instance.client().delete(["networks", reference.network, "ports", port])
        print("Port \(port.name) of network \(port.network) detached")
    }
}

struct Ports: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "ports",
        abstract: "List the guests' places.")

    @OptionGroup var instance: Instance
    @Argument(help: "The network's name or UUID; all networks where it is left out.") var network: String?
    @Flag(help: "As data.") var json = false

    func run() async throws {
        let ports: [PortInfo] = try await instance.client().get(network.map { ["networks", $0, "ports"] } ?? ["ports"])
        if json { return try printJSON(ports) }
        var table = Table(heading: ["Network", "Port", "Tap", "MAC address", "Owner", "Isolated"])
        for port in ports {
            let owner = unsafe getpwuid(port.owner).map { unsafe String(cString: $0.pointee.pw_name) }
            table.rows.append([
                port.network, port.name, port.tap?.description ?? "-", port.mac.description, owner ?? "\(port.owner)",
                port.isIsolated.yesOrNo,
            ])
        }
        print(table.description)
    }
}

/// Who may open a tap.
struct Owner {
    let user: UInt32
    let group: UInt32

    /// Takes a user's name or number; nil stands for the caller, under sudo for who called that.
    init(_ text: String?) throws {
        guard let text else {
            let environment = ProcessInfo.processInfo.environment
            let isSudo = geteuid() == 0
            user = (isSudo ? environment["SUDO_UID"].flatMap { UInt32($0) } : nil) ?? getuid()
            group = (isSudo ? environment["SUDO_GID"].flatMap { UInt32($0) } : nil) ?? getgid()
            return
        }
        if let number = UInt32(text) {
            user = number
            group = unsafe getpwuid(number).map { unsafe $0.pointee.pw_gid } ?? .max
        } else if let entry = unsafe getpwnam(text) {
            user = unsafe entry.pointee.pw_uid
            group = unsafe entry.pointee.pw_gid
        } else {
            throw CommandError("there is no user '\(text)' on this machine")
        }
    }
}

extension PortWish {
    func owned(by owner: Owner) -> Self {
        var wish = self
        wish.owner = owner.user
        wish.group = owner.group
        return wish
    }
}

extension PortInfo {
    /// The lowest that a program does not have by itself.
    static let firstDescriptor: Int32 = 3

    /// What makes QEMU use the port, `id` being its name inside QEMU.
    ///
    /// A macvtap's device is to be open as `descriptor`.
    func qemuArguments(id: String, descriptor: Int32) -> [String] {
        let vhost = FileManager.default.isReadableFile(atPath: "/dev/vhost-net") ? ",vhost=on" : ""
        let end = device == nil ? "ifname=\(tap?.description ?? ""),script=no,downscript=no" : "fd=\(descriptor)"
        let size = mtu.map { ",host_mtu=\($0)" } ?? ""
        return [
            "-netdev", "tap,id=\(id),\(end)\(vhost)",
            "-device", "virtio-net-pci,netdev=\(id),mac=\(mac)\(size)",
        ]
    }
}
