internal import API
internal import Engine
internal import LibvirtXML
internal import Logging
internal import Netlink
internal import NetworkModel

/// Where a guest is put.
struct Seat {
    /// The interface that its macvtap is made on; nil for a tap on a bridge.
    var interface: Interface?
    /// In octets, where the network does not say it and it is not 1,500.
    var mtu: UInt32?

    struct Interface {
        var name: InterfaceName
        var link: Link
        var mode: NetworkPort.Plug.DirectMode
    }
}

// Networks without a bridge of their own: on a bridge or on interfaces that the host has already, which stay as they are.

extension NetworkService {
    /// The bridge or interface that a network is to stand on, which must be there: of a pool the first one that is.
    func foundation(of definition: NetworkDefinition, insteadOf live: Live?) throws -> InterfaceName {
        guard let name = definition.bridge.name.flatMap({ InterfaceName($0) }) else {
            guard let first = try presentInterfaces(of: definition).first else {
                let names = definition.pool.map { "'\($0)'" }.joined(separator: ", ")
                throw APIError(
                    .wrongState,
                    "network '\(definition.name)' needs an interface of <forward>, and this host has none of \(names):"
                        + " plug it in, or name one that 'ip link' shows")
            }
            return first.name
        }
        guard let link = try kernel.link(named: name) else {
            throw APIError(
                .wrongState,
                "network '\(definition.name)' needs bridge '\(name)', which this host does not have: make it, with ip link"
                    + " add \(name) type bridge, or name another in <bridge>")
        }
        guard link.bridge != nil else {
            throw APIError(
                .wrongState,
                "network '\(definition.name)' needs bridge '\(name)', but that is no bridge: for guests on an interface put"
                    + " <interface dev='\(name)'/> into <forward> and leave <bridge> out")
        }
        if definition.usesVLANs { try checkKeepsVLANsApart(link, for: definition) }
        if definition.bandwidth != nil, live?.definition.limitedBridge != name {
            try checkIsUnlimited(link, for: definition)
        }
        return name
    }

    private func checkKeepsVLANsApart(_ bridge: Link, for definition: NetworkDefinition) throws {
        switch bridge.filtersVLANs {
        case true?: return
        case false?:
            throw APIError(
                .wrongState,
                "network '\(definition.name)' has a <vlan>, but bridge '\(bridge.name)' does not keep VLANs apart: let it, with"
                    + " ip link set \(bridge.name) type bridge vlan_filtering 1, or remove <vlan>")
        case nil:
            throw APIError(
                .wrongState,
                "network '\(definition.name)' has a <vlan>, but this host's kernel has no VLAN filtering on bridges"
                    + " (CONFIG_BRIDGE_VLAN_FILTERING): use another kernel, or remove <vlan>")
        }
    }

    /// Checks that nobody else limits a bridge's traffic, since a device has one queue.
    private func checkIsUnlimited(_ bridge: Link, for definition: NetworkDefinition) throws {
        let other = networks.values.lazy.compactMap(\.live?.definition).first {
            $0.uuid != definition.uuid && $0.limitedBridge?.description == bridge.name
        }
        if let other {
            throw APIError(
                .conflict,
                "network '\(other.name)' limits the traffic of bridge '\(bridge.name)' already: remove <bandwidth> from one of"
                    + " the two")
        }
        if let kind = try kernel.foreignQueue(of: bridge) {
            throw APIError(
                .conflict,
                "bridge '\(bridge.name)' has a queueing discipline already, '\(kind)', so network '\(definition.name)' cannot"
                    + " limit its traffic: remove it ('tc qdisc show dev \(bridge.name)' shows it), or remove <bandwidth>"
            )
        }
    }

    private func presentInterfaces(of definition: NetworkDefinition) throws -> [(name: InterfaceName, link: Link)] {
        try definition.pool.compactMap { name in try kernel.link(named: name).map { (name, $0) } }
    }

    /// What a network that ran stands on now: a bridge of its own, which can be made again, or what the host still has.
    func place(of definition: NetworkDefinition) throws -> InterfaceName? {
        let bridge = definition.bridge.name.flatMap { InterfaceName($0) }
        guard !definition.hasOwnBridge else {
            guard let bridge else { throw DaemonError("it has no bridge name") }
            return bridge
        }
        guard let bridge else { return try presentInterfaces(of: definition).first?.name }
        return try kernel.link(named: bridge)?.bridge == nil ? nil : bridge
    }

