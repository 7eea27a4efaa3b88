internal import API
internal import LibvirtXML
internal import Logging
public import NetworkModel

// Ports as libvirt knows them: a hypervisor asks for one, is told where to put the guest, and makes the tap itself.

extension NetworkService {
    /// Records a guest's port on a network that runs, and returns it with what the hypervisor is to do for it.
    ///
    /// - Parameters:
    ///   - reference: The network's name or UUID.
    ///   - document: A `<networkport>` with a UUID that no port of the network has.
    ///   - isReclaimed: Whether the guest runs already, and the document says by `<plug>` where it is.
    ///   - isValidated: Whether words that libvirt does not know are an error.
    /// - Returns: With its plug, and what its port group and the network say.
    /// - Throws: What is wrong with the document, or that the network has no place for it.
    public func createPort(
        _ reference: String, _ document: [UInt8], isReclaimed: Bool = false, isValidated: Bool = false
    ) async throws -> NetworkPort {
        let uuid = try find(reference)
        try requireIdle(uuid)
        let live = try running(reference)
        let (wish, warnings) = try read(document)
        if isValidated, !warnings.isEmpty {
            throw APIError(.invalid, warnings.map(\.description).joined(separator: "\n"), cause: .notValid)
        }
        let others = networkPorts(of: uuid)
        guard !others.contains(where: { $0.uuid == wish.uuid }) else {
            throw APIError(
                .conflict,
                "network '\(reference)' has a port with UUID \(wish.uuid) already: choose another, or delete that one",
                cause: .portExists)
        }
        var port: NetworkPort
        do {
            port = try isReclaimed ? live.reclaiming(wish, besides: others) : live.plugging(wish, besides: others)
        } catch {
            throw APIError(.invalid, "\(error)")
        }
        port.classID = nil
        if let floor = port.floor {
            try checkFloor(floor, on: live)
            port.classID = UInt32(freeClass(of: uuid))
        }
        try hypervisorPorts.store(port, on: uuid)
        do {
            if port.floor != nil { try share(live) }
            try await askHooks(.portCreated, live, port: port)
        } catch {
            try? hypervisorPorts.remove(port.uuid, of: uuid)
            if port.floor != nil { try? share(live) }
            throw APIError(.failed, "port \(port.uuid) of network '\(reference)' was not made: \(error)")
        }
        logger.info("port created", metadata: ["network": "\(live.name)", "port": "\(port.uuid)"])
        emit(.portAttached, live, "port \(port.uuid) of guest \(port.owner.name) with address \(port.mac)")
        // Its guest runs already, on a tap that nobody tells of again.
        if isReclaimed { findHypervisorTaps() }
        return port
    }

    /// The ports of a network that runs, in order of their UUIDs: those of hypervisors, and those with taps of vnet's own.
    public func networkPorts(_ reference: String) throws -> [NetworkPort] {
        _ = try running(reference)
        return networkPorts(of: try find(reference))
    }

    public func networkPort(_ reference: String, _ port: NetworkUUID) throws -> NetworkPort {
        guard let found = try networkPorts(reference).first(where: { $0.uuid == port }) else {
            throw APIError(
                .notFound,
                "network '\(reference)' has no port with UUID \(port): 'vnet port-list \(reference)' shows those it has",
                cause: .noPort)
        }
        return found
    }

    /// The port as `virsh net-port-dumpxml` prints it.
    public func portXML(_ reference: String, _ port: NetworkUUID) throws -> String {
        try networkPort(reference, port).libvirtXML
    }

    /// Takes a guest's port away; its tap goes too where vnet made it.
    public func deletePort(_ reference: String, _ port: NetworkUUID) async throws -> NetworkPort {
        let found = try networkPort(reference, port)
        let uuid = try find(reference)
        guard hypervisorPorts[uuid, port] != nil else {
            _ = try await detach(reference, port: found.owner.name)
            return found
        }
        try hypervisorPorts.remove(port, of: uuid)
        if found.floor != nil, let live = networks[uuid]?.live { try share(live.definition) }
        surroundingsChanged(of: uuid)
        await releaseLeases(of: found.mac, on: uuid)
        logger.info("port deleted", metadata: ["network": "\(name(of: uuid))", "port": "\(port)"])
        emit(
            .portDetached, name: name(of: uuid), uuid: uuid,
            "port \(port) of guest \(found.owner.name) with address \(found.mac)")
        if let network = networks[uuid]?.current { await tellHooks(.portDeleted, network, port: found) }
        return found
    }

