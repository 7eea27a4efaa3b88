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
        let taken = ports.ports(of: network.uuid).compactMap(\.floor).reduce(0, +)
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
        let taken = Set(ports.ports(of: network).compactMap(\.classNumber))
        return (3...UInt16.max).first { !taken.contains($0) } ?? .max
    }

    /// The shaper of a network's bridge with the shares of its ports; empty where the network is not limited inbound.
    func bridgeShaper(of network: NetworkDefinition) -> [InterfaceName: Shaper] {
        guard let bridge = network.limitedBridge, var shaper = TrafficLimits(network.bandwidth).leaving else {
            return [:]
        }
        for port in ports.ports(of: network.uuid) {
            guard let floor = port.floor, let number = port.classNumber else { continue }
            shaper.guarantee(floor, to: port.mac, as: number)
        }
        return [bridge: shaper]
    }

    /// Brings the shares in a network's shaper up to date.
    func share(_ network: NetworkDefinition) throws {
        let wish = HostState(shapers: bridgeShaper(of: network))
        try kernel.turn(try kernel.observe(wish), into: wish)
    }
}
