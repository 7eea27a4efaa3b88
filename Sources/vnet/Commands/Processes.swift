internal import ArgumentParser
internal import Daemon
internal import Responder

struct DaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "daemon",
        abstract: "Run the privileged process that builds networks, in the foreground.",
        discussion: """
            Other commands start it by themselves. Networks outlive it; the next one takes them over.

            virsh and other clients of libvirt's talk to it at run/vnet/libvirt-sock, and those who may only look at \
            run/vnet/libvirt-sock-ro: virsh -c 'network+unix:///system?socket=/run/vnet/libvirt-sock' net-list.
            """
    )

    @OptionGroup var instance: Instance
    @Flag(help: "Log more.") var debug = false
    @Flag(help: "Be libvirt's network daemon too: listen on /run/libvirt/virtnetworkd-sock.") var asVirtnetworkd = false

    func run() async throws {
        try await DaemonProcess.run(
            paths: instance.paths, isVerbose: debug, replacesVirtnetworkd: asVirtnetworkd)
    }
}

struct ResponderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "responder",
        abstract: "The unprivileged process that answers guests; only the daemon starts it.",
        shouldDisplay: false
    )

    @Option(help: "The folder of the lease database.") var leases: String

    func run() throws { try ResponderProcess.run(leases: leases) }
}
