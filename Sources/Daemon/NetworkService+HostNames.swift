internal import Engine
internal import Firewall
internal import Logging
internal import Netlink
internal import NetworkModel

/// What the host's own resolver is to ask a network's name service for (`<domain register='yes'>`).
struct HostNames: Hashable {
    let bridge: InterfaceName
    let interfaceIndex: Int32
    /// As resolvectl(1) takes them.
    let servers: [String]
    /// Domains that the network's servers are asked for, and that no name is completed with.
    let domains: [String]

    /// Nil where the host is not to know the network's names.
    init?(_ live: NetworkService.Live) {
        guard live.definition.domain?.register == true, let domain = live.definition.servedDomain else { return nil }
        bridge = live.bridge
        interfaceIndex = live.interfaceIndex
        servers = live.nameServers.map { server in
            guard server.port != 53 else { return "\(server.address)" }
            return server.address.family == .ipv4
                ? "\(server.address):\(server.port)" : "[\(server.address)]:\(server.port)"
        }
        domains = ([domain] + live.definition.subnets.compactMap(\.reverseDomain)).map { "~\($0)" }
    }
}

extension NetworkService {
    /// Tells systemd-resolved what to ask the network's name service for, where that is not what it was told already.
    ///
    /// Returns why that cannot be done, as a sentence for the person who starts the network, who has all else: guests find
    /// each other without it.
    func registerNames(of live: Live, insteadOf former: Live?) async -> String? {
        let (wish, told) = (HostNames(live), former.flatMap { HostNames($0) })
        guard wish != told else { return nil }
        do throws(ProgramError) {
            guard let wish else {
                // A bridge that goes takes with it what was said of it.
                if told?.interfaceIndex == live.interfaceIndex { try await resolvectl("revert", live.bridge, []) }
                return nil
            }
            guard !wish.servers.isEmpty else { return "the host cannot ask a network without name service for names" }
            try await resolvectl("dns", wish.bridge, wish.servers)
            try await resolvectl("domain", wish.bridge, wish.domains)
            return nil
        } catch {
            return
                "the host does not resolve the names of network '\(live.definition.name)', since systemd-resolved cannot be"
                + " told of them: \(error). 'vnet doctor \(live.definition.name)' says what to do instead"
        }
    }

    /// Whether the host finds the network's names, as far as it is to and can: systemd-resolved asks nobody by an interface
    /// without carrier, which a bridge without guests is.
    func findsNames(of live: Live) async -> Bool {
        guard let wish = HostNames(live), let link = try? kernel.link(named: live.bridge), link.hasCarrier else {
            return true
        }
        guard let program = ChildProgram.path(of: "resolvectl") else { return false }
        let domain = String(wish.domains[0].dropFirst())
        do throws(ProgramError) {
            try await ChildProgram.run(
                program, ["query", "--cache=no", "--type=SOA", domain], scratch: store.paths.run)
            return true
        } catch {
            return false
        }
    }

    private func resolvectl(_ verb: String, _ bridge: InterfaceName, _ words: [String]) async throws(ProgramError) {
        guard let program = ChildProgram.path(of: "resolvectl") else {
            throw ProgramError(description: "there is no 'resolvectl' on this host")
        }
        try await ChildProgram.run(program, [verb, bridge.description] + words, scratch: store.paths.run)
    }
}
