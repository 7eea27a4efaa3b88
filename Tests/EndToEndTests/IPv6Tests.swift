internal import TestSupport
internal import Testing

@Suite(.requiresRoot)
struct IPv6Tests {
    private static let gateway = "fd15:4c2a:7b90:150::1"
    private static let guest = "fd15:4c2a:7b90:150::201"

    /// What a guest's connection to the outside becomes, and one from there to the guest.
    ///
    /// There is no NAT66 unless the document asks for it.
    @Test(arguments: [
        ("isolated", Probe.refused, Probe.refused),
        ("nat", .reached(seenAs: Self.full(Self.guest)), .refused),
        ("route", .reached(seenAs: Self.full(Self.guest)), .reached(seenAs: Self.full(Site.outsideAddress6))),
        ("open", .reached(seenAs: Self.full(Self.guest)), .reached(seenAs: Self.full(Site.outsideAddress6))),
    ])
    func `IPv6 follows the mode`(mode: String, outwards: Probe, inwards: Probe) async throws {
        try requireTools("socat", "ss")
        try await withSite { site in
            if mode == "isolated" {
                // Another network makes the host forward: the isolated one is not isolated by chance.
                try await site.host.run(
                    network("other", mode: "route", subnet: "192.168.160", ipv6: "fd15:4c2a:7b90:160::1"))
            }
            try await site.host.run(
                network("lab", mode: mode == "isolated" ? nil : mode, ipv6: Self.gateway))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["\(Self.guest)/64": Self.gateway])
            let second = try await site.guest(
                "vm2", on: "br-lab", addresses: ["fd15:4c2a:7b90:150::202/64": Self.gateway])
            for place in [guest, site.outside] { try await place.serveMirror(ipv6: true) }
            #expect(try await second.pings(Self.guest))
            #expect(try await guest.pings(Self.gateway))
            #expect(try await site.host.namespace.pings(Self.guest))
            #expect(try await guest.probe(Site.outsideAddress6) == outwards)
            #expect(try await site.outside.probe(Self.guest) == inwards)
        }
    }

    /// socat writes an IPv6 address in full and in brackets.
    private static func full(_ text: String) -> String {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false).map { $0.split(separator: ":") }
        let zeros = [Substring](repeating: "0", count: 8 - halves.map(\.count).reduce(0, +))
        let words = halves.count == 2 ? halves[0] + zeros + halves[1] : halves[0]
        return "[" + words.map { String(repeating: "0", count: 4 - $0.count) + $0 }.joined(separator: ":") + "]"
    }

    /// Mode, and whether the router offers itself as the way out.
    @Test(arguments: [("isolated", false), ("nat", true)])
    func `a guest gives itself an address from the router's advertisement`(mode: String, isRouter: Bool) async throws {
        try await withSite { site in
            try await site.host.run(network("lab", mode: mode == "isolated" ? nil : mode, ipv6: Self.gateway))
            let guest = try await site.guest("vm1", on: "br-lab")
            let hasAddress = try await eventually {
                try await guest.run("ip", "-6", "address", "show", "dev", "eth0").output.contains("fd15:4c2a:7b90:150:")
            }
            #expect(hasAddress)
            let routes = try await guest.run("ip", "-6", "route", "show", "default").text
            #expect(routes.contains("proto ra") == isRouter)
        }
    }

    @Test func `the host keeps listening to its own router when it forwards IPv6, and is as before afterwards`()
        async throws
    {
        try await withSite { site in
            let setting = ["sysctl", "-n", "net.ipv6.conf.up0.accept_ra"]
            #expect(try await site.host.namespace.run(setting).text == "1")
            try await site.host.run(network("lab", mode: "route", ipv6: Self.gateway))
            #expect(try await site.host.namespace.run(setting).text == "2")
            try await site.host.must("stop", "lab")
            #expect(try await site.host.namespace.run(setting).text == "1")
        }
    }

    @Test func `a network without IPv6 has none on its bridge`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            #expect(
                try await site.host.namespace.run("ip", "-6", "-o", "address", "show", "dev", "br-lab").text.isEmpty)
        }
    }
}
