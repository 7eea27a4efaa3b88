internal import API
internal import Foundation
internal import Hummingbird
internal import NIOCore

extension ControlServer {
    /// `GET /v1/events`: an answer that ends with the daemon, or when nobody reads it any more.
    func streamEvents(_ request: Request) async throws -> Response {
        let events = try await service.events(of: request.uri.queryParameters["network"].map { String($0) })
        let hub = service.events
        return Response(
            status: .ok, headers: [.contentType: "application/jsonl"],
            body: .init { writer in
                // What is cancelled here ends the subscription.
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    try await writer.write(Self.line(.subscribed))
                    for await event in events { try await writer.write(Self.line(.event(event))) }
                    if hub.isOpen, !Task.isCancelled { try await writer.write(Self.line(.lost)) }
                }
                try await writer.finish(nil)
            })
    }

    private static func line(_ line: EventLine) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ByteBuffer(bytes: try encoder.encode(line) + [0x0A])
    }
}
