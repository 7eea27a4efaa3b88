public import API
internal import Engine
internal import Firewall
internal import Glibc
internal import Netlink
internal import NetworkModel
internal import ResponderChannel

/// A finding and what can be done about it without harm.
private struct Problem {
    var finding: Finding
    var treatments: [Treatment] = []

    init(_ finding: Finding, _ treatments: [Treatment] = []) {
        self.finding = finding
        self.finding.isFixable = !treatments.isEmpty
        self.treatments = treatments
    }

    /// Whether both are about the same thing, which may have changed between.
    func isSame(as other: Self) -> Bool {
        if let place = finding.place {
            return place == other.finding.place && finding.severity == other.finding.severity
        }
        return finding.what == other.finding.what
    }
}

extension NetworkService {
    /// Finds what keeps networks from working, and does what is safe about it where that is asked for.
    ///
    /// Without a network all that run are looked at.
    public func examine(_ reference: String?, isFixing: Bool) async throws -> [Finding] {
        let chosen =
            try reference.map { [try find($0)] }
            ?? networks.keys.filter { networks[$0]?.live != nil }.sorted { name(of: $0) < name(of: $1) }
        var findings = try findingsOfHost() + (reference == nil ? noticesOfHost() : [])
        for uuid in chosen {
            try requireIdle(uuid)
            guard let live = networks[uuid]?.live else {
                findings.append(
                    Finding(
                        network: name(of: uuid), .error, "it is not active", remedy: ["vnet start \(name(of: uuid))"]))
                continue
            }
            let served = await findingsOfServices(uuid, live)
            // What follows is one step of the actor: nobody changes the network between looking and treating.
            let problems = try problems(uuid)
            guard isFixing else {
                findings += served + problems.map(\.finding)
                continue
            }
            let treatments = problems.flatMap(\.treatments)
            if !treatments.isEmpty { try treat(uuid, treatments) }
            let left = try self.problems(uuid)
            findings += served
            findings += problems.map { problem in
                var finding = problem.finding
                finding.isFixed = !problem.treatments.isEmpty && !left.contains { $0.isSame(as: problem) }
                return finding
            }
            findings += left.filter { rest in !problems.contains { $0.isSame(as: rest) } }.map(\.finding)
        }
        return findings
    }

    // MARK: The host

    private func findingsOfHost() throws -> [Finding] {
        var findings: [Finding] = []
        if let count = Kernel.read(.connections).flatMap({ Int($0) }),
            let most = Kernel.read(.mostConnections).flatMap({ Int($0) }), most > 0, count >= most / 100 * 90
        {
            let isFull = count >= most / 100 * 99
            findings.append(
                Finding(
                    network: nil, isFull ? .error : .warning,
                    "the table of connections is \(isFull ? "full" : "nearly full"), \(count) of \(most) in use: the kernel drops"
                        + " packets that would begin new ones",
                    remedy: ["sysctl -w net.netfilter.nf_conntrack_max=\(most * 2)"]))
        }
        for link in try kernel.links() {
            guard let alias = link.alias, alias.hasPrefix("vnet:"),
                let uuid = NetworkUUID(String(alias.dropFirst(5).prefix { $0 != ":" })), networks[uuid] == nil
            else { continue }
            findings.append(
                Finding(
                    network: nil, .warning,
                    "interface '\(link.name)' bears the mark of network \(uuid), which is unknown here: it is left over, or"
                        + " another instance's",
                    remedy: ["ip link delete \(link.name)"]))
        }
        return findings
    }

    private func noticesOfHost() -> [Finding] {
        var findings: [Finding] = []
        for (file, program) in [("ip_tables_names", "iptables-legacy"), ("ip6_tables_names", "ip6tables-legacy")] {
            let content = (try? Files.read("/proc/self/net/\(file)")).flatMap(\.self) ?? []
            guard !content.isEmpty else { continue }
            let tables = String(decoding: content, as: UTF8.self).split(separator: "\n").joined(separator: ", ")
            findings.append(
                Finding(
                    network: nil, .notice,
                    "\(program) has tables in the kernel (\(tables)), in which only that program can look for what drops packets",
                    remedy: ["\(program)-save"]))
        }
        if !Files.exists("/dev/vhost-net") {
            findings.append(
                Finding(
                    network: nil, .notice,
                    "the kernel has no /dev/vhost-net here, so QEMU itself must carry guests' packets, which is slower",
                    remedy: ["modprobe vhost_net"]))
        }
        return findings
    }

