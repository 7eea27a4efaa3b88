internal import Netlink
public import NetworkModel

extension Kernel {
    /// Has the prefixes that guests of a network were delegated lead to these guests, and no others any more.
    ///
    /// Returns the commands that would have done it; none where all was as it should be.
    public func route(
        _ delegations: [Surroundings.Delegation], on bridge: InterfaceName
    ) throws(EngineError) -> [String] {
        let wanted = Set(delegations.map { GatewayRoute(to: .v6($0.prefix), via: .v6($0.router)) })
        do throws(NetlinkError) {
            guard let link = try sockets.link(named: bridge) else { return [] }
            let present = Set(try sockets.gatewayRoutes(on: link.index, from: .delegation))
            var commands: [String] = []
            // The prefix may have gone from one guest to another: the kernel would share its packets out among both.
            for route in present.subtracting(wanted).sorted() {
                do throws(NetlinkError) {
                    try sockets.removeRoute(route, on: bridge, from: .delegation)
                } catch  where error.code == .notFound {}
                commands.append("ip -6 route del \(route) dev \(bridge) proto dhcp")
            }
            for route in wanted.subtracting(present).sorted() {
                try sockets.addRoute(route, on: bridge, from: .delegation)
                commands.append("ip -6 route add \(route) dev \(bridge) proto dhcp")
            }
            return commands
        } catch {
            throw EngineError(error)
        }
    }
}
