internal import API
internal import Engine
internal import Netlink
internal import NetworkModel

// Ports that are guaranteed a part of their network's inbound bandwidth.

extension NetworkService {
    /// Checks that a network has enough inbound bandwidth left to guarantee `floor` kilobytes per second of it.
    func checkFloor(_ floor: UInt64, on network: NetworkDefinition) throws {
        guard let inbound = network.bandwidth?.inbound else {
            throw APIError(
                .invalid,
                "network '\(network.name)' has no inbound <bandwidth> that a floor could be a part of: give it one")
        }
        let taken = shares(of: network.uuid).map(\.floor).reduce(0, +)
        let (sum, isTooMuch) = taken.addingReportingOverflow(floor)
        let all = inbound.peak ?? inbound.average
        guard floor > 0, !isTooMuch, sum <= all else {
            throw APIError(
                .conflict,
                "a floor of \(floor) kB/s does not fit into network '\(network.name)': of its \(all) kB/s ports are guaranteed"
                    + " \(taken), so 1 to \(all - min(taken, all)) are possible")
        }
    }

    /// The lowest class of the bridge's shaper that no port has: 1 and 2 are of all and of the rest.
    func freeClass(of network: NetworkUUID) -> UInt16 {
        let taken = Set(shares(of: network).map(\.number))
        return (3...UInt16.max).first { !taken.contains($0) } ?? .max
    }

    /// What ports of a network are guaranteed, whoever made their taps: kilobytes per second, the guest, the class.
    private func shares(of network: NetworkUUID) -> [(floor: UInt64, mac: MACAddress, number: UInt16)] {
        let own = ports.ports(of: network).compactMap { port in
            port.floor.flatMap { floor in port.classNumber.map { (floor, port.mac, $0) } }
        }
        let others = hypervisorPorts.ports(of: network).compactMap { port in
            port.floor.flatMap { floor in port.classID.flatMap { UInt16(exactly: $0) }.map { (floor, port.mac, $0) } }
        }
        return own + others
    }

    /// The shaper of a network's bridge with the shares of its ports; empty where the network is not limited inbound.
    func bridgeShaper(of network: NetworkDefinition) -> [InterfaceName: Shaper] {
        guard let bridge = network.limitedBridge, var shaper = TrafficLimits(network.bandwidth).leaving else {
            return [:]
        }
        for share in shares(of: network.uuid) { shaper.guarantee(share.floor, to: share.mac, as: share.number) }
        return [bridge: shaper]
    }

    /// Brings the shares in a network's shaper up to date.
    func share(_ network: NetworkDefinition) throws {
        let wish = HostState(shapers: bridgeShaper(of: network))
        try kernel.turn(try kernel.observe(wish), into: wish)
    }
}
