internal import API
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import UnixSignals

/// How watching came to its end.
enum Ending {
    /// Enough was seen.
    case done
    case timedOut
    /// Somebody pressed Ctrl-C.
    case interrupted
}

extension Client {
    /// Hands what happens to a network, or to all, to `handle`, until that returns false, `limit` is over or SIGINT comes.
    ///
    /// - Throws: A sentence where the daemon ends meanwhile, or events come faster than they are handled.
    func watch(
        _ network: String?, limit: Duration?, _ handle: @escaping @Sendable (NetworkEvent) throws -> Bool
    ) async throws -> Ending {
        let interrupts = await UnixSignalsSequence(trapping: .sigint)
        return try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask {
                try await readEvents(of: network, handle)
                return .done
            }
            if let limit {
                group.addTask {
                    try await Task.sleep(for: limit)
                    return .timedOut
                }
            }
            group.addTask {
                for await _ in interrupts { return .interrupted }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            return try await group.next() ?? .done
        }
    }

    private func readEvents(of network: String?, _ handle: (NetworkEvent) throws -> Bool) async throws {
        let query = network.map { "?network=" + $0.percentEncoded } ?? ""
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: Self.target(["events"], query: query))
        head.headers = ["host": "vnet", "connection": "close"]
        let channel: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
        do {
            channel = try await open()
        } catch let refusal as IOError {
            try await connecting(ConnectionError(refusal.errnoCode))
            channel = try await open()
        }
        try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(.head(head))
            try await outbound.write(.end(nil))
            var status = HTTPResponseStatus.ok
            var rest: [UInt8] = []
            for try await part in inbound {
                switch part {
                case .head(let head): status = head.status
                case .body(let buffer):
                    rest += buffer.readableBytesView
                    guard status == .ok else { continue }
                    for line in Self.lines(from: &rest) where try !pass(line, to: handle) { return }
                case .end:
                    guard status == .ok else { throw Self.error(Int(status.code), rest) }
                    throw CommandError("the daemon ended, and no more events come: start the command again")
                }
            }
            try Task.checkCancellation()
            throw CommandError("the daemon is gone, and no more events come: start the command again")
        }
    }

    /// Whether to go on.
    private func pass(_ line: [UInt8], to handle: (NetworkEvent) throws -> Bool) throws -> Bool {
        switch try JSONDecoder().decode(EventLine.self, from: Data(line)) {
        case .subscribed: true
        case .event(let event): try handle(event)
        case .lost:
            throw CommandError("more has happened than could be printed in time, and the rest is not told")
        }
    }

    private func open() async throws -> NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart> {
        try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(unixDomainSocketPath: socket) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                }
            }
    }

    /// Takes the lines that are whole out of what has come.
    private static func lines(from bytes: inout [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        while let end = bytes.firstIndex(of: 0x0A) {
            lines.append(Array(bytes[..<end]))
            bytes.removeFirst(end + 1)
        }
        return lines
    }
}
