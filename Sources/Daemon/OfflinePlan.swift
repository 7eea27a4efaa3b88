public import API
internal import Engine
internal import Firewall
internal import LibvirtXML
internal import Netlink
internal import NetworkModel

/// What a start would do on a host where no daemon runs, found out without any privilege.
public enum OfflinePlan {
    /// - Parameters:
    ///   - document: The network, in libvirt's format.
    ///   - paths: Where the definitions lie that it must go with.
    /// - Returns: What `vnet apply` would do.
    /// - Throws: Why the network could not be defined or started.
    public static func report(for document: [UInt8], paths: Paths) throws -> ApplyReport {
        var generator = SystemRandomNumberGenerator()
        let (parsed, warnings) = try NetworkDefinition.read(libvirtXML: document, using: &generator)
        let defined = NetworkStore.definitions(in: paths).networks
        var wish = parsed
        let known = defined.first { $0.name == wish.name }
        if let known, !NetworkDefinition.statesUUID(libvirtXML: document) { wish.uuid = known.uuid }
        let kernel = try Kernel()
        wish = try wish.completed(among: defined, before: known) { Set(try kernel.links().map(\.name)) }
        guard let bridge = wish.bridge.name.flatMap({ InterfaceName($0) }) ?? wish.forward?.device else {
            throw APIError(.invalid, "network '\(wish.name)' names no bridge or interface")
        }
        let advertised = wish.needsIPv6Forwarding ? try kernel.interfacesTakingAdvertisements() : []
        let desired = try HostState(running: wish, redirects: [], advertised: advertised)
        let transition = Transition(
            definition: wish, bridge: bridge, former: nil, dns: ServiceSockets(), observed: try kernel.observe(desired),
            desired: desired, rules: desired.rules[bridge])
        return ApplyReport(
            of: transition, definition: known, services: { ServiceConfiguration(of: $0, resolvers: []) },
            warnings: warnings.map(\.description))
    }
}