    // MARK: Services

    private func findingsOfServices(_ uuid: NetworkUUID, _ live: Live) async -> [Finding] {
        guard let sockets = live.sockets, !sockets.open.isEmpty else { return [] }
        var findings: [Finding] = []
        if await !responder.isServing(uuid) {
            findings.append(
                Finding(
                    network: live.definition.name, .error,
                    "its guests get no addresses and no names: the responder does not serve it at the moment",
                    remedy: ["vnet stop \(live.definition.name)", "vnet start \(live.definition.name)"]))
        }
        let own = await [responder.pid, getpid()].compactMap(\.self)
        if sockets.open.contains(where: { $0.role == .dhcpFrames }),
            let other = PortHolder.name(.udp, port: 67, at: .v4(.any), besides: Set(own))
        {
            findings.append(
                Finding(
                    network: live.definition.name, .notice,
                    "\(other) serves DHCP on this host too: where it is not bound to an interface of its own, it may answer the"
                        + " network's guests",
                    remedy: ["ss -lunp 'sport = 67'"]))
        }
        if let names = HostNames(live), await !findsNames(of: live) {
            let (server, domain) = (names.servers.first ?? "", names.domains[0].dropFirst())
            findings.append(
                Finding(
                    network: live.definition.name, .warning,
                    "the host itself does not resolve names of '\(domain)': systemd-resolved does not run, or was not told. Start"
                        + " it and then the network, or tell the resolver that the host has: dnsmasq, unbound or NetworkManager's",
                    remedy: [
                        "systemctl enable --now systemd-resolved",
                        "echo 'server=/\(domain)/\(server)' >>/etc/dnsmasq.conf",
                    ]))
        }
        return findings
    }

    // MARK: The way of packets

    /// The rules in others' tables that would let the network's packets pass where they do not.
    func remediesInRules(of uuid: NetworkUUID) throws -> [Remedy] {
        try problems(uuid).flatMap(\.treatments).compactMap { if case .rules(let remedy) = $0 { remedy } else { nil } }
    }

    private func problems(_ uuid: NetworkUUID) throws -> [Problem] {
        guard let live = networks[uuid]?.live, live.definition.hasOwnBridge, let rules = live.rules else { return [] }
        var (problems, uplinks) = try problemsOfRoutes(live)
        problems = problemsOfSettings(live) + problems
        let ruleset = try kernel.foreignRuleset()
        let packets = SamplePacket.all(
            of: rules, live.definition, uplinks: uplinks, services: HostServices(live), bridged: live.bridgedFamilies)
        for blockade in ruleset.blockades(of: packets) {
            let obstacle = blockade.obstacle
            let place = Finding.Place(
                family: obstacle.table.family, table: obstacle.table.name, chain: obstacle.chain,
                handle: obstacle.rule?.handle, rule: obstacle.rule?.text ?? "policy drop")
            var remedy: Remedy?
            // With mode open the user's own rules are all there is: nobody else would say what may pass.
            if obstacle.isCertain, !obstacle.isOwned, !blockade.isDeliberate, rules.policy != .open {
                remedy = ruleset.remedy(for: blockade)
            }
            problems.append(
                Problem(
                    Finding(
                        network: live.definition.name, obstacle.isCertain ? .error : .warning, blockade.description,
                        place: place, remedy: ruleset.advice(for: blockade)),
                    remedy.map { [.rules($0)] } ?? []))
        }
        return problems
    }

