internal import BootFiles
internal import Glibc
internal import NetworkModel
internal import ResponderChannel

/// What gives out the files of one network: its TFTP ports, its HTTP listeners, and its folders.
final class BootNetwork {
    let uuid: NetworkUUID
    private(set) var ports: [TFTPPort] = []
    private(set) var listeners: [HTTPListener] = []
    /// By their tokens.
    var connections: [UInt64: HTTPConnection] = [:]
    private let roots: [Int32]

    /// At once, of one network and of one guest.
    static let limit = 64
    static let limitOfAddress = 16

    init(_ uuid: NetworkUUID, _ sockets: [(role: SocketRole, descriptor: Int32)], mtu: Int) {
        self.uuid = uuid
        var folders: [String: Int32] = [:]
        for case (.bootRoot(let path), let descriptor) in sockets { folders[path] = descriptor }
        roots = Array(folders.values)
        for (role, descriptor) in sockets {
            switch role {
            case .tftp(let address, let path):
                guard let root = folders[path] else { continue }
                ports.append(TFTPPort(descriptor, root: root, mtu: mtu, family: address.family, network: self))
            case .http(_, _, let path):
                guard let root = folders[path] else { continue }
                listeners.append(HTTPListener(descriptor, root: root))
            default: break
            }
        }
    }

    var transferCount: Int { ports.reduce(0) { $0 + $1.transfers.count } }
    var nextDeadline: Duration? {
        let transfers = ports.lazy.flatMap(\.transfers.values).map(\.transfer.deadline).min()
        let connections = connections.values.lazy.map(\.deadline).min()
        return [transfers, connections].compactMap(\.self).min()
    }

    /// Whether one more connection of the guest is taken.
    func hasRoom(for address: IPAddress) -> Bool {
        connections.count < Self.limit
            && connections.values.count { $0.address == address } < Self.limitOfAddress
    }

    func tick(_ now: Duration) {
        for port in ports { port.tick(now) }
    }

    func close() {
        for port in ports { port.close() }
        for listener in listeners { Glibc.close(listener.descriptor) }
        connections = [:]
        for root in roots { Glibc.close(root) }
    }
}
