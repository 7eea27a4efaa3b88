internal import BootFiles
internal import CLinux
internal import Glibc
internal import NetworkModel
internal import ResponderChannel
internal import Wire

/// Who reads a file.
struct TFTPClient: Hashable {
    let address: IPAddress
    let port: UInt16
}

/// Port 69 of one address, and the transfers that go through it.
final class TFTPPort {
    let descriptor: Int32
    var token: UInt64 = 0
    private let root: Int32
    private let largestBlock: Int
    private unowned let network: BootNetwork
    private(set) var transfers: [TFTPClient: OpenTransfer] = [:]
    private var writer = WireWriter(reserving: 2_048)

    init(_ descriptor: Int32, root: Int32, mtu: Int, family: AddressFamily, network: BootNetwork) {
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
        guard network.transferCount < BootNetwork.limit,
            transfers.keys.count(where: { $0.address == client.address }) < BootNetwork.limitOfAddress
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
    private let file: BootFile
    private var text: Netascii?
    /// The last block of a text that was made, which may have to be sent again.
    private var lastText: (block: UInt64, content: [UInt8]) = (0, [])

    init(_ wish: TFTPReadRequest, below root: Int32, largestBlock: Int) throws(TFTPError) {
        do throws(BootFile.Failure) {
            file = try BootFile(wish.name, below: root)
        } catch {
            switch error {
            case .notFound: throw .notFound
            case .notPermitted: throw .notPermitted
            case .busy: throw .busy
            }
        }
        let options = wish.options.accepted(mode: wish.mode, fileSize: file.size, largestBlock: largestBlock)
        transfer = TFTPTransfer(options, size: wish.mode == .octet ? file.size : nil)
        if wish.mode == .netascii { text = Netascii() }
    }

    /// The octets of a block, from 1 on; those of a text only of the last one and of the one behind it.
    func content(of block: UInt64) throws(TFTPError) -> [UInt8] {
        guard text != nil else {
            let offset = (block - 1) * UInt64(transfer.blockSize)
            let content = try read(from: offset)
            guard content.count == min(UInt64(transfer.blockSize), file.size - min(file.size, offset)) else {
                throw .changed
            }
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
                    file.descriptor, buffer.baseAddress.map { unsafe $0 + count }, buffer.count - count,
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