    /// Settings that somebody has changed.
    private func problemsOfSettings(_ live: Live) -> [Problem] {
        live.sysctls.sorted { $0.key < $1.key }.compactMap { sysctl, wanted in
            guard let value = Kernel.read(sysctl), value != wanted else { return nil }
            let name = sysctl.inDots
            return Problem(
                Finding(
                    network: live.definition.name, .error,
                    "somebody has set \(name) to \(value), and the network needs \(wanted): vnet sets it again within a second,"
                        + " but whoever changes it may do so again",
                    remedy: ["sysctl -w \(name)=\(wanted)"]), [.setting(sysctl, wanted)])
        }
    }

    /// What the kernel says of the way to the outside and back, and the interfaces by which it leads.
    private func problemsOfRoutes(_ live: Live) throws -> (problems: [Problem], uplinks: [Uplink]) {
        let definition = live.definition
        guard let forward = definition.forward else { return ([], []) }
        var problems: [Problem] = []
        var uplinks: [Uplink] = []
        func report(_ severity: Finding.Severity, _ what: String, _ remedy: [String], _ treatments: [Treatment] = []) {
            problems.append(
                Problem(Finding(network: definition.name, severity, what, remedy: remedy), treatments))
        }
        if let device = forward.device, try kernel.link(named: device)?.isUp != true {
            report(
                .error, "interface '\(device)', the only way out that <forward> has, is down or not there",
                ["ip link set \(device) up"])
        }
        for family in [AddressFamily.ipv4, .ipv6] {
            guard let guest = definition.sampleGuest(family) else { continue }
            let outside = Uplink.outside(family)
            let name = family == .ipv4 ? "IPv4" : "IPv6"
            switch try kernel.route(to: outside, from: guest, arrivingBy: live.bridge) {
            case .leaves(let index):
                guard let interface = kernel.interface(ofIndex: index) else { continue }
                if let device = forward.device, device != interface {
                    report(
                        .warning,
                        "the host sends \(name) packets for the outside by '\(interface)', and <forward> lets none out but by"
                            + " '\(device)'",
                        ["ip\(family == .ipv4 ? "" : " -6") route show default"])
                }
                uplinks.append(Uplink(family, by: forward.device ?? interface))
            case .local: break
            case .noRoute:
                if let device = forward.device { uplinks.append(Uplink(family, by: device)) }
                // Most hosts have no IPv6 to the outside, and their networks do without.
                guard family == .ipv4 else { continue }
                report(
                    .error, "the host has no default route for \(name): guests reach only what the host has routes to",
                    ["ip route add default via GATEWAY"])
            case .prohibited:
                report(
                    .error, "a route of the host's forbids \(name) packets of guests to the outside",
                    ["ip route show table all type prohibit", "ip rule show"])
            case .notForwarded: reportNotForwarded(live.bridge, family, report)
            case .dropped:
                if !reportReversePath(live.bridge, family, "what guests send", report) {
                    report(
                        .error, "a route of the host's drops \(name) packets of guests to the outside",
                        ["ip route show table all type blackhole", "ip rule show"])
                }
            }
        }
        for uplink in uplinks {
            guard let guest = definition.sampleGuest(uplink.family) else { continue }
            switch try kernel.route(
                to: guest, from: Uplink.outside(uplink.family), arrivingBy: uplink.interface)
            {
            case .notForwarded: reportNotForwarded(uplink.interface, uplink.family, report)
            case .dropped: _ = reportReversePath(uplink.interface, uplink.family, "answers from the outside", report)
            case .leaves, .local, .noRoute, .prohibited: break
            }
        }
        try reportOtherWaysBack(live, uplinks, report)
        return (problems, uplinks)
    }

    /// Answers may come by another interface than questions leave by: where packets have been dropped for that, the kernel
    /// has counted them, and would do so again.
    private func reportOtherWaysBack(_ live: Live, _ uplinks: [Uplink], _ report: Report) throws {
        guard let guest = live.definition.sampleGuest(.ipv4), let count = Self.reversePathDrops(), count > 0 else {
            return
        }
        for link in try kernel.links() where link.isUp && link.master == nil {
            guard let name = InterfaceName(link.name), name != live.bridge, networks.uuid(on: name) == nil,
                !uplinks.contains(Uplink(.ipv4, by: name)),
                try kernel.route(to: guest, from: Uplink.outside(.ipv4), arrivingBy: name) == .dropped
            else { continue }
            _ = reportReversePath(
                name, .ipv4, "answers from the outside that come by it, and has dropped \(count) packets for this",
                report)
        }
    }

