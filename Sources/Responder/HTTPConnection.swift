internal import BootFiles
internal import CLinux
internal import Glibc
internal import NetworkModel

/// Where connections to one address come in, and the folder they are given files of.
final class HTTPListener {
    let descriptor: Int32
    let root: Int32
    var token: UInt64 = 0

    init(_ descriptor: Int32, root: Int32) {
        self.descriptor = descriptor
        self.root = root
    }
}

/// A client that reads files by HTTP, one after the other.
final class HTTPConnection {
    let network: BootNetwork
    let descriptor: Int32
    let address: IPAddress
    let token: UInt64
    private let root: Int32
    private var input: [UInt8] = []
    /// Of the head that is being sent.
    private var output: ArraySlice<UInt8> = []
    private var file: BootFile?
    /// Of the file, what is still to be sent.
    private var content: Range<UInt64> = 0..<0
    private var isLast = false
    /// Whether all is said, and what the client says still is not listened to: a connection that is closed before it has been
    /// read to its end takes answers with it that are on their way.
    private var isClosing = false
    /// When the client must have moved on.
    private(set) var deadline: Duration

    /// Without a request, or without taking anything of an answer.
    private static let patience: Duration = .seconds(30)
    private static let closingTime: Duration = .seconds(2)
    /// In octets: before others have their turn.
    private static let turn = 256 << 10

    init(
        _ network: BootNetwork, _ descriptor: Int32, _ address: IPAddress, root: Int32, token: UInt64, now: Duration
    ) {
        self.network = network
        self.descriptor = descriptor
        self.address = address
        self.root = root
        self.token = token
        deadline = now + Self.patience
    }

    deinit { close(descriptor) }

    var wantsToWrite: Bool { !output.isEmpty || !content.isEmpty }
    /// A client that asks faster than it is answered has to wait.
    var wantsToRead: Bool { isClosing || !wantsToWrite }

    /// Reads and sends what there is; false where the connection is over.
    func serve(_ ready: Poller.Readiness, using buffer: inout [UInt8], now: Duration) -> Bool {
        if ready.canRead, wantsToRead, !read(using: &buffer) { return false }
        guard !isClosing else { return true }
        repeat {
            if !wantsToWrite { takeRequest(now) }
            guard send(now) else { return false }
        } while !wantsToWrite && !isClosing && HTTPRequest.headSize(in: input) != nil
        return !(ready.isOver && !wantsToWrite)
    }

    private func read(using buffer: inout [UInt8]) -> Bool {
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
        if !isClosing { input += buffer[..<count] }
        return true
    }

    /// Takes the next request, if one has come, and begins its answer.
    private func takeRequest(_ now: Duration) {
        guard let size = HTTPRequest.headSize(in: input), size <= HTTPRequest.limit else {
            if input.count > HTTPRequest.limit { begin(HTTPReply(.headTooLarge, now: Self.wallTime), now) }
            return
        }
        let head = Array(input[..<size])
        input.removeFirst(size)
        do throws(HTTPStatus) {
            let request = try HTTPRequest(reading: head)
            begin(answer(to: request), now)
        } catch {
            begin(HTTPReply(error, now: Self.wallTime), now)
        }
    }

    private func answer(to request: HTTPRequest) -> HTTPReply {
        let now = Self.wallTime
        do throws(BootFile.Failure) {
            let file = try BootFile(request.path, below: root)
            self.file = file
            return HTTPReply(to: request, size: file.size, changed: file.changed, now: now)
        } catch {
            let status: HTTPStatus =
                switch error {
                case .notFound: .notFound
                case .notPermitted: .forbidden
                case .busy: .unavailable
                }
            return HTTPReply(status, to: request, now: now)
        }
    }

    private func begin(_ reply: HTTPReply, _ now: Duration) {
        output = reply.head[...]
        content = reply.content
        isLast = !reply.keepsConnection
        deadline = now + Self.patience
    }

    /// Sends what the connection takes; false where it is over.
    private func send(_ now: Duration) -> Bool {
        guard wantsToWrite else { return true }
        while !output.isEmpty {
            let count = unsafe output.withUnsafeBufferPointer {
                unsafe clinux_send(descriptor, $0.baseAddress, $0.count)
            }
            guard count >= 0 else { return errno == EAGAIN || errno == EINTR }
            output.removeFirst(count)
            deadline = now + Self.patience
        }
        var turn = Self.turn
        while !content.isEmpty, turn > 0, let file {
            let count = clinux_send_file(
                descriptor, file.descriptor, content.lowerBound, min(content.count, Self.turn))
            // Nothing more: the file is shorter than it was, and what was promised cannot be kept.
            guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
            content = content.lowerBound + UInt64(count)..<content.upperBound
            turn -= count
            deadline = now + Self.patience
        }
        guard !wantsToWrite else { return true }
        file = nil
        if isLast {
            isClosing = true
            deadline = now + Self.closingTime
            return shutdown(descriptor, Int32(SHUT_WR)) == 0
        }
        return true
    }

    private static var wallTime: Int64 { WallTime.now.seconds }
}
