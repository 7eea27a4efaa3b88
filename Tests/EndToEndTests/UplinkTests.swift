internal import TestSupport
internal import Testing

@Suite(.requiresRoot)
struct UplinkTests {
    @Test func `a NAT network without a device goes out by every uplink, behind its address`() async throws {
        try requireTools("socat", "ss")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            try await site.outside.serveMirror()
            try await site.outside2.serveMirror()
            #expect(try await guest.probe(Site.outsideAddress) == .reached(seenAs: Site.hostAddress))
            #expect(try await guest.probe(Site.outsideAddress2) == .reached(seenAs: Site.hostAddress2))
            #expect(try await guest.pings(Site.outsideAddress))
        }
    }

    @Test(arguments: ["nat", "route"])
    func `a forward device keeps a network to that uplink, both ways`(mode: String) async throws {
        try requireTools("socat", "ss")
        try await withSite { site in
            try await site.host.run(network("lab", mode: mode, device: "up0"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            for place in [guest, site.outside, site.outside2] { try await place.serveMirror() }

            let shown = mode == "nat" ? Site.hostAddress : "192.168.150.201"
            #expect(try await guest.probe(Site.outsideAddress) == .reached(seenAs: shown))
            #expect(try await guest.probe(Site.outsideAddress2) == .refused)
            let inwards: Probe = mode == "nat" ? .refused : .reached(seenAs: Site.outsideAddress)
            #expect(try await site.outside.probe("192.168.150.201") == inwards)
            #expect(try await site.outside2.probe("192.168.150.201") == .refused)
        }
    }
}
