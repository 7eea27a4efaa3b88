internal import API
internal import ArgumentParser
internal import Foundation
internal import NetworkModel

/// A network and how to be on it: `netwerk1,name=vm1,mac=52:54:00:00:00:01`.
struct Attachment: ExpressibleByArgument {
    let network: String
    let wish: PortWish

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        guard let network = parts.first, !network.isEmpty else { return nil }
        var wish = PortWish()
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            switch (pair.first, pair.last) {
            case ("name", let name?) where pair.count == 2: wish.name = String(name)
            case ("mac", let text?) where pair.count == 2:
                guard let mac = MACAddress(text) else { return nil }
                wish.mac = mac
            case ("portgroup", let name?) where pair.count == 2: wish.portGroup = String(name)
            case ("isolated", _) where pair.count == 1: wish.isIsolated = true
            default: return nil
            }
        }
        self.network = String(network)
        self.wish = wish
    }
}

struct QEMU: AsyncParsableCommand {
    static let name = "qemu"
    static let configuration = CommandConfiguration(
        name,
        abstract: "Run QEMU with a place on networks, which ends with it.",
        usage: "vnet qemu [--root <root>] <networks> ... -- <program> <arguments> ...",
        discussion: """
            vnet qemu netwerk1,name=vm1 lab2 -- qemu-system-x86_64 -m 1G disk.img

            Puts the arguments for the network cards behind those given.
            """
    )

    @OptionGroup var instance: Instance
    @Argument(help: "Networks: NAME[,name=PORT][,mac=ADDRESS][,portgroup=GROUP][,isolated].") var networks: [Attachment]

    func validate() throws {
        guard !networks.isEmpty else { throw ValidationError("Name a network.") }
        guard !Main.foreignArguments.isEmpty else { throw ValidationError("Give QEMU and its arguments after '--'.") }
    }

    func run() async throws {
        let client = try instance.client()
        let owner = try Owner(nil)
        var ports: [PortInfo] = []
        var code: Int32 = 1
        var failure: (any Error)?
        do {
            for attachment in networks {
                ports.append(
                    try await client.post(["networks", attachment.network, "ports"], attachment.wish.owned(by: owner)))
            }
            var devices: [String] = []
            var arguments = Main.foreignArguments
            for (number, port) in ports.enumerated() {
                let descriptor = PortInfo.firstDescriptor + Int32(devices.count)
                arguments += port.qemuArguments(id: "vnet\(number)", descriptor: descriptor)
                if let device = port.device { devices.append(device) }
            }
            code = try runProgram(arguments, devices: devices)
        } catch {
            failure = error
        }
        for port in ports {
            do {
                let _: PortInfo = try await client.delete(["networks", port.network, "ports", port.name])
            } catch {
                say("error: \(error)")
            }
        }
        if let failure { throw failure }
        throw ExitCode(code)
    }
}