    /// How many packets the kernel has dropped for their source (`LINUX_MIB_IPRPFILTER`, linux/snmp.h).
    private static func reversePathDrops() -> Int? {
        guard let content = try? Files.read("/proc/self/net/netstat") else { return nil }
        let lines = String(decoding: content, as: UTF8.self).split(separator: "\n").map { $0.split(separator: " ") }
        guard lines.count > 1, let column = lines[0].firstIndex(of: "IPReversePathFilter"), column < lines[1].count
        else {
            return nil
        }
        return Int(lines[1][column])
    }

    private typealias Report = (Finding.Severity, String, [String], [Treatment]) -> Void

    private func reportNotForwarded(_ interface: InterfaceName, _ family: AddressFamily, _ report: Report) {
        let general: Sysctl = family == .ipv4 ? .ipv4Forwarding : .ipv6Forwarding
        // The general one is looked at among the network's settings.
        guard Kernel.read(general) != "0", family == .ipv4 else { return }
        let sysctl = Sysctl.forwarding4(interface)
        report(
            .error,
            "\(sysctl.inDots) is \(Kernel.read(sysctl) ?? "unknown"): the kernel forwards nothing that comes by it",
            ["sysctl -w \(sysctl.inDots)=1"], [.setting(sysctl, "1")])
    }

    /// Whether it is the filter for sources that drops packets.
    private func reportReversePath(
        _ interface: InterfaceName, _ family: AddressFamily, _ packets: String, _ report: Report
    ) -> Bool {
        let sysctl = Sysctl.reversePathFilter(interface)
        let mode = max(Kernel.read(sysctl) ?? "0", Kernel.read(.reversePathFilterOfAll) ?? "0")
        guard family == .ipv4, mode == "1" else { return false }
        report(
            .error,
            "rp_filter is strict on '\(interface)', and the way back to the source does not lead by it: the kernel drops"
                + " \(packets)",
            ["sysctl -w \(sysctl.inDots)=2"], [.setting(sysctl, "2")])
        return true
    }
}

extension HostServices {
    /// What the network's sockets are for.
    fileprivate init(_ live: NetworkService.Live) {
        self.init()
        for socket in live.sockets?.open ?? [] {
            switch (socket.role, socket.place) {
            case (.dnsUDP, .address(let address)):
                let port = live.redirects.first { $0.address == address }?.port
                dns.append(.init(address, port: port ?? 53))
            case (.tftp(let address, _), _): tftp.append(.init(address, port: 69))
            case (.http(let address, let port, _), _): http.append(.init(address, port: port))
            case (.dhcpv6, _): hasDHCPv6 = true
            case (.routerSolicitations, _): hasAdvertisements = true
            default: break
            }
        }
    }
}

extension NetworkService.Live {
    /// The families whose packets come by the inet tables when they go from guest to guest.
    fileprivate var bridgedFamilies: Set<AddressFamily> {
        let switches: [(AddressFamily, Sysctl, String)] = [
            (.ipv4, .bridgedPackets4, "nf_call_iptables"), (.ipv6, .bridgedPackets6, "nf_call_ip6tables"),
        ]
        return Set(
            switches.compactMap { family, sysctl, attribute in
                let ofBridge = try? Files.read("/sys/class/net/\(bridge)/bridge/\(attribute)")
                return Kernel.read(sysctl) == "1" || ofBridge?.first == UInt8(ascii: "1") ? family : nil
            })
    }
}

extension Sysctl {
    /// As sysctl(8) takes it; a point in an interface's name is written as a slash there.
    fileprivate var inDots: String {
        String(description.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 })
    }
}
