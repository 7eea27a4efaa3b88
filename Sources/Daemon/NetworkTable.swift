internal import Engine
internal import NetworkModel

/// The networks of one instance by their UUID, found just as fast by what else is known of them: with a thousand of them,
/// looking at each would cost more than what is to be done with one.
struct NetworkTable: Sequence {
    typealias Network = NetworkService.Network

    private var networks: [NetworkUUID: Network] = [:]
    private var names: [String: Set<NetworkUUID>] = [:]
    private var bridges: [InterfaceName: Set<NetworkUUID>] = [:]
    private var indices: [Int32: Set<NetworkUUID>] = [:]
    /// Those whose guests may meet others', or may be met: few as a rule.
    private var sociable: Set<NetworkUUID> = []

    var keys: Dictionary<NetworkUUID, Network>.Keys { networks.keys }
    var values: Dictionary<NetworkUUID, Network>.Values { networks.values }
    func makeIterator() -> Dictionary<NetworkUUID, Network>.Iterator { networks.makeIterator() }

    subscript(uuid: NetworkUUID) -> Network? {
        get { networks[uuid] }
        set {
            let old = networks[uuid]
            Self.move(uuid, in: &names, from: old?.current?.name, to: newValue?.current?.name)
            Self.move(uuid, in: &bridges, from: old?.live?.bridge, to: newValue?.live?.bridge)
            Self.move(uuid, in: &indices, from: old?.live?.interfaceIndex, to: newValue?.live?.interfaceIndex)
            if newValue?.live?.definition.extensions.peers.isEmpty == false {
                sociable.insert(uuid)
            } else {
                sociable.remove(uuid)
            }
            networks[uuid] = newValue
        }
    }

    subscript(uuid: NetworkUUID, default value: @autoclosure () -> Network) -> Network {
        get { networks[uuid] ?? value() }
        set { self[uuid] = newValue }
    }

    func uuid(named name: String) -> NetworkUUID? { names[name]?.first }

    /// A network that runs on this bridge or interface; on one of the host's there may be several.
    func uuid(on bridge: InterfaceName) -> NetworkUUID? { bridges[bridge]?.first }

    /// A network that runs on the bridge or interface with this index.
    func uuid(onInterface index: Int32) -> NetworkUUID? { indices[index]?.first }

    /// The networks that run whose guests may open connections to those of `network`, or the other way round.
    func peers(of network: NetworkDefinition) -> [NetworkDefinition] {
        let candidates = sociable.union(network.extensions.peers.compactMap { self.uuid(named: $0.network) })
        return candidates.compactMap { uuid in
            guard uuid != network.uuid, let other = networks[uuid]?.live?.definition, other.isPeer(of: network) else {
                return nil
            }
            return other
        }
    }

    private static func move<Key: Hashable>(
        _ uuid: NetworkUUID, in index: inout [Key: Set<NetworkUUID>], from old: Key?, to new: Key?
    ) {
        guard old != new else { return }
        if let old {
            index[old]?.remove(uuid)
            if index[old]?.isEmpty == true { index[old] = nil }
        }
        if let new { index[new, default: []].insert(uuid) }
    }
}
