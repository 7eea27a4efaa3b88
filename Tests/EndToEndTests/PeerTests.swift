internal import TestSupport
internal import Testing

/// What guests may open in other networks and on the host, where the document says more than the mode.
@Suite(.requiresRoot)
struct PeerTests {
    /// By name: subnets, and what the network says.
    private static let networks: [(name: String, mode: String?, subnet: String, prefix: String, elements: String)] = [
        (
            "lab", "nat", "192.168.151", "fd15:4c2a:7b90:151",
            "<vnet:peer network='dmz'><vnet:allow proto='tcp' port='80' end='81'/><vnet:allow proto='icmp'/></vnet:peer>"
                + "<vnet:hostAccess>services</vnet:hostAccess>"
        ),
        ("dmz", "nat", "192.168.152", "fd15:4c2a:7b90:152", "<vnet:hostAccess>none</vnet:hostAccess>"),
        // Everything, and from a network that is isolated otherwise.
        ("core", nil, "192.168.153", "fd15:4c2a:7b90:153", "<vnet:peer network='dmz'/>"),
    ]

    private static func document(_ name: String) -> String {
        networks.filter { $0.name == name }.map { row in
            network(
                row.name, mode: row.mode, subnet: row.subnet, range: false, extra: extensions(row.elements),
                ipv6: "\(row.prefix)::1")
        }.joined()
    }

    private static func guest(_ number: Int, ipv6: Bool = false) -> String {
        ipv6 ? "fd15:4c2a:7b90:\(number)::201" : "192.168.\(number).201"
    }

    /// Who asks, what, and what comes of it: peers see each other's own addresses, not the host's.
    private static let table: [(from: String, question: Question, answer: String)] = [
        ("lab", .tcp(guest(152), 80), "\(guest(151)) 80"),
        ("lab", .tcp(guest(152), 81), "\(guest(151)) 81"),
        ("lab", .tcp(guest(152), 82), "refused"),
        ("lab", .udp(guest(152), 80), "refused"),
        ("lab", .icmp(guest(152)), "echo"),
        ("lab", .tcp(guest(152, ipv6: true), 80), "\(guest(151, ipv6: true)) 80"),
        ("lab", .udp(guest(152, ipv6: true), 80), "refused"),
        ("lab", .icmp(guest(152, ipv6: true)), "echo"),
        // Not the other way, and not to others.
        ("dmz", .tcp(guest(151), 80), "refused"),
        ("dmz", .icmp(guest(151)), "refused"),
        ("dmz", .tcp(guest(151, ipv6: true), 80), "refused"),
        ("lab", .tcp(guest(153), 80), "refused"),
        // Without a list everything.
        ("core", .tcp(guest(152), 82), "\(guest(153)) 82"),
        ("core", .udp(guest(152), 80), "\(guest(153)) 80"),
        ("core", .icmp(guest(152)), "echo"),
        ("core", .udp(guest(152, ipv6: true), 80), "\(guest(153, ipv6: true)) 80"),
        ("dmz", .tcp(guest(153), 80), "refused"),
        // The way out is as before.
        ("lab", .tcp(Site.outsideAddress, 80), "\(Site.hostAddress) 80"),
        ("core", .tcp(Site.outsideAddress, 80), "refused"),

        // The host: of its services DNS and echo only, whatever listens; nothing; all.
        ("lab", .tcp("192.168.151.1", 80), "refused"),
        ("lab", .udp("192.168.151.1", 80), "refused"),
        ("lab", .tcp(Site.hostAddress, 80), "refused"),
        ("lab", .tcp("fd15:4c2a:7b90:151::1", 80), "refused"),
        ("lab", .icmp("192.168.151.1"), "echo"),
        ("lab", .icmp("fd15:4c2a:7b90:151::1"), "echo"),
        ("dmz", .tcp("192.168.152.1", 80), "refused"),
        ("dmz", .icmp("192.168.152.1"), "refused"),
        ("dmz", .icmp("fd15:4c2a:7b90:152::1"), "refused"),
        ("core", .tcp("192.168.153.1", 80), "\(guest(153)) 80"),
        ("core", .udp("fd15:4c2a:7b90:153::1", 80), "\(guest(153, ipv6: true)) 80"),
        // The host itself reaches all, and is answered.
        ("host", .tcp(guest(151), 80), "192.168.151.1 80"),
        ("host", .udp(guest(152), 80), "192.168.152.1 80"),
        ("host", .icmp(guest(152, ipv6: true)), "echo"),
    ]

