internal import Foundation
internal import Netlink
internal import NetworkModel
internal import Synchronization

/// Deletes bridges beside everything else: the kernel waits until no processor can see one any more, and whoever asked for it
/// with it.
///
/// What is asked for while it is at work goes together next.
final class LinkRemover: Sendable {
    private struct Removal {
        let name: InterfaceName
        let end: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var waiting: [Removal] = []
        var isAtWork = false
    }

    /// The kernel does nothing else with links meanwhile, for half a second.
    private static let mostAtOnce = 32

    private let state = Mutex(State())

    /// Deletes a link; throws the kernel's refusal.
    func remove(_ name: InterfaceName) async throws {
        try await withCheckedThrowingContinuation { (end: CheckedContinuation<Void, any Error>) in
            let isFirst = state.withLock { state in
                state.waiting.append(Removal(name: name, end: end))
                defer { state.isAtWork = true }
                return !state.isAtWork
            }
            // A thread, since none of those that tasks share may wait so long.
            if isFirst { Thread.detachNewThread { self.work() } }
        }
    }

    private func work() {
        while true {
            let removals = state.withLock { state in
                let next = Array(state.waiting.prefix(Self.mostAtOnce))
                state.waiting.removeFirst(next.count)
                state.isAtWork = !next.isEmpty
                return next
            }
            guard !removals.isEmpty else { return }
            do {
                let errors = try RouteSocket().deleteLinks(removals.map(\.name))
                for removal in removals {
                    if let error = errors[removal.name] {
                        removal.end.resume(throwing: error)
                    } else {
                        removal.end.resume()
                    }
                }
            } catch {
                for removal in removals { removal.end.resume(throwing: error) }
            }
        }
    }
}
