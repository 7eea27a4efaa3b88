internal import Foundation
internal import Logging
internal import Netlink
internal import ServiceLifecycle

/// Tells the networks of changes of the host's links.
struct LinkWatcher: Service {
    let service: NetworkService
    let logger: Logger

    func run() async throws {
        let (changes, feed) = AsyncStream.makeStream(of: Link.self, bufferingPolicy: .bufferingNewest(4_096))
        watch(feed)
        await cancelWhenGracefulShutdown {
            for await link in changes { await service.linkChanged(link) }
        }
        // Without news of links the daemon still does all else.
        try await gracefulShutdown()
    }

    /// Reads on a thread of its own, since reading blocks; it ends with the process.
    private func watch(_ feed: AsyncStream<Link>.Continuation) {
        Thread.detachNewThread { [logger] in
            do {
                let monitor = try LinkMonitor()
                while true {
                    for link in try monitor.next() ?? [] where link.kind == "tun" && link.portState != nil {
                        feed.yield(link)
                    }
                }
            } catch {
                logger.error("\(error)")
                feed.finish()
            }
        }
    }
}
