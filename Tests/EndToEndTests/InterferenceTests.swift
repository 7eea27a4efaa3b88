internal import TestSupport
internal import Testing

/// A network and what else happens on its host.
@Suite(.requiresRoot)
struct InterferenceTests {
    /// What somebody else does to a network that runs.
    @Test(arguments: [
        "nft flush ruleset", "ip link del br-lab", "ip link set br-lab down", "ip address flush dev br-lab",
        "sysctl -qw net.ipv4.ip_forward=0",
    ])
    func `what others took away keeps no network from stopping and starting again`(interference: String) async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            try await site.host.must("attach", "lab", "--name", "vm1")
            try await site.host.namespace.sh(interference)
            try await site.host.must("stop", "lab")
            try await site.host.must("start", "lab")
            let guest = try await site.guest("vm2", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            #expect(try await guest.pings(Site.outsideAddress))
            try await site.host.must("detach", "lab", "vm1")
        }
    }

    @Test func `a start that fails after others leaves those as they are`() async throws {
        try requireTools("socat")
        try await withSite { site in
            try await site.host.run(network("lab"))
            try await site.host.must("define", "-", input: network("up", subnet: "203.0.113"))
            try await site.host.must("define", "-", input: network("last", subnet: "192.168.151"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            let outcome = try await site.host.vnet("start", "up", "last")
            // One fails, the other starts all the same, and the exit code tells.
            #expect(outcome.code == 1)
            #expect(outcome.output == "Network last started\n")
            #expect(outcome.errors.hasPrefix("error: subnet 203.0.113.0/24 of network 'up'"))
            #expect(try await guest.pings(Site.outsideAddress))
            #expect(try await site.host.namespace.run("sysctl", "-n", "net.ipv4.ip_forward").text == "1")
        }
    }

    /// The last network that runs takes the tables along when it stops, but one that is being started counts as running.
    @Test func `a network that starts while another stops has its rules`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lone", mode: nil, subnet: "192.168.151"))
            try await site.host.run(network("lab"))
            for _ in 0..<8 {
                async let starting = site.host.must("start", "lone")
                async let stopping = site.host.must("stop", "lab")
                _ = try await (starting, stopping)
                let bridges = try await site.host.namespace.run("nft", "list", "set", "inet", "vnet", "bridges")
                #expect(bridges.output.contains("br-lone"), "\(bridges)")
                async let back = site.host.must("start", "lab")
                async let gone = site.host.must("stop", "lone")
                _ = try await (back, gone)
                #expect(try await site.host.namespace.run("sysctl", "-n", "net.ipv4.ip_forward").text == "1")
            }
        }
    }

    /// The responder has let go of a network's ports when its stop is done.
    @Test func `a network that starts right after its stop has port 53 again`() async throws {
        try requireTools("curl")
        try await withSite { site in
            try await site.host.run(network("lab"))
            for _ in 0..<10 {
                _ = try await site.host.api("networks/lab/stop", "-X", "POST").orThrow()
                let start = try await site.host.api("networks/lab/start", "-X", "POST").orThrow()
                #expect(start.output.contains(#""warnings":[]"#), "\(start)")
            }
        }
    }

    @Test func `of two networks with one name that are created at once, one is`() async throws {
        try await withSite { site in
            async let first = site.host.vnet("create", "-", input: network("dup", bridge: "br-one"))
            async let second = site.host.vnet(
                "create", "-", input: network("dup", bridge: "br-two", subnet: "192.168.151"))
            let codes = try await [first, second].map(\.code).sorted()
            #expect(codes == [0, 1])
            try await site.host.must("stop", "dup")
        }
    }
}