    /// Changes how much may pass by a port; nil for as much as there is.
    ///
    /// The hypervisor limits its tap itself, so this is what it is told when it asks again.
    public func setBandwidth(
        _ reference: String, _ port: NetworkUUID, _ bandwidth: NetworkDefinition.Bandwidth?
    ) throws -> NetworkPort {
        var found = try networkPort(reference, port)
        let uuid = try find(reference)
        guard hypervisorPorts[uuid, port] != nil else {
            throw APIError(
                .invalid, "port '\(found.owner.name)' is no hypervisor's: its bandwidth is its port group's")
        }
        found.bandwidth = bandwidth
        try hypervisorPorts.store(found, on: uuid)
        return found
    }

    func networkPorts(of uuid: NetworkUUID) -> [NetworkPort] {
        let definition = networks[uuid]?.current
        let own = ports.ports(of: uuid).map { $0.networkPort(on: definition) }
        return (hypervisorPorts.ports(of: uuid) + own).sorted { $0.uuid < $1.uuid }
    }

    /// Hypervisors' ports in the list of all: by their guests' names, and without a tap.
    func hypervisorPortInfos(of uuid: NetworkUUID) -> [PortInfo] {
        hypervisorPorts.ports(of: uuid).map { port in
            PortInfo(
                network: name(of: uuid), name: port.owner.name, uuid: port.uuid,
                tap: hypervisorPorts.tap(of: port.uuid, on: uuid), mac: port.mac, owner: 0,
                isIsolated: port.isIsolated == true, mtu: networks[uuid]?.current?.mtu)
        }
    }

    /// Forgets the hypervisors' ports of networks that do not run any more.
    func dropHypervisorPorts() {
        for problem in hypervisorPorts.problems { logger.error("\(problem)") }
        for uuid in hypervisorPorts.networks where networks[uuid]?.live == nil && networks[uuid]?.starting == nil {
            do { try hypervisorPorts.removeAll(of: uuid) } catch { logger.error("\(error)") }
        }
    }

    private func running(_ reference: String) throws -> NetworkDefinition {
        guard let live = networks[try find(reference)]?.live else {
            throw APIError(
                .wrongState, "network '\(reference)' is not active: start it first, with vnet start \(reference)")
        }
        return live.definition
    }

    private func read(_ document: [UInt8]) throws -> (NetworkPort, warnings: [XMLProblem]) {
        do {
            return try NetworkPort.read(libvirtXML: document)
        } catch {
            throw APIError(error)
        }
    }
}

extension Port {
    var uuid: NetworkUUID { .of(port: name, on: network) }

    /// The port as libvirt would show it; its guest has no other name than the port.
    func networkPort(on definition: NetworkDefinition?) -> NetworkPort {
        var port = NetworkPort(uuid: uuid, owner: .init(name: name, uuid: uuid), mac: mac)
        port.isIsolated = isIsolated ? true : nil
        port.group = portGroup
        port.bandwidth = bandwidth
        port.floor = floor
        port.classID = classNumber.map { UInt32($0) }
        port.vlan = vlan
        port.trustGuestRxFilters = trustsGuestFilters
        let bridge = definition?.bridge.name ?? ""
        let manager = definition?.bridge.macTableManager
        port.plug =
            definition?.hasOwnBridge == false ? .bridge(bridge: bridge, manager) : .network(bridge: bridge, manager)
        if let lower,
            let mode = definition?.forward.flatMap({ NetworkPort.Plug.DirectMode(rawValue: $0.mode.rawValue) })
        {
            port.plug = .direct(device: lower, mode)
        }
        return port
    }
}
