public import Firewall
internal import Glibc
public import Netlink
public import NetworkModel

/// The kernel of one network namespace: observes it, and carries out plans on it.
///
/// Not for two threads at once: the owner is one actor.
public struct Kernel: ~Copyable {
    let sockets: RouteSocket
    let nft: Nft
    /// Nil until it matters: to look needs privileges, which planning does without.
    private var hasTables: Bool?

    public init() throws(EngineError) {
        let sockets = try Self.engineError { try RouteSocket() }
        let nft = try Self.engineError { try Nft() }
        self.sockets = sockets
        self.nft = nft
    }

    /// What `body` returns, with what it throws as the error of this module.
    private static func engineError<T: ~Copyable>(_ body: () throws -> T) throws(EngineError) -> T {
        do { return try body() } catch { throw EngineError(error) }
    }

    // MARK: Observe

    public func link(named name: InterfaceName) throws(EngineError) -> Link? {
        do { return try sockets.link(named: name) } catch { throw EngineError(error) }
    }

    public func links() throws(EngineError) -> [Link] {
        do { return try sockets.links() } catch { throw EngineError(error) }
    }

    /// What is there of the objects named in `wish`; firewall rules cannot be seen this way and are left out.
    public func observe(_ wish: HostState) throws(EngineError) -> HostState {
        var state = HostState()
        var indices: [Int32: InterfaceName] = [:]
        do {
            for name in wish.bridges.keys {
                guard let link = try sockets.link(named: name), let settings = link.bridge, let mac = link.mac else {
                    continue
                }
                indices[link.index] = name
                // A link-local address that nobody wished for is the kernel's own, and nobody's leftover.
                let addresses = try sockets.addresses(on: link.index).filter { address in
                    guard case .v6(let v6) = address.address, v6.isLinkLocal else { return true }
                    return wish.bridges[name]?.addresses.contains(address) == true
                }
                state.bridges[name] = BridgeState(
                    mac: mac, mtu: link.mtu, settings: settings, alias: link.alias, addresses: Set(addresses),
                    routes: Set(try sockets.gatewayRoutes(on: link.index)), isUp: link.isUp)
            }
            for (name, want) in wish.taps {
                guard let link = try sockets.link(named: name), link.isGuests, let mac = link.mac else { continue }
                var master: InterfaceName?
                if let index = link.master {
                    master = indices[index] ?? Self.name(ofInterface: index)
                }
                state.taps[name] = TapState(
                    mac: mac, mtu: link.mtu, alias: link.alias, master: master, isUp: link.isUp,
                    isIsolated: link.isIsolated, groupForward: link.groupForward)
                guard master != nil else { continue }
                state.taps[name]?.addresses = try sockets.addresses(behind: link, expected: want.addresses)
                if want.vlans != nil { state.taps[name]?.vlans = try sockets.vlans(of: link) }
            }
            try observeTraffic(wish, into: &state)
        } catch {
            throw EngineError(error)
        }
        for sysctl in wish.sysctls.keys { state.sysctls[sysctl] = Self.read(sysctl) }
        return state
    }

    private func observeTraffic(_ wish: HostState, into state: inout HostState) throws(NetlinkError) {
        for name in wish.shapers.keys {
            if let link = try sockets.link(named: name) { state.shapers[name] = try sockets.shaper(of: link) }
        }
        for (name, want) in wish.detours {
            guard let link = try sockets.link(named: name), link.kind == "ifb" else { continue }
            var detour = DetourState(alias: link.alias, source: nil, isUp: link.isUp)
            if let source = want.source, let device = try sockets.link(named: source),
                try sockets.redirection(of: device) == link.index
            {
                detour.source = source
            }
            state.detours[name] = detour
        }
    }

    /// The kind of a queueing discipline of a device that somebody else has made, and that limits would replace.
    public func foreignQueue(of device: Link) throws(EngineError) -> String? {
        do { return try sockets.foreignQueue(of: device) } catch { throw EngineError(error) }
    }

    /// What stands in the way of a network with these subnets, as a sentence's subject, or nil where nothing does:
    /// `address 192.168.150.9/24 of interface 'eth0'`.
    ///
    /// The addresses and routes of the interfaces `own` do not count, since they are the network's.
    public func obstacle(to subnets: [IPSubnet], except own: [InterfaceName]) throws(EngineError) -> String? {
        guard !subnets.isEmpty else { return nil }
        func isOwn(_ name: InterfaceName?) -> Bool { name.map(own.contains) ?? false }
        do {
            for (index, address) in try sockets.addresses() {
                guard let subnet = address.subnet, subnets.contains(where: { $0.overlaps(subnet) }) else { continue }
                let name = Self.name(ofInterface: index)
                if !isOwn(name) {
                    return "address \(address)\(name.map { " of interface '\($0)'" } ?? "")"
                }
            }
            for route in try sockets.routes() where route.destination.prefixLength > 0 {
                guard subnets.contains(where: { $0.overlaps(route.destination) }) else { continue }
                let name = Self.name(ofInterface: route.interfaceIndex)
                if !isOwn(name) {
                    return "the route to \(route.destination)\(name.map { " by interface '\($0)'" } ?? "")"
                }
            }
        } catch {
            throw EngineError(error)
        }
        return nil
    }

