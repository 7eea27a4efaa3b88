internal import Glibc
internal import NetworkModel

/// A guest's place on a network, as it is kept on disk.
struct Port: Hashable, Sendable, Codable {
    var network: NetworkUUID
    var name: String
    var tap: InterfaceName
    /// The guest's own address.
    var mac: MACAddress
    var owner: UInt32
    var group: UInt32
    var isIsolated: Bool
    /// Those of the port itself, else of its group.
    var bandwidth: NetworkDefinition.Bandwidth?
    /// In kilobytes per second: what the guest gets of its network's inbound bandwidth whatever others take.
    var floor: UInt64?
    /// Of the bridge's shaper, where there is a floor.
    var classNumber: UInt16?
    var vlan: NetworkDefinition.VLAN?
    var portGroup: String?
    var trustsGuestFilters: Bool?
    /// Of what the guest is put on, in octets, where that is not the network's own; nil for 1,500.
    var mtu: UInt32?
    /// The interface that a macvtap is made on; nil for a tap.
    var lower: InterfaceName?
    /// The character device of a macvtap, for QEMU to open.
    var device: String?
    /// Set while it is being made: whoever finds it so removes it.
    var isUnfinished: Bool?

    /// A name that is a safe file name and part of a link's alias: 1 to 63 of `A-Z a-z 0-9 . _ -`, beginning with a letter or
    /// a digit.
    static func isValid(_ name: String) -> Bool {
        guard (1...63).contains(name.utf8.count), let first = name.first, first.isASCII,
            first.isLetter || first.isNumber
        else { return false }
        return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    }
}

/// The ports of all networks: in memory, and on disk before anyone hears of them.
struct PortTable {
    private let folder: String
    private(set) var ports: [NetworkUUID: [String: Port]] = [:]
    private var taps: Set<InterfaceName> = []
    /// No lower number is free.
    private var lowestNumber = 0

    init(_ paths: Paths) {
        folder = paths.ports
        for network in Files.names(in: folder) {
            Files.removeUnfinished(in: "\(folder)/\(network)")
            for file in Files.names(in: "\(folder)/\(network)") {
                guard let port = Files.readJSON("\(folder)/\(network)/\(file)", as: Port.self) else { continue }
                ports[port.network, default: [:]][port.name] = port
                taps.insert(port.tap)
            }
        }
    }

    /// The lowest name for a guest's device that no port has: `vtap0`.
    mutating func freeTap() -> InterfaceName? {
        while let name = InterfaceName("vtap\(lowestNumber)") {
            if !taps.contains(name) { return name }
            lowestNumber += 1
        }
        return nil
    }

    /// Passes over the name that is free next, because somebody else has it.
    mutating func skipTap() { lowestNumber += 1 }

    func ports(of network: NetworkUUID) -> [Port] {
        (ports[network] ?? [:]).values.sorted { $0.name < $1.name }
    }

    func network(ofTap tap: InterfaceName) -> NetworkUUID? {
        ports.first { $0.value.values.contains { $0.tap == tap } }?.key
    }

    mutating func add(_ port: Port) throws {
        try Files.makeDirectory("\(folder)/\(port.network)")
        try Files.write(port, asJSONTo: path(port), durable: false)
        ports[port.network, default: [:]][port.name] = port
        taps.insert(port.tap)
    }

    mutating func remove(_ port: Port) throws(FileError) {
        try Files.remove(path(port), durable: false)
        if taps.remove(port.tap) != nil, let number = Int(port.tap.description.dropFirst("vtap".count)) {
            lowestNumber = min(lowestNumber, number)
        }
        ports[port.network]?[port.name] = nil
        if ports[port.network]?.isEmpty == true {
            ports[port.network] = nil
            unsafe rmdir("\(folder)/\(port.network)")
        }
    }

    private func path(_ port: Port) -> String { "\(folder)/\(port.network)/\(port.name)" }
}
