public import API
internal import Engine
internal import Firewall
internal import Logging
internal import Netlink
internal import NetworkModel

extension NetworkService {
    /// The ports of one network, or of all.
    public func ports(_ reference: String?) throws -> [PortInfo] {
        let uuids = try reference.map { [try find($0)] } ?? Array(networks.keys)
        let own = uuids.flatMap { ports.ports(of: $0) }.map(info)
        return (own + uuids.flatMap(hypervisorPortInfos)).sorted { ($0.network, $0.name) < ($1.network, $1.name) }
    }

    /// Gives a guest a place on a network that runs: a persistent tap on its bridge.
    public func attach(_ reference: String, _ wish: PortWish) throws -> PortInfo {
        let uuid = try find(reference)
        try requireIdle(uuid)
        guard let live = networks[uuid]?.live else {
            throw APIError(
                .wrongState, "network '\(reference)' is not active: start it first, with vnet start \(reference)")
        }
        let existing = ports.ports(of: uuid)
        if let name = wish.name {
            guard Port.isValid(name) else {
                throw APIError(
                    .invalid,
                    "'\(name)' is no port name: 1 to 63 letters, digits, '.', '_' and '-', a letter or digit first")
            }
            if let taken = existing.first(where: { $0.name == name }) {
                throw APIError(
                    .conflict,
                    "network '\(reference)' has a port '\(name)' already, with tap \(taken.tap): choose another name, or detach it"
                )
            }
        }
        let mac = wish.mac ?? freeMAC(for: wish.name, on: live.definition, besides: existing)
        guard !mac.isMulticast, mac.value != 0 else {
            throw APIError(.invalid, "\(mac) is not the address of one guest: the first octet must be even")
        }
        if mac == live.definition.mac || existing.contains(where: { $0.mac == mac }) {
            let holder = existing.first { $0.mac == mac }.map { "port '\($0.name)'" } ?? "the bridge"
            throw APIError(
                .conflict, "\(holder) of network '\(reference)' has the address \(mac) already: choose another")
        }

        let port = try makePort(wish, mac: mac, on: live.definition)
        logger.info(
            "port attached", metadata: ["network": "\(reference)", "port": "\(port.name)", "tap": "\(port.tap)"])
        emit(.portAttached, live.definition, "port \(port.name) with tap \(port.tap) and address \(port.mac)")
        return info(port)
    }

    /// Makes the port on disk and then its tap, so that no tap is ever without a record.
    private func makePort(_ wish: PortWish, mac: MACAddress, on network: NetworkDefinition) throws -> Port {
        for number in 0..<Int.max {
            guard let tap = InterfaceName("vtap\(number)") else { break }
            guard !taps.contains(tap), try kernel.link(named: tap) == nil else { continue }
            let port = Port(
                network: network.uuid, name: wish.name ?? tap.description, tap: tap, mac: mac, owner: wish.owner ?? 0,
                group: wish.group ?? .max, isIsolated: wish.isIsolated || network.portsAreIsolated == true)
            var isMade = false
            do {
                try ports.add(port)
                try kernel.createTap(tap, owner: port.owner, group: port.group)
                isMade = true
                let desired = HostState(taps: [tap: port.desired(on: network)])
                try kernel.turn(try kernel.observe(desired), into: desired)
                return port
            } catch {
                if isMade { try? kernel.deleteTap(tap) }
                try? ports.remove(port)
                // Somebody else took the name in this moment: it is theirs.
                if !isMade, (error as? EngineError)?.code == .busy { continue }
                throw APIError(.failed, "port '\(port.name)' of network '\(network.name)' was not made: \(error)")
            }
        }
        throw APIError(.failed, "no free name for a tap")
    }

    private var taps: Set<InterfaceName> { Set(ports.ports.values.flatMap { $0.values.map(\.tap) }) }

    /// Takes a guest's place away, with its tap.
    public func detach(_ reference: String, port name: String) throws -> PortInfo {
        let uuid = try find(reference)
        guard let port = ports.ports(of: uuid).first(where: { $0.name == name }) else {
            throw APIError(
                .notFound, "network '\(reference)' has no port '\(name)': 'vnet ports \(reference)' shows those it has")
        }
        let shown = info(port)
        try removePort(port)
        logger.info("port detached", metadata: ["network": "\(reference)", "port": "\(name)"])
        emit(.portDetached, name: shown.network, uuid: uuid, "port \(name) with address \(port.mac)")
        return shown
    }

    /// The address that this name always has on this network, so that a guest that comes again gets its lease again; a random
    /// one where there is no name, or somebody has that address.
    private func freeMAC(for name: String?, on network: NetworkDefinition, besides ports: [Port]) -> MACAddress {
        let taken = Set(ports.map(\.mac) + [network.mac].compactMap { $0 })
        if let name {
            let mac = MACAddress.of(port: name, on: network.uuid)
            if !taken.contains(mac) { return mac }
        }
        var generator = SystemRandomNumberGenerator()
        while true {
            let mac = MACAddress.random(using: &generator)
            if !taken.contains(mac) { return mac }
        }
    }

    /// A link of the host has changed: a guest that has just opened its tap need not wait for the spanning tree protocol.
    ///
    /// Only taps: what may be the way to another bridge has to listen first.
    func linkChanged(_ link: Link) {
        guard link.kind == "tun", link.hasCarrier, link.portState == .listening || link.portState == .learning,
            let live = networks.values.lazy.compactMap(\.live).first(where: { $0.interfaceIndex == link.master })
        else { return }
        do {
            try kernel.forwardAtOnce(link, of: live.rules.bridge)
        } catch {
            // It forwards four seconds later by itself.
            logger.warning("\(error)")
        }
    }

    /// Takes the record away and then the tap: a tap without a record is found by its mark and removed by the next daemon.
    func removePort(_ port: Port) throws {
        try ports.remove(port)
        do {
            try removeTap(of: port)
        } catch {
            try? ports.add(port)
            throw error
        }
    }

    private func removeTap(of port: Port) throws {
        if let link = try kernel.link(named: port.tap), link.alias == port.alias {
            var observed = HostState()
            observed.taps = try kernel.observe(HostState(taps: [port.tap: port.wish])).taps
            try kernel.turn(observed, into: HostState())
        }
    }

    private func info(_ port: Port) -> PortInfo {
        PortInfo(
            network: name(of: port.network), name: port.name, uuid: port.uuid, tap: port.tap, mac: port.mac,
            owner: port.owner,
            isIsolated: port.isIsolated, mtu: networks[port.network]?.current?.mtu)
    }
}

extension Port {
    var alias: String { Ownership.alias(ofPort: name, of: network) }

    /// The tap as it is without a bridge.
    var wish: TapState { TapState(mac: mac.hostSide, mtu: nil, alias: alias, master: nil, isUp: true) }

    /// The tap as it is while the network runs.
    func desired(on definition: NetworkDefinition) -> TapState {
        var state = wish
        state.mtu = definition.mtu
        state.isIsolated = isIsolated
        state.master = definition.bridge.name.flatMap { InterfaceName($0) }
        return state
    }
}
