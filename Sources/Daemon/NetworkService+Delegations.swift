internal import Engine
internal import Logging
internal import NetworkModel

// Routes to the networks behind guests that have been delegated prefixes.

extension NetworkService {
    func delegations(of uuid: NetworkUUID) -> [Surroundings.Delegation] {
        (delegated[uuid] ?? [:]).values.compactMap { Surroundings.Delegation($0) }.sorted { $0.prefix < $1.prefix }
    }

    /// Has the host's routes follow what a network's guests have been delegated; returns the commands that would have done it.
    @discardableResult
    func routeDelegations(of uuid: NetworkUUID) -> [String] {
        guard let live = networks[uuid]?.live, live.definition.hasOwnBridge, delegated[uuid] != nil else { return [] }
        do {
            return try kernel.route(delegations(of: uuid), on: live.bridge)
        } catch {
            logger.error("network '\(live.definition.name)': the routes to delegated prefixes do not follow: \(error)")
            return []
        }
    }
}
