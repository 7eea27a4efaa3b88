/// Why a network has no place for a port.
public struct PlugError: Error, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension NetworkDefinition {
    /// The port that a hypervisor gets that asks for `wish`, which has no plug: with what its port group and the network
    /// say where it says nothing, and with the bridge or device that it is to put the guest on.
    ///
    /// `others` are the network's ports: a device that may have one guest alone is not given twice, and of interfaces the
    /// one with the fewest guests is.
    public func plugging(_ wish: NetworkPort, besides others: [NetworkPort]) throws(PlugError) -> NetworkPort {
        guard wish.plug == nil else {
            throw PlugError("the port has a <plug> already: remove it, or reclaim the port")
        }
        var port = try completed(wish)
        port.plug = try plug(besides: others)
        return port
    }

    /// Checks that a port which a hypervisor had before, with what it was put on then, can still be: the daemon has
    /// forgotten it, the guest runs on.
    public func reclaiming(_ port: NetworkPort, besides others: [NetworkPort]) throws(PlugError) -> NetworkPort {
        switch port.plug {
        case nil: throw PlugError("the port has no <plug>, so there is nothing to reclaim")
        case .network where hasOwnBridge: break
        case .bridge where forward?.mode == .bridge && bridge.name != nil: break
        case .direct(let device, _):
            guard forward?.interfaces.contains(device) == true else {
                throw PlugError("interface '\(device)' is none of network '\(name)' any more")
            }
        case .device(let address, _, _):
            guard forward?.addresses.contains(address) == true else {
                throw PlugError("the device is none of network '\(name)' any more")
            }
            guard !others.contains(where: { $0.plug?.address == address }) else {
                throw PlugError("another port of network '\(name)' has the device")
            }
        case let plug?: throw PlugError("network '\(name)' has no place of type '\(plug.type)'")
        }
        return try completed(port)
    }

    /// With what the port group and the network say.
    private func completed(_ wish: NetworkPort) throws(PlugError) -> NetworkPort {
        let group = portGroups.first { $0.name == wish.group } ?? portGroups.first { wish.group == nil && $0.isDefault }
        var port = wish
        if wish.bandwidth == nil, wish.floor == nil { port.bandwidth = group?.bandwidth }
        port.vlan = wish.vlan ?? group?.vlan ?? vlan
        port.trustGuestRxFilters =
            wish.trustGuestRxFilters ?? group?.trustGuestRxFilters ?? trustGuestRxFilters
        port.isIsolated = wish.isIsolated ?? portsAreIsolated
        for other in [virtualPort, group?.virtualPort].compactMap(\.self) {
            port.virtualPort = try (port.virtualPort ?? other).merged(with: other)
        }
        let mode = forward?.mode
        if hasOwnBridge {
            if port.virtualPort?.kind != nil {
                throw PlugError("network '\(name)' has a bridge of its own, which knows no <virtualport>: remove it")
            }
            if port.vlan != nil {
                throw PlugError("network '\(name)' has a bridge of its own, which knows no <vlan>: remove it")
            }
        }
        if port.floor != nil, bridge.name == nil {
            throw PlugError(
                "network '\(name)' has no bridge, which alone can keep the promise of a 'floor': remove it, and limit the"
                    + " others instead")
        }
        if port.bandwidth != nil, mode == .hostdev {
            throw PlugError("network '\(name)' gives guests whole devices, whose bandwidth cannot be limited")
        }
        return port
    }

    private func plug(besides others: [NetworkPort]) throws(PlugError) -> NetworkPort.Plug {
        guard let forward, !hasOwnBridge else {
            return .network(bridge: bridge.name ?? "", bridge.macTableManager)
        }
        if forward.mode == .bridge, let name = bridge.name { return .bridge(bridge: name, bridge.macTableManager) }
        if forward.mode == .hostdev {
            let taken = Set(others.compactMap { $0.plug?.address })
            guard let free = forward.addresses.first(where: { !taken.contains($0) }) else {
                throw PlugError("network '\(name)' gives each device to one guest, and all are taken")
            }
            return .device(free, isManaged: forward.isManaged, driver: forward.driver?.name)
        }
        guard let mode = NetworkPort.Plug.DirectMode(rawValue: forward.mode.rawValue) else {
            throw PlugError("mode '\(forward.mode.rawValue)' of network '\(name)' has no place for a guest")
        }
        func count(_ device: InterfaceName) -> Int { others.count { $0.plug?.interface == device } }
        let least = forward.interfaces.min { count($0) < count($1) }
        guard let least, mode != .passthrough || count(least) == 0 else {
            throw PlugError(
                least == nil
                    ? "network '\(name)' has no interface for guests: add one to <forward>"
                    : "network '\(name)' gives each interface to one guest, and all are taken")
        }
        return .direct(device: least, mode)
    }
}

extension NetworkPort.Plug {
    fileprivate var interface: InterfaceName? { if case .direct(let device, _) = self { device } else { nil } }
    fileprivate var address: PCIAddress? { if case .device(let address, _, _) = self { address } else { nil } }
}

extension NetworkDefinition.VirtualPort {
    /// With what `other` says where this says nothing.
    fileprivate func merged(with other: Self) throws(PlugError) -> Self {
        func one<Value: Equatable>(_ a: Value?, _ b: Value?, _ name: String) throws(PlugError) -> Value? {
            guard let a, let b, a != b else { return a ?? b }
            throw PlugError("the port and its network say different things of '\(name)' of <virtualport>")
        }
        var merged = Self(try one(kind, other.kind, "type"))
        merged.managerID = try one(managerID, other.managerID, "managerid")
        merged.typeID = try one(typeID, other.typeID, "typeid")
        merged.typeIDVersion = try one(typeIDVersion, other.typeIDVersion, "typeidversion")
        merged.instanceID = try one(instanceID, other.instanceID, "instanceid")
        merged.interfaceID = try one(interfaceID, other.interfaceID, "interfaceid")
        merged.profileID = try one(profileID, other.profileID, "profileid")
        return merged
    }
}
