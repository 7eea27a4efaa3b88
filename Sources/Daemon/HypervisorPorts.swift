internal import Glibc
internal import LibvirtXML
internal import NetworkModel

/// The ports that hypervisors have asked for, each with what it got: in memory, and on disk before anyone hears of them.
///
/// They hold no tap: a hypervisor makes its own, which is known once it is there. So they end with the network's run, as
/// libvirt's do.
struct HypervisorPorts {
    private let folder: String
    private var ports: [NetworkUUID: [NetworkUUID: NetworkPort]] = [:]
    private var taps: [NetworkUUID: [NetworkUUID: InterfaceName]] = [:]
    /// A sentence for each file that could not be read.
    private(set) var problems: [String] = []

    init(_ paths: Paths) {
        folder = paths.hypervisorPorts
        for network in Files.names(in: folder) {
            guard let uuid = NetworkUUID(network) else { continue }
            Files.removeUnfinished(in: "\(folder)/\(network)")
            for file in Files.names(in: "\(folder)/\(network)") {
                do {
                    guard let content = try Files.read("\(folder)/\(network)/\(file)") else { continue }
                    let port = try NetworkPort.read(libvirtXML: content).port
                    ports[uuid, default: [:]][port.uuid] = port
                } catch {
                    problems.append("\(folder)/\(network)/\(file) is left out: \(error)")
                }
            }
        }
    }

    /// The networks that have ports.
    var networks: [NetworkUUID] { Array(ports.keys) }

    func ports(of network: NetworkUUID) -> [NetworkPort] {
        (ports[network] ?? [:]).values.sorted { $0.uuid < $1.uuid }
    }

    subscript(network: NetworkUUID, port: NetworkUUID) -> NetworkPort? { ports[network]?[port] }

    /// The tap that the hypervisor has put on the network's bridge for a port; nil while there is none.
    func tap(of port: NetworkUUID, on network: NetworkUUID) -> InterfaceName? { taps[network]?[port] }

    /// The port whose tap this is.
    func holder(of tap: InterfaceName) -> (network: NetworkUUID, port: NetworkUUID)? {
        for (network, taps) in taps {
            if let port = taps.first(where: { $0.value == tap })?.key { return (network, port) }
        }
        return nil
    }

    mutating func setTap(_ tap: InterfaceName?, of port: NetworkUUID, on network: NetworkUUID) {
        taps[network, default: [:]][port] = tap
        if taps[network]?.isEmpty == true { taps[network] = nil }
    }

    /// Adds a port, or replaces the one of the same UUID.
    mutating func store(_ port: NetworkPort, on network: NetworkUUID) throws(FileError) {
        try Files.makeDirectory("\(folder)/\(network)")
        try Files.write(port.libvirtXML.utf8, to: path(port.uuid, network), durable: false)
        ports[network, default: [:]][port.uuid] = port
    }

    mutating func remove(_ port: NetworkUUID, of network: NetworkUUID) throws(FileError) {
        try Files.remove(path(port, network), durable: false)
        ports[network]?[port] = nil
        setTap(nil, of: port, on: network)
        guard ports[network]?.isEmpty == true else { return }
        ports[network] = nil
        unsafe rmdir("\(folder)/\(network)")
    }

    mutating func removeAll(of network: NetworkUUID) throws(FileError) {
        for port in ports(of: network) { try remove(port.uuid, of: network) }
    }

    private func path(_ port: NetworkUUID, _ network: NetworkUUID) -> String { "\(folder)/\(network)/\(port).xml" }
}