    @Test func `guests open in other networks and on the host what they are allowed, and no more`() async throws {
        try requireTools("python3", "dig")
        try await withSite { site in
            // The first two go before the one that they are to reach: they wait for it.
            for name in ["core", "lab", "dmz"] { try await site.host.run(Self.document(name)) }
            var places = ["host": site.host.namespace, "outside": site.outside]
            for row in Self.networks {
                places[row.name] = try await site.guest(
                    row.name, on: "br-\(row.name)",
                    addresses: [
                        "\(row.subnet).201/24": "\(row.subnet).1", "\(row.prefix)::201/64": "\(row.prefix)::1",
                    ])
            }
            try await withThrowingTaskGroup { group in
                for place in places.values { group.addTask { try await place.answer(on: [80, 81, 82]) } }
                try await group.waitForAll()
            }
            try await expect(Self.table, among: places, "as it is")
            let names = try await site.host.must("dumpxml", "lab").output
            #expect(names.contains("hostAccess"))
            // Names are served to whom services are, and to nobody else.
            let query = ["dig", "+short", "+tries=3", "+time=3", "-x", "192.168.151.1", "@192.168.151.1"]
            #expect(try await places["lab"]?.run(query).isSuccess == true)
            let refused = ["dig", "+short", "+tries=1", "+time=1", "-x", "192.168.152.1", "@192.168.152.1"]
            #expect(try await places["dmz"]?.run(refused).isSuccess == false)
            // When the network is gone, and when it is there again.
            try await site.host.must("stop", "dmz")
            #expect(try await places["lab"]?.ask([.tcp(Self.guest(152), 80)]) != ["\(Self.guest(151)) 80"])
            let rules = try await site.host.namespace.run("nft", "list", "ruleset").output
            #expect(!rules.contains("br-dmz"), "\(rules)")
            try await site.host.must("start", "dmz")
            try await site.host.namespace.sh("ip link set p-dmz master br-dmz")
            #expect(try await places["lab"]?.ask([.tcp(Self.guest(152), 80)]) == ["\(Self.guest(151)) 80"])
        }
    }

    /// `lab` may open connections in `dmz`, not the other way round; `core` has nothing to do with either.
    @Test func `guests find the names of networks that they may reach, and of no others`() async throws {
        try requireTools("dig")
        try await withSite { site in
            func document(_ name: String, _ number: Int, mode: String?, _ elements: String) -> String {
                network(
                    name, mode: mode, subnet: "192.168.\(number)",
                    hosts: "<host mac='52:54:00:00:0\(number % 10):22' name='web' ip='192.168.\(number).50'/>",
                    extra: "<domain name='\(name).test' localOnly='yes'/>" + elements)
            }
            func ask(_ guest: Namespace, _ number: Int, _ words: String...) async throws -> String {
                try await guest.run(["dig", "@192.168.\(number).1", "+short", "+tries=1", "+time=5"] + words).text
            }
            let lab = document("lab", 151, mode: nil, extensions("<vnet:peer network='dmz'/>"))
            try await site.host.run(lab)
            let first = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.151.201/24": "192.168.151.1"])
            #expect(try await ask(first, 151, "web.dmz.test") == "")
            try await site.host.run(document("dmz", 152, mode: nil, ""))
            try await site.host.run(document("core", 153, mode: nil, ""))
            #expect(try await eventually { try await ask(first, 151, "web.dmz.test") == "192.168.152.50" })
            #expect(try await ask(first, 151, "-x", "192.168.152.50") == "web.dmz.test.")
            #expect(try await ask(first, 151, "web.lab.test") == "192.168.151.50")
            #expect(try await ask(first, 151, "web.core.test") == "")
            let second = try await site.guest("vm2", on: "br-dmz", addresses: ["192.168.152.201/24": "192.168.152.1"])
            #expect(try await ask(second, 152, "web.lab.test") == "")
            #expect(try await ask(second, 152, "-x", "192.168.151.50") == "")
            // With the next daemon too, and while both run only.
            try await site.host.endDaemon()
            try await site.host.must("list")
            #expect(try await eventually { try await ask(first, 151, "web.dmz.test") == "192.168.152.50" })
            try await site.host.must("stop", "dmz")
            try await site.host.must("dns", "cache", "lab", "flush")
            #expect(try await eventually { try await ask(first, 151, "web.dmz.test") == "" })
        }
    }
}
