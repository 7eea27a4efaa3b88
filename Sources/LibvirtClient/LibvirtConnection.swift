internal import CLibvirt
internal import Glibc

/// A connection to a libvirt daemon through libvirt's own library, which is loaded with the first one.
@safe public struct LibvirtConnection: ~Copyable {
    public let uri: String
    private let library: clibvirt
    private let connection: virConnectPtr

    /// Connects as `virsh -c URI` does: `qemu:///system`, `qemu+ssh://host/system`.
    public init(_ uri: String) throws(LibvirtError) {
        unsafe (library, connection) = try Self.connect(uri)
        self.uri = uri
    }

    deinit { _ = unsafe library.virConnectClose(connection) }

    private static func connect(_ uri: String) throws(LibvirtError) -> (clibvirt, virConnectPtr) {
        let library = try load()
        guard let connection = unsafe library.virConnectOpen(uri) else {
            throw LibvirtError("connect to '\(uri)'", library)
        }
        return unsafe (library, connection)
    }

    private static func load() throws(LibvirtError) -> clibvirt {
        var reason: UnsafePointer<CChar>?
        guard let library = unsafe clibvirt_open(&reason)?.pointee else {
            let cause = unsafe reason.map { unsafe String(cString: $0) } ?? "no reason is known"
            throw LibvirtError(
                operation: "load libvirt's library",
                reason: "\(cause); install it (Debian: apt install libvirt0, Fedora: dnf install libvirt-libs)")
        }
        return library
    }

    /// All networks that the daemon knows, by name.
    public func networks() throws(LibvirtError) -> [LibvirtNetwork] {
        var list: UnsafeMutablePointer<virNetworkPtr?>?
        let count = unsafe library.virConnectListAllNetworks(connection, &list, 0)
        guard count >= 0 else { throw LibvirtError("list the networks of '\(uri)'", library) }
        defer {
            for index in 0..<Int(count) { _ = unsafe library.virNetworkFree(list?[index]) }
            unsafe free(list)
        }
        var networks: [LibvirtNetwork] = []
        for index in 0..<Int(count) {
            if let network = unsafe list?[index] { networks.append(unsafe try describe(network)) }
        }
        return networks.sorted { $0.name < $1.name }
    }

    private func describe(_ network: virNetworkPtr) throws(LibvirtError) -> LibvirtNetwork {
        let name = unsafe library.virNetworkGetName(network).map { unsafe String(cString: $0) } ?? ""
        guard let xml = unsafe library.virNetworkGetXMLDesc(network, UInt32(CLIBVIRT_XML_INACTIVE)) else {
            throw LibvirtError("read network '\(name)' of '\(uri)'", library)
        }
        defer { unsafe free(xml) }
        var autostart: CInt = 0
        // A transient network has no such setting.
        let hasSetting = unsafe library.virNetworkGetAutostart(network, &autostart) == 0
        return LibvirtNetwork(
            name: name, xml: unsafe String(cString: xml), isActive: unsafe library.virNetworkIsActive(network) == 1,
            isPersistent: unsafe library.virNetworkIsPersistent(network) == 1,
            isAutostarted: hasSetting && autostart == 1)
    }

    /// Defines a network, or gives the one of this name and UUID another definition; and starts it, if that is wanted and it
    /// does not run.
    public func define(_ xml: String, isAutostarted: Bool, starting: Bool) throws(LibvirtError) {
        guard let network = unsafe library.virNetworkDefineXML(connection, xml) else {
            throw LibvirtError("define the network at '\(uri)'", library)
        }
        defer { _ = unsafe library.virNetworkFree(network) }
        guard unsafe library.virNetworkSetAutostart(network, isAutostarted ? 1 : 0) == 0 else {
            throw LibvirtError("set the network's autostart at '\(uri)'", library)
        }
        guard starting, unsafe library.virNetworkIsActive(network) != 1 else { return }
        guard unsafe library.virNetworkCreate(network) == 0 else {
            throw LibvirtError("start the network at '\(uri)'", library)
        }
    }
}

/// A network as libvirt has it.
public struct LibvirtNetwork: Hashable, Sendable {
    public let name: String
    /// Its definition: `virsh net-dumpxml --inactive`.
    public let xml: String
    public let isActive: Bool
    public let isPersistent: Bool
    public let isAutostarted: Bool
}

/// What libvirt, or loading it, has refused.
public struct LibvirtError: Error, Hashable, CustomStringConvertible {
    public let operation: String
    /// libvirt's own words.
    public let reason: String

    init(operation: String, reason: String) {
        self.operation = operation
        self.reason = reason
    }

    fileprivate init(_ operation: String, _ library: clibvirt) {
        let message = unsafe library.virGetLastErrorMessage().map { unsafe String(cString: $0) }
        self.init(operation: operation, reason: message ?? "no reason is known")
    }

    public var description: String { "\(operation): \(reason)" }
}
