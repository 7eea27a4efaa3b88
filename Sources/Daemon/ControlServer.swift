internal import API
internal import Foundation
internal import Hummingbird
internal import LibvirtXML
internal import Logging
internal import NIOCore
internal import NetworkModel

/// The HTTP side of the control socket: reads a request, makes one call, writes the answer.
///
/// The contract stands in `API`.
struct ControlServer {
    let service: NetworkService
    let responder: ResponderSupervisor
    let logger: Logger

    /// Requests larger than this are refused before they are read: twice a document, which stands in one as a string of JSON.
    private static let bodyLimit = 2 * NetworkDefinition.maximumDocumentSize

    /// The HTTP server, which listens when it runs, and calls `ready` when the socket is there.
    func application(
        socket: String, ready: @escaping @Sendable () async -> Void
    ) -> some ApplicationProtocol {
        Application(
            router: router(),
            configuration: .init(address: .unixDomainSocket(path: socket), serverName: "vnet"),
            onServerRunning: { _ in await ready() },
            logger: logger
        )
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: ErrorAnswers(logger: logger))
        let service = service
        let networks = router.group("/v1/networks")

        networks.get { _, _ in try Self.json(await service.list()) }
        networks.post { request, _ in
            let document = try await Self.body(of: request)
            guard request.uri.queryParameters["transient"] == "true" else {
                return try Self.json(await service.define(document), status: .created)
            }
            return try Self.json(await service.create(document), status: .created)
        }
        networks.get(":network") { _, context in
            try Self.json(await service.info(Self.parameter("network", context)))
        }
        networks.delete(":network") { _, context in
            try Self.json(await service.undefine(Self.parameter("network", context)))
        }
        networks.get(":network/xml") { request, context in
            let network = try Self.parameter("network", context)
            let text =
                request.uri.queryParameters["form"] == "file"
                ? try await service.fileXML(network)
                : try await service.xml(network, inactive: request.uri.queryParameters["inactive"] == "true")
            return Response(
                status: .ok, headers: [.contentType: "application/xml"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        networks.post(":network/start") { _, context in
            try Self.json(await service.start(Self.parameter("network", context)))
        }
        networks.post(":network/stop") { _, context in
            try Self.json(await service.stop(Self.parameter("network", context)))
        }
        networks.post(":network/update") { request, context in
            let wish = try await Self.decode(UpdateWish.self, from: request)
            return try Self.json(await service.update(Self.parameter("network", context), wish))
        }
        addMetadata(to: networks)
        addNetworkPorts(to: networks)
        networks.put(":network/autostart") { request, context in
            let wish = try await Self.decode(AutostartWish.self, from: request)
            return try Self.json(await service.setAutostart(Self.parameter("network", context), wish.enabled))
        }
        networks.get(":network/leases") { _, context in
            try Self.json(await service.leases(Self.parameter("network", context)))
        }
        networks.get(":network/leases/records") { request, context in
            let query = request.uri.queryParameters
            return try Self.json(
                await service.leaseRecords(
                    Self.parameter("network", context), address: query["address"].map { String($0) },
                    at: query["at"].map { String($0) }))
        }
        networks.get(":network/dns/cache") { _, context in
            try Self.json(await service.dnsCache(Self.parameter("network", context), flush: false))
        }
        networks.delete(":network/dns/cache") { _, context in
            try Self.json(await service.dnsCache(Self.parameter("network", context), flush: true))
        }
        networks.get(":network/dns/log") { request, context in
            let lines = request.uri.queryParameters["lines"].flatMap { Int($0) } ?? 100
            return try await service.queryLog(Self.parameter("network", context), lines: lines)
        }
        networks.delete(":network/leases/:address") { _, context in
            try Self.json(
                await service.releaseLease(
                    Self.parameter("network", context), of: Self.parameter("address", context)))
        }
        networks.get(":network/ports") { _, context in
            try Self.json(await service.ports(Self.parameter("network", context)))
        }
        networks.post(":network/ports") { request, context in
            let wish = try await Self.decode(PortWish.self, from: request)
            return try Self.json(await service.attach(Self.parameter("network", context), wish), status: .created)
        }
        networks.delete(":network/ports/:port") { _, context in
            try Self.json(
                await service.detach(Self.parameter("network", context), port: Self.parameter("port", context)))
        }
        router.post("/v1/apply") { request, _ in
            let document = try await Self.body(of: request)
            let isDryRun = request.uri.queryParameters["dryRun"] == "true"
            return try Self.json(await service.apply(document, isDryRun: isDryRun))
        }
        networks.get(":network/forwards") { _, context in
            try Self.json(await service.forwards(Self.parameter("network", context)))
        }
        networks.post(":network/forwards") { request, context in
            let wish = try await Self.decode(ForwardWish.self, from: request)
            return try Self.json(await service.addForward(Self.parameter("network", context), wish), status: .created)
        }
        networks.post(":network/forwards/end") { request, context in
            let wish = try await Self.decode(ForwardEnding.self, from: request)
            return try Self.json(await service.removeForward(Self.parameter("network", context), wish))
        }
        router.get("/v1/ports") { _, _ in try Self.json(await service.ports(nil)) }
        router.get("/v1/events") { request, _ in try await streamEvents(request) }
        router.get("/v1/doctor") { request, _ in
            try Self.json(
                await service.examine(request.uri.queryParameters["network"].map { String($0) }, isFixing: false))
        }
        router.post("/v1/doctor") { request, _ in
            try Self.json(
                await service.examine(request.uri.queryParameters["network"].map { String($0) }, isFixing: true))
        }
        router.get("/v1/daemon") { _, _ in
            try Self.json(DaemonInfo(pid: getpid(), responderPID: await responder.pid))
        }
        return router
    }

    static func parameter(_ name: String, _ context: BasicRequestContext) throws -> String {
        let text = try context.parameters.require(name)
        guard let decoded = text.removingPercentEncoding else {
            throw APIError(.invalid, "'\(text)' is not percent-encoded")
        }
        return decoded
    }

    static func body(of request: Request) async throws -> [UInt8] {
        do {
            let buffer = try await request.body.collect(upTo: bodyLimit)
            return [UInt8](buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw APIError(.invalid, "the request is larger than \(bodyLimit >> 20) MiB")
        }
    }

    static func decode<Value: Decodable>(_: Value.Type, from request: Request) async throws -> Value {
        let body = try await body(of: request)
        do {
            return try JSONDecoder().decode(Value.self, from: Data(body.isEmpty ? Array("{}".utf8) : body))
        } catch {
            throw APIError(.invalid, "the body is not what this request takes: \(error)")
        }
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = try encoder.encode(value)
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: body + [0x0A])))
    }
}

/// Turns what a route throws into an ``APIError`` as JSON.
private struct ErrorAnswers: RouterMiddleware {
    let logger: Logger

    typealias Context = BasicRequestContext

    @concurrent
    func handle(
        _ request: Request, context: BasicRequestContext,
        next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as APIError {
            return try answer(error)
        } catch let error as HTTPError {
            let isMissing = error.status == .notFound || error.status == .methodNotAllowed
            return try answer(
                isMissing
                    ? APIError(.notFound, "there is nothing at \(request.method) \(request.uri.path)")
                    : APIError(.invalid, "\(error.body ?? "\(error.status)")"))
        } catch {
            logger.error("\(request.method) \(request.uri.path): \(error)")
            return try answer(APIError(.failed, "\(error)"))
        }
    }

    private func answer(_ error: APIError) throws -> Response {
        try ControlServer.json(error, status: .init(code: error.code.status))
    }
}