    /// Takes a network for stopped whose bridge or interfaces went while there was no daemon.
    func forgetLost(_ definition: NetworkDefinition) async throws {
        logger.warning(
            "what the network stands on is gone, so it is inactive", metadata: ["network": "\(definition.name)"])
        networks[definition.uuid]?.starting = nil
        try await takeDown(definition, rules: nil)
        try takeBackRemedies(of: definition.uuid)
        try store.removeLive(definition.name)
        if networks[definition.uuid]?.definition == nil { networks[definition.uuid] = nil }
    }

    // MARK: Guests

    /// The place for one more guest: on the bridge, or on the interface of the pool that has the fewest.
    func seat(on definition: NetworkDefinition, isIsolated: Bool) throws -> Seat {
        guard let mode = definition.macvtapMode else {
            guard !definition.hasOwnBridge, let bridge = definition.bridge.name.flatMap({ InterfaceName($0) }) else {
                return Seat()
            }
            return Seat(mtu: try kernel.link(named: bridge)?.mtu.unlessDefault)
        }
        guard !isIsolated || mode == .private else {
            throw APIError(
                .invalid,
                "network '\(definition.name)' has no bridge, so a port of it cannot be isolated; with mode='private' in"
                    + " <forward> all of them are")
        }
        let present = try presentInterfaces(of: definition)
        let counts = Self.users(networks.keys.lazy.flatMap { self.networkPorts(of: $0) })
        let least = present.filter { $0.link.isUp }
            .min { counts[$0.name, default: 0] < counts[$1.name, default: 0] }
        guard let least else {
            guard let down = present.first?.name else {
                throw APIError(
                    .wrongState, "this host has none of the interfaces of network '\(definition.name)' any more")
            }
            throw APIError(
                .wrongState,
                "interface '\(down)' of network '\(definition.name)' is down: switch it on, with ip link set \(down) up"
            )
        }
        if mode == .passthrough, counts[least.name] != nil {
            let names = present.filter(\.link.isUp).map { "'\($0.name)'" }.joined(separator: ", ")
            throw APIError(
                .conflict,
                "all interfaces of network '\(definition.name)' are in use (\(names)), and with mode='passthrough' each is one"
                    + " guest's: detach a port, or add an interface to <forward>")
        }
        return Seat(
            interface: .init(name: least.name, link: least.link, mode: mode), mtu: least.link.mtu.unlessDefault)
    }

    /// How many guests a network has, in all and on each of its interfaces.
    func connections(of definition: NetworkDefinition) -> NetworkDefinition.Connections {
        let all = networkPorts(of: definition.uuid)
        return .init(total: all.count, interfaces: Self.users(all))
    }

    private static func users(_ ports: some Sequence<NetworkPort>) -> [InterfaceName: Int] {
        ports.reduce(into: [:]) { users, port in
            if case .direct(let device, _)? = port.plug { users[device, default: 0] += 1 }
        }
    }

    /// Refuses to take from guests what they are on: an interface, or a bridge for interfaces in its place.
    func checkSeats(from before: NetworkDefinition, to after: NetworkDefinition) throws {
        let all = networkPorts(of: before.uuid)
        func names(_ ports: [NetworkPort]) -> String {
            ports.map { "'\($0.owner.name)'" }.sorted().joined(separator: ", ")
        }
        guard before.macvtapMode == after.macvtapMode || all.isEmpty else {
            throw APIError(
                .conflict,
                "network '\(before.name)' cannot come to another kind of link under its guests: detach port \(names(all)) first"
            )
        }
        for gone in Set(before.pool).subtracting(after.pool).sorted() {
            let users = all.filter { port in
                if case .direct(gone, _)? = port.plug { true } else { false }
            }
            guard users.isEmpty else {
                throw APIError(
                    .conflict,
                    "interface '\(gone)' of network '\(before.name)' is in use by port \(names(users)): detach it first"
                )
            }
        }
    }
}

extension NetworkDefinition {
    /// The bridge whose traffic the network limits as a whole.
    var limitedBridge: InterfaceName? { bandwidth == nil ? nil : bridge.name.flatMap { InterfaceName($0) } }

    fileprivate var usesVLANs: Bool { vlan != nil || portGroups.contains { $0.vlan != nil } }

    /// The interfaces that guests are put on; none where the network has a bridge.
    fileprivate var pool: [InterfaceName] { macvtapMode == nil ? [] : forward?.interfaces ?? [] }

    /// How guests share the interfaces; nil where they are on a bridge, or get whole devices.
    fileprivate var macvtapMode: NetworkPort.Plug.DirectMode? {
        guard let forward, bridge.name == nil else { return nil }
        return .init(rawValue: forward.mode.rawValue)
    }
}

extension UInt32 {
    /// An MTU that guests must be told.
    fileprivate var unlessDefault: UInt32? { self == 1_500 ? nil : self }
}