    /// Interfaces that take their routes from router advertisements, which forwarding would make them ignore
    /// (Documentation/networking/ip-sysctl.rst, `accept_ra`).
    public func interfacesTakingAdvertisements() throws(EngineError) -> [InterfaceName] {
        try links().compactMap { InterfaceName($0.name) }
            .filter { $0.description != "lo" && Self.read(.acceptRouterAdvertisements($0)) == "1" }
    }

    /// Whether the network's rules are in the kernel.
    public func hasRules(of rules: NetworkRules) -> Bool {
        (try? nft.run(rules.presence, while: "look up the firewall rules of bridge '\(rules.bridge)'")) != nil
    }

    /// Whether it was this that changed firewall rules on the thread of that id.
    public func hasChangedRules(onThread id: Int32) -> Bool { nft.ran(onThread: id) }

    static func name(ofInterface index: Int32) -> InterfaceName? {
        var text = [CChar](repeating: 0, count: 16)
        guard unsafe if_indextoname(UInt32(bitPattern: index), &text) != nil else { return nil }
        return InterfaceName(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    // MARK: Change

    /// Makes a guest's port forward now, where its bridge runs the spanning tree protocol and would keep it silent for twice
    /// the forward delay.
    public func forwardAtOnce(_ port: Link, of bridge: InterfaceName) throws(EngineError) {
        do {
            guard let bridge = try sockets.link(named: bridge), bridge.bridge?.stp == true, port.master == bridge.index
            else { return }
            try sockets.forwardAtOnce(port, of: bridge)
        } catch {
            throw EngineError(error)
        }
    }

    /// Makes a persistent tap of exactly this name; everything else about it is for a plan.
    public func createTap(_ name: InterfaceName, owner: UInt32, group: UInt32) throws(EngineError) {
        do { try Tap.create(name, owner: owner, group: group) } catch { throw EngineError(error) }
    }

    /// Makes a guest's device of exactly this name on the interface `lower`; everything else about it is for a plan.
    public func createMacvtap(
        _ name: InterfaceName, on lower: Link, mac: MACAddress, mode: NetworkPort.Plug.DirectMode
    ) throws(EngineError) {
        do { try sockets.addMacvtap(name, on: lower, mac: mac, mode: mode) } catch { throw EngineError(error) }
    }

    /// Deletes a tap that may not have its mark yet.
    public func deleteTap(_ name: InterfaceName) throws(EngineError) {
        do { try sockets.deleteLink(name) } catch { throw EngineError(error) }
    }

    /// Puts what all networks' rules share back as it is to be, whatever somebody has made of it.
    public mutating func restoreTables() throws(EngineError) {
        do {
            try nft.run(Ruleset.base, while: "restore vnet's nftables tables")
            hasTables = true
        } catch {
            throw EngineError(error)
        }
    }

    /// The same where anything is missing or more, else nothing: what somebody does while no daemon runs is told to nobody.
    public mutating func restoreChangedTables() throws(EngineError) {
        if !nft.hasBaseChains() { try restoreTables() }
    }

    /// Removes vnet's tables, when the last network is gone.
    public mutating func removeTables() throws(EngineError) {
        do {
            if nft.hasTables() { try nft.run(Ruleset.removal, while: "remove vnet's nftables tables") }
            hasTables = false
        } catch {
            throw EngineError(error)
        }
    }

    mutating func perform(_ step: Step) throws(EngineError) {
        do {
            switch step {
            case .addBridge(let name, let bridge):
                try sockets.addBridge(name, mac: bridge.mac, settings: bridge.settings)
            case .set(let name, let difference): try change(name, difference)
            case .addAddress(let address, let name): try sockets.addAddress(address, to: name)
            case .removeAddress(let address, let name):
                // The kernel takes IPv6 addresses away when IPv6 is switched off.
                do { try sockets.removeAddress(address, from: name) } catch  where error.code == .notFound {}
            case .setBridge(let name, let settings): try sockets.setBridge(name, settings)
            case .addRoute(let route, let name): try sockets.addRoute(route, on: name)
            case .removeRoute(let route, let name):
                // The kernel takes a route away with the address that led to its gateway.
                do { try sockets.removeRoute(route, on: name) } catch  where error.code == .notFound {}
            case .setIsolated(let name, let isolated): try sockets.setIsolated(name, isolated)
            case .setAddresses(let name, let old, let new):
                try sockets.setAddresses(behind: name, from: old, to: new)
            case .setVLANs(let name, let old, let new): try sockets.setVLANs(name, from: old, to: new)
            case .addIntermediate(let name): try sockets.addIntermediate(name)
            case .setShaper(let name, let old, let new): try sockets.setShaper(name, from: old, to: new)
            case .redirect(let name, let target): try sockets.redirect(name, to: target)
            case .endRedirection(let name): try sockets.endRedirection(name)
            case .setGroupForward(let name, let mask): try sockets.setGroupForward(name, mask)
            case .setSysctl(let sysctl, let value): try Self.write(sysctl, value)
            case .installRules(let rules): try install(rules.installation, of: rules.bridge)
            case .replaceRules(let old, let new):
                try install(new.replacement(of: old), of: new.bridge)
                releaseClaims(of: old, becoming: new)
            case .removeRules(let rules):
                try remove(rules)
                releaseClaims(of: rules, becoming: nil)
            case .removeLink(let name): try sockets.deleteLink(name)
            }
        } catch {
            throw EngineError(error)
        }
    }

    private func change(_ name: InterfaceName, _ difference: Step.LinkDifference) throws {
        var master: Int32?
        if let wanted = difference.master {
            master =
                try wanted.map { bridge in
                    guard let link = try sockets.link(named: bridge) else {
                        throw EngineError("make '\(name)' a port of '\(bridge)': there is no such bridge")
                    }
                    return link.index
                } ?? 0
        }
        try sockets.change(
            name,
            .init(
                isUp: difference.isUp, alias: difference.alias, mac: difference.mac, mtu: difference.mtu, master: master
            ))
    }

    static func passFault(at step: Step) throws(EngineError) {
        if Fault.isDue() { throw EngineError("\(step): refused for a test") }
    }

    private mutating func install(_ commands: String, of bridge: InterfaceName) throws(NftError) {
        let operation = "install the firewall rules of bridge '\(bridge)'"
        if hasTables ?? nft.hasTables() {
            hasTables = true
            do throws(NftError) {
                try nft.run(commands, while: operation)
                return
            } catch {
                // Somebody may have flushed the ruleset: then the tables are missing, and are made again below.
                guard !nft.hasTables() else { throw error }
            }
        }
        // A batch of its own: nft 1.0.6 puts elements of a new interval map before the new chains that they lead to.
        try nft.run(Ruleset.base, while: "make vnet's nftables tables")
        hasTables = true
        try nft.run(commands, while: operation)
    }

    /// Frees what ports have claimed that are guarded no more; a claim that stays ends within a day by itself.
    private func releaseClaims(of old: NetworkRules, becoming new: NetworkRules?) {
        guard old.guardsMore(than: new), let claims = try? nft.run(NetworkRules.claims, while: "list claims") else {
            return
        }
        let commands = old.release(becoming: new, claims: claims)
        if !commands.isEmpty { _ = try? nft.run(commands, while: "free the claims of bridge '\(old.bridge)'") }
    }

    private mutating func remove(_ rules: NetworkRules) throws(NftError) {
        do throws(NftError) {
            try nft.run(rules.removal, while: "remove the firewall rules of bridge '\(rules.bridge)'")
        } catch {
            // Where somebody flushed the ruleset there is nothing left to remove.
            hasTables = nft.hasTables()
            if hasTables == true { throw error }
        }
    }

    // MARK: Sysctls

    /// The value without its newline; nil where the kernel has no such setting.
    public static func read(_ sysctl: Sysctl) -> String? {
        let file = unsafe open("/proc/sys/\(sysctl)", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = unsafe Glibc.read(file, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].prefix { $0 != 0x0A }, as: UTF8.self)
    }

    private static func write(_ sysctl: Sysctl, _ value: String) throws(EngineError) {
        let file = unsafe open("/proc/sys/\(sysctl)", O_WRONLY | O_CLOEXEC)
        // A kernel without IPv6 has no settings for it, and nothing to switch off.
        if file < 0, errno == ENOENT { return }
        let written = file < 0 ? -1 : unsafe Glibc.write(file, value, value.utf8.count)
        let number = errno
        if file >= 0 { close(file) }
        guard written == value.utf8.count else {
            throw EngineError("set sysctl \(sysctl) to \(value): \(unsafe String(cString: strerror(number)))")
        }
    }
}
