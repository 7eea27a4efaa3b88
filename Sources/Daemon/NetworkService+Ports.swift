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
    public func attach(_ reference: String, _ wish: PortWish) async throws -> PortInfo {
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
        do {
            try await askHooks(.portCreated, live.definition, port: port.networkPort(on: live.definition))
        } catch {
            try? removePort(port)
            throw error
        }
        logger.info(
            "port attached", metadata: ["network": "\(reference)", "port": "\(port.name)", "tap": "\(port.tap)"])
        emit(.portAttached, live.definition, "port \(port.name) with tap \(port.tap) and address \(port.mac)")
        return info(port)
    }

    /// Makes the port on disk and then its tap, so that no tap is ever without a record.
    private func makePort(_ wish: PortWish, mac: MACAddress, on network: NetworkDefinition) throws -> Port {
        let group = try portGroup(wish.portGroup, of: network)
        if let need = group?.virtualPort?.kind?.need {
            throw APIError(
                .invalid,
                "<portgroup> '\(group?.name ?? "")' of network '\(network.name)' has no place for a guest: its <virtualport>"
                    + " \(need); attach it to another")
        }
        if let floor = wish.floor { try checkFloor(floor, on: network) }
        let seat = try seat(on: network, isIsolated: wish.isIsolated)
        while let tap = ports.freeTap() {
            guard try kernel.link(named: tap) == nil else {
                ports.skipTap()
                continue
            }
            var port = Port(
                network: network.uuid, name: wish.name ?? tap.description, tap: tap, mac: mac, owner: wish.owner ?? 0,
                group: wish.group ?? .max, isIsolated: wish.isIsolated || network.portsAreIsolated == true,
                bandwidth: wish.bandwidth ?? group?.bandwidth, floor: wish.floor,
                classNumber: wish.floor.map { _ in freeClass(of: network.uuid) }, vlan: group?.vlan ?? network.vlan,
                portGroup: group?.name,
                trustsGuestFilters: group?.trustGuestRxFilters ?? network.trustGuestRxFilters, mtu: seat.mtu,
                lower: seat.interface?.name, isUnfinished: true)
            var isMade = false
            do {
                try ports.add(port)
                try makeDevice(of: port, seat)
                isMade = true
                // It is guarded before it is plugged in.
                try refreshRules(of: network.uuid)
                if seat.interface != nil { port.device = try TapDevice.open(to: port, in: store.paths.devices) }
                var desired = HostState(taps: [tap: port.desired(on: network)])
                port.limit(in: &desired)
                if port.floor != nil { desired.shapers.merge(bridgeShaper(of: network)) { port, _ in port } }
                try kernel.turn(try kernel.observe(desired), into: desired)
                port.isUnfinished = nil
                try ports.add(port)
                return port
            } catch {
                if isMade { try? kernel.deleteTap(tap) }
                TapDevice.remove(port, in: store.paths.devices)
                try? ports.remove(port)
                try? refreshRules(of: network.uuid)
                // Somebody else took the name in this moment: it is theirs.
                if !isMade, [.busy, .exists].contains((error as? EngineError)?.code) {
                    ports.skipTap()
                    continue
                }
                throw APIError(.failed, "port '\(port.name)' of network '\(network.name)' was not made: \(error)")
            }
        }
        throw APIError(.failed, "no free name for a tap")
    }

    private func makeDevice(of port: Port, _ seat: Seat) throws {
        guard let interface = seat.interface else {
            return try kernel.createTap(port.tap, owner: port.owner, group: port.group)
        }
        try kernel.createMacvtap(port.tap, on: interface.link, mac: port.mac, mode: interface.mode)
    }

    /// The group that a port is of, by name or by default.
    private func portGroup(_ name: String?, of network: NetworkDefinition) throws -> NetworkDefinition.PortGroup? {
        let group = network.portGroup(name)
        if let name, group == nil {
            let names = network.portGroups.map { "'\($0.name)'" }.joined(separator: ", ")
            throw APIError(
                .notFound,
                "network '\(network.name)' has no <portgroup> '\(name)': "
                    + (names.isEmpty ? "it has none at all" : "it has \(names)"))
        }
        return group
    }

    /// Takes a guest's place away, with its tap.
    public func detach(_ reference: String, port name: String) async throws -> PortInfo {
        let uuid = try find(reference)
        guard let port = ports.ports(of: uuid).first(where: { $0.name == name }) else {
            throw APIError(
                .notFound, "network '\(reference)' has no port '\(name)': 'vnet ports \(reference)' shows those it has")
        }
        let shown = info(port)
        try removePort(port)
        await releaseLeases(of: port.mac, on: uuid)
        logger.info("port detached", metadata: ["network": "\(reference)", "port": "\(name)"])
        emit(.portDetached, name: shown.network, uuid: uuid, "port \(name) with address \(port.mac)")
        if let network = networks[uuid]?.current {
            await tellHooks(.portDeleted, network, port: port.networkPort(on: network))
        }
        return shown
    }

    /// Ends what a guest has leased whose port has gone, where its network says so.
    func releaseLeases(of mac: MACAddress, on uuid: NetworkUUID) async {
        guard networks[uuid]?.current?.extensions.releasesOnDetach == true else { return }
        do {
            let leases = try await responder.leases(of: uuid)
            let own =
                leases.ipv4.filter { $0.mac == mac }.map { IPAddress.v4($0.address) }
                + leases.ipv6.filter { $0.mac == mac }.map { .v6($0.prefix.base) }
            for address in own { try await responder.release(address, of: uuid) }
        } catch {
            logger.error("the leases of \(mac) on network '\(name(of: uuid))' last until they run out: \(error)")
        }
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
            let live = link.master.flatMap({ networks.uuid(onInterface: $0) }).flatMap({ networks[$0]?.live })
        else { return }
        do {
            // A bridge that is not vnet's keeps its spanning tree as it is.
            guard let bridge = live.rules?.bridge else { return }
            try kernel.forwardAtOnce(link, of: bridge)
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
        surroundingsChanged(of: port.network)
        if port.floor != nil, let live = networks[port.network]?.live { try share(live.definition) }
    }

    private func removeTap(of port: Port) throws {
        var state = HostState(taps: [port.tap: port.wish])
        port.limit(in: &state)
        var observed = try kernel.observe(state)
        // One that was not finished may not have its mark yet; a name of somebody else's is not touched.
        func isOurs(_ alias: String?) -> Bool { alias == port.alias || alias == nil && port.isUnfinished == true }
        observed.taps = observed.taps.filter { isOurs($0.value.alias) }
        observed.detours = observed.detours.filter { isOurs($0.value.alias) }
        observed.shapers = observed.shapers.filter { observed.taps[$0.key] != nil || observed.detours[$0.key] != nil }
        try kernel.turn(observed, into: HostState())
        TapDevice.remove(port, in: store.paths.devices)
    }

    private func info(_ port: Port) -> PortInfo {
        var info = PortInfo(
            network: name(of: port.network), name: port.name, uuid: port.uuid, tap: port.tap, mac: port.mac,
            owner: port.owner, isIsolated: port.isIsolated, mtu: port.mtu ?? networks[port.network]?.current?.mtu)
        info.device = port.device
        info.interface = port.lower
        info.portGroup = port.portGroup
        info.floor = port.floor
        info.vlan = port.vlan
        info.bandwidth = port.bandwidth
        info.trustsGuestFilters = port.trustsGuestFilters
        return info
    }
}

extension Port {
    var alias: String { Ownership.alias(ofPort: name, of: network) }

    /// The guest's device as it is while the network does not run: a tap on no bridge, a macvtap without a connection.
    var wish: TapState {
        TapState(
            mac: lower == nil ? mac.hostSide : mac, mtu: nil, alias: alias, master: nil, isUp: lower == nil)
    }

    /// The guest's device as it is while the network runs.
    func desired(on definition: NetworkDefinition) -> TapState {
        var state = wish
        state.isUp = true
        guard lower == nil else { return state }
        state.mtu = mtu ?? definition.mtu
        state.isIsolated = isIsolated
        state.groupForward = definition.extensions.linkLocalForward.portMask
        state.master = definition.bridge.name.flatMap { InterfaceName($0) }
        if definition.bridge.macTableManager == .libvirt { state.addresses = .fixed(mac) }
        state.vlans = vlan.map { PortVLANs($0) }
        return state
    }

    /// Adds the port's own limits, which it has whether its network runs or not.
    func limit(in state: inout HostState) {
        let limits = TrafficLimits(bandwidth)
        state.limit(tap, to: lower == nil ? limits : limits.onGuestsDevice, alias: alias)
    }
}
