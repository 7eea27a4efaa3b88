internal import CLinux
internal import Glibc
internal import NetworkModel
internal import ResponderChannel
internal import TFTP
internal import Wire

/// Who reads a file.
struct TFTPClient: Hashable {
    let address: IPAddress
    let port: UInt16
}

/// The TFTP ports of one network, and its folders.
final class TFTPNetwork {
    private(set) var ports: [TFTPPort] = []
    private let roots: [Int32]

    init(_ sockets: [(role: SocketRole, descriptor: Int32)], mtu: Int) {
        var folders: [String: Int32] = [:]
        for case (.tftpRoot(let path), let descriptor) in sockets { folders[path] = descriptor }
        roots = Array(folders.values)
        for case (.tftp(let address, let path), let descriptor) in sockets {
            guard let root = folders[path] else { continue }
            ports.append(TFTPPort(descriptor, root: root, mtu: mtu, family: address.family, network: self))
        }
    }

    var transferCount: Int { ports.reduce(0) { $0 + $1.transfers.count } }
    var nextDeadline: Duration? { ports.lazy.flatMap(\.transfers.values).map(\.transfer.deadline).min() }

    func tick(_ now: Duration) {
        for port in ports { port.tick(now) }
    }

    func close() {
        for port in ports { port.close() }
        for root in roots { Glibc.close(root) }
    }
}

/// Port 69 of one address, and the transfers that go through it.
final class TFTPPort {
    let descriptor: Int32
    var token: UInt64 = 0
    private let root: Int32
    private let largestBlock: Int
    private unowned let network: TFTPNetwork
    private(set) var transfers: [TFTPClient: OpenTransfer] = [:]
    private var writer = WireWriter(reserving: 2_048)

    /// At once, of one network and of one guest.
    private static let transferLimit = 64
    private static let transferLimitOfAddress = 16

    init(_ descriptor: Int32, root: Int32, mtu: Int, family: AddressFamily, network: TFTPNetwork) {
        self.descriptor = descriptor
        self.root = root
        self.network = network
        // Headers of IP, of UDP, and of the block itself.
        largestBlock = mtu - (family == .ipv4 ? 20 : 40) - 8 - 4
    }

    func close() {
        transfers = [:]
        Glibc.close(descriptor)
    }

    func handle(_ request: TFTPRequest, from client: TFTPClient, _ now: Duration) {
        switch request {
        case .read(let wish): begin(wish, for: client, now)
        case .write: send(.error(.writing), to: client)
        case .acknowledgement(let block):
            guard let action = transfers[client]?.transfer.acknowledge(block, now: now) else { return }
            carryOut(action, for: client)
        case .error: transfers[client] = nil
        }
    }

    func tick(_ now: Duration) {
        for client in transfers.keys {
            guard let action = transfers[client]?.transfer.tick(now: now) else { continue }
            carryOut(action, for: client)
        }
    }

    /// Begins to send a file; a client that asks again has not heard the beginning, or wants another.
    private func begin(_ wish: TFTPReadRequest, for client: TFTPClient, _ now: Duration) {
        transfers[client] = nil
        guard network.transferCount < Self.transferLimit,
            transfers.keys.count(where: { $0.address == client.address }) < Self.transferLimitOfAddress
        else { return send(.error(.busy), to: client) }
        do throws(TFTPError) {
            let transfer = try OpenTransfer(wish, below: root, largestBlock: largestBlock)
            transfers[client] = transfer
            carryOut(transfer.transfer.begin(now: now), for: client)
        } catch {
            send(.error(error), to: client)
        }
    }

    private func carryOut(_ action: TFTPTransfer.Action, for client: TFTPClient) {
        switch action {
        case .wait: break
        case .sendOptions(let options): send(.options(options), to: client)
        case .finish, .giveUp: transfers[client] = nil
        case .send(let blocks):
            for block in blocks {
                guard let transfer = transfers[client] else { return }
                do throws(TFTPError) {
                    let content = try transfer.content(of: block)
                    send(.data(block: UInt16(truncatingIfNeeded: block), content), to: client)
                } catch {
                    send(.error(error), to: client)
                    transfers[client] = nil
                }
            }
        }
    }

    /// What does not fit the socket now is as good as lost on the way, and is sent again.
    private func send(_ reply: TFTPReply, to client: TFTPClient) {
        writer.removeAll()
        reply.write(to: &writer)
        var endpoint = clinux_endpoint(client.address, port: client.port)
        _ = unsafe clinux_send_to(descriptor, writer.bytes, writer.count, &endpoint)
    }
}

/// A transfer with its open file, which is closed with it.
final class OpenTransfer {
    var transfer: TFTPTransfer
    private let file: Int32
    private let size: UInt64
    private var text: Netascii?
    /// The last block of a text that was made, which may have to be sent again.
    private var lastText: (block: UInt64, content: [UInt8]) = (0, [])

    init(_ wish: TFTPReadRequest, below root: Int32, largestBlock: Int) throws(TFTPError) {
        let path = try TFTPPath(wish.name)
        var size: UInt64 = 0
        file = unsafe clinux_open_file_beneath(root, path.description, &size)
        guard file >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: throw .notFound
            case EMFILE, ENFILE: throw .busy
            default: throw .notPermitted
            }
        }
        self.size = size
        let options = wish.options.accepted(mode: wish.mode, fileSize: size, largestBlock: largestBlock)
        transfer = TFTPTransfer(options, size: wish.mode == .octet ? size : nil)
        if wish.mode == .netascii { text = Netascii() }
    }

    deinit { Glibc.close(file) }

    /// The octets of a block, from 1 on; those of a text only of the last one and of the one behind it.
    func content(of block: UInt64) throws(TFTPError) -> [UInt8] {
        guard text != nil else {
            let offset = (block - 1) * UInt64(transfer.blockSize)
            let content = try read(from: offset)
            guard content.count == min(UInt64(transfer.blockSize), size - min(size, offset)) else { throw .changed }
            return content
        }
        guard block != lastText.block else { return lastText.content }
        guard let offset = text?.offset else { return [] }
        let octets = try read(from: offset)
        let content = text?.block(of: transfer.blockSize, from: octets) ?? []
        if content.count < transfer.blockSize { transfer.end(at: block) }
        lastText = (block, content)
        return content
    }

    private func read(from offset: UInt64) throws(TFTPError) -> [UInt8] {
        var content = [UInt8](repeating: 0, count: transfer.blockSize)
        var count = 0
        while count < content.count {
            let part = unsafe content.withUnsafeMutableBytes { buffer in
                unsafe pread(
                    file, buffer.baseAddress.map { unsafe $0 + count }, buffer.count - count,
                    off_t(offset) + off_t(count))
            }
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else { throw .changed }
            if part == 0 { break }
            count += part
        }
        return Array(content[..<count])
    }
}
