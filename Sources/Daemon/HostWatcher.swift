internal import Foundation
internal import Logging
internal import Netlink
internal import ServiceLifecycle

/// Tells the networks what changes on the host.
struct HostWatcher: Service {
    let service: NetworkService
    let logger: Logger

    /// The kernel tells of no change of most settings: so often they are looked at.
    private static let settingsInterval: Duration = .milliseconds(700)

    func run() async throws {
        let (changes, feed) = AsyncStream.makeStream(of: HostChange.self, bufferingPolicy: .bufferingNewest(4_096))
        watch(.links, feed)
        watch(.rules(table: "vnet"), feed)
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { for await change in changes { await service.hostChanged(change) } }
                group.addTask {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: Self.settingsInterval)
                        await service.checkSettings()
                    }
                }
            }
        }
        // Without news of the host the daemon still does all else.
        try await gracefulShutdown()
    }

    /// Reads on a thread of its own, since reading blocks; it ends with the process.
    private func watch(_ subject: HostMonitor.Subject, _ feed: AsyncStream<HostChange>.Continuation) {
        Thread.detachNewThread { [logger] in
            do {
                let monitor = try HostMonitor(subject)
                while true { for change in try monitor.next() { feed.yield(change) } }
            } catch {
                logger.error("\(error)")
            }
        }
    }
}
