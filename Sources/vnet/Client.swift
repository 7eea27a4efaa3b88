internal import API
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// The control API's client: one request a connection.
struct Client {
    let socket: String
    /// What to do about a connection that is refused, before it is tried once more.
    let connecting: @Sendable (IOError) async throws -> Void

    /// Finds out whether anyone listens.
    func probe() async throws {
        try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(unixDomainSocketPath: socket).get().close()
    }

    func get<Answer: Decodable>(
        _ path: [String], query: String = "", as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try decode(await send(.GET, path, query: query))
    }

    func text(_ path: [String], query: String = "") async throws -> String {
        String(decoding: try await send(.GET, path, query: query), as: UTF8.self)
    }

    func post<Answer: Decodable>(
        _ path: [String], query: String = "", body: [UInt8] = [], as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try decode(await send(.POST, path, query: query, body: body))
    }

    func post<Answer: Decodable>(
        _ path: [String], _ body: some Encodable, as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try await post(path, body: [UInt8](JSONEncoder().encode(body)))
    }

    func put<Answer: Decodable>(
        _ path: [String], _ body: some Encodable, as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try decode(await send(.PUT, path, body: [UInt8](JSONEncoder().encode(body))))
    }

    func delete<Answer: Decodable>(_ path: [String], as: Answer.Type = Answer.self) async throws -> Answer {
        try decode(await send(.DELETE, path))
    }

    private func decode<Answer: Decodable>(_ body: [UInt8]) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(body))
        } catch {
            throw CommandError("the daemon's answer cannot be read (is it of another version?): \(error)")
        }
    }

    private func send(
        _ method: HTTPMethod, _ path: [String], query: String = "", body: [UInt8] = []
    ) async throws -> [UInt8] {
        let head = Self.head(method, path, query: query, length: body.count)
        do {
            return try await exchange(head, body)
        } catch let refusal as IOError where method == .GET || !refusal.isBreak {
            // A daemon that died with the question has not answered it; what was to be done is not asked for twice.
            try await connecting(refusal)
            return try await exchange(head, body)
        }
    }

    static func head(_ method: HTTPMethod, _ path: [String], query: String, length: Int) -> HTTPRequestHead {
        var head = HTTPRequestHead(
            version: .http1_1, method: method, uri: "/v1/" + path.map(\.percentEncoded).joined(separator: "/") + query)
        head.headers = ["host": "vnet", "connection": "close", "content-length": "\(length)"]
        return head
    }

    private func exchange(_ head: HTTPRequestHead, _ body: [UInt8]) async throws -> [UInt8] {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: (HTTPResponseStatus, [UInt8]).self)
        let connection = ClientBootstrap(group: loop)
            .channelInitializer { [head] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(Exchange(head: head, body: body, answer: answer))
                }
            }
            .connect(unixDomainSocketPath: socket)
        // A promise must be kept: where there is no connection, nobody else does it.
        connection.whenFailure(answer.fail)
        let channel = try await connection.get()
        let (status, content) = try await answer.futureResult.get()
        try? await channel.close()
        guard (200..<300).contains(status.code) else { throw Self.error(status, content) }
        return content
    }

    /// What an answer says that is no success.
    static func error(_ status: HTTPResponseStatus, _ content: [UInt8]) -> any Error {
        if let error = try? JSONDecoder().decode(APIError.self, from: Data(content)) { return error }
        return CommandError("the daemon answered \(status)")
    }
}

/// Sends one request when the connection stands, and gathers its answer.
private final class Exchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let body: [UInt8]
    private let answer: EventLoopPromise<(HTTPResponseStatus, [UInt8])>
    private var status: HTTPResponseStatus?
    private var content: [UInt8] = []

    init(head: HTTPRequestHead, body: [UInt8], answer: EventLoopPromise<(HTTPResponseStatus, [UInt8])>) {
        self.head = head
        self.body = body
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context _: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = head.status
        case .body(let part): content += part.readableBytesView
        case .end: answer.succeed((status ?? .internalServerError, content))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context _: ChannelHandlerContext) {
        // Where the answer has come, this says nothing new.
        answer.fail(CommandError("the daemon closed the connection without an answer"))
    }
}

extension IOError {
    /// Whether a connection that stood was broken off.
    var isBreak: Bool { errnoCode == ECONNRESET || errnoCode == EPIPE }
}

extension String {
    /// Fit for a segment of a path, or a value of a query.
    var percentEncoded: String { addingPercentEncoding(withAllowedCharacters: .pathSegment) ?? self }
}

extension CharacterSet {
    /// What may stand in one segment of a path as it is: the unreserved characters (RFC 3986, section 2.3).
    fileprivate static let pathSegment = CharacterSet(
        charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
}
