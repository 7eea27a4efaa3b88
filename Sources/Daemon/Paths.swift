public import FoundationEssentials
internal import Glibc

/// Where an instance keeps its files; instances with different roots know nothing of each other.
public struct Paths: Hashable, Sendable {
    /// Absolute, without a final slash; empty for the machine's own `/`.
    public let root: String

    /// Takes a folder, relative to `folder` where it is not absolute, or nothing for the machine's own `/`.
    public init(root: String, in folder: String = FileManager.default.currentDirectoryPath) {
        let absolute = root.isEmpty || root.hasPrefix("/") ? root : folder + "/" + root
        self.root = String(absolute.reversed().drop { $0 == "/" }.reversed())
    }

    /// Definitions, in libvirt's inactive format, as `NAME.xml`.
    var networks: String { root + "/etc/vnet/networks" }
    /// Links to the definitions that start with the daemon.
    var autostart: String { root + "/etc/vnet/autostart" }
    /// Programs that hear of networks: ``Hooks``.
    var hooks: String { root + "/etc/vnet/hooks" }
    var run: String { root + "/run/vnet" }
    /// Of running networks: the definition as it runs (`NAME.xml`) and the rules that stand for it (`NAME.json`).
    var live: String { run + "/live" }
    /// What is being started or stopped right now, one file a network.
    var intents: String { run + "/intents" }
    /// One folder a network, one file a port.
    var ports: String { run + "/ports" }
    /// One folder a network, one `<networkport>` document a port that a hypervisor has.
    var hypervisorPorts: String { run + "/networkports" }
    /// Devices for QEMU to open, where `/dev` has none of a macvtap.
    var devices: String { run + "/taps" }
    /// Kernel settings that were changed, with what they were before.
    var sysctls: String { run + "/sysctls.json" }
    /// What was done for networks in others' tables and to interfaces that are not theirs.
    var remedies: String { run + "/remedies.json" }
    /// There since the networks to be started with the machine were; holds the kernel's name for the boot that `run` speaks
    /// of.
    var autostarted: String { run + "/autostarted" }
    var lock: String { run + "/daemon.lock" }
    var pid: String { run + "/daemon.pid" }
    /// The lease database; the responder's whole world.
    var leases: String { root + "/var/lib/vnet/leases" }
    var logs: String { root + "/var/lib/vnet/log" }

    /// What guests of a network ask of its name service.
    func queryLog(of network: String) -> String { "\(logs)/queries-\(network).log" }

    /// Whether a daemon runs for this instance, be it only just started.
    public var hasDaemon: Bool {
        let text = (try? Files.read(pid)).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let number = Int32(text.filter(\.isNumber)), number > 0 else { return false }
        return kill(number, 0) == 0
    }

    public var socket: String { run + "/vnet.sock" }
    /// libvirt's protocol.
    public var libvirtSocket: String { run + "/libvirt-sock" }
    /// libvirt's protocol for those who may only look.
    public var libvirtReadOnlySocket: String { run + "/libvirt-sock-ro" }
    /// Where libvirt's clients and hypervisors look for its network daemon.
    public var virtnetworkdSocket: String { root + "/run/libvirt/virtnetworkd-sock" }
    public var virtnetworkdReadOnlySocket: String { root + "/run/libvirt/virtnetworkd-sock-ro" }
    public var log: String { logs + "/daemon.log" }
}
