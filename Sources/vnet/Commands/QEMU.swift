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
        commandName: name,
        abstract: "Run QEMU with a place on networks, which ends with it.",
        usage: "vnet qemu [--root <root>] <networks> ... -- <program> <arguments> ...",
        discussion: """
            vnet qemu netwerk1,name=vm1 lab2 -- qemu-system-x86_64 -m 1G disk.img

            Puts the arguments for the network cards behind those given.
            """
    )

    @OptionGroup var instance: Instance
    @Argument(help: "Networks: NAME[,name=PORT][,mac=ADDRESS][,isolated].") var networks: [Attachment]

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
            code = try run(Main.foreignArguments + ports.enumerated().flatMap { $1.qemuArguments(id: "vnet\($0)") })
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

    /// Runs a program on this terminal, and returns the code it ends with; 128 and the signal's number where one ended it.
    private func run(_ arguments: [String]) throws -> Int32 {
        // The terminal sends its signals to both; the program decides, and this one must live to clean up.
        for number in [SIGINT, SIGQUIT, SIGTERM, SIGHUP] { signal(number, SIG_IGN) }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        unsafe sigfillset(&defaults)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        var pid: pid_t = 0
        let result = unsafe posix_spawnp(&pid, arguments[0], nil, &attributes, pointers, environ)
        guard result == 0 else {
            throw CommandError("run '\(arguments[0])': \(unsafe String(cString: strerror(result)))")
        }
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }
}
