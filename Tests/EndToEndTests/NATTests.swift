internal import TestSupport
internal import Testing

/// What `<nat>`, `<route>` and `<port>` ask for.
@Suite(.requiresRoot)
struct NATTests {
    private func document(_ nat: String, _ rest: String = "") -> String {
        network("lab", extra: rest, ipv6: "fd15:4c2a:7b90:150::1")
            .replacing("<forward mode='nat'/>", with: "<forward mode='nat'>\(nat)</forward>")
    }

    @Test func `guests leave with the addresses and ports that are given`() async throws {
        try requireTools("socat", "ss")
        try await withSite { site in
            try await site.host.namespace.sh("ip address add 203.0.113.40/32 dev up0")
            try await site.host.run(
                document("<nat><address start='203.0.113.40' end='203.0.113.40'/><port start='2000' end='2009'/></nat>")
            )
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            _ = try site.outside.start(
                "socat", "TCP4-LISTEN:7000,fork,reuseaddr", "SYSTEM:echo $SOCAT_PEERADDR-$SOCAT_PEERPORT")
            let answer = try await eventually {
                let probe = try await guest.probe(Site.outsideAddress)
                guard case .reached(let shown) = probe else { return false }
                return shown.wholeMatch(of: /203\.0\.113\.40-200\d/) != nil
            }
            #expect(answer)
            #expect(try await guest.pings(Site.outsideAddress))
            try await site.host.must("stop", "lab")
            try await site.host.namespace.sh("ip address del 203.0.113.40/32 dev up0")
        }
    }

    @Test func `IPv6 is translated where the document says so`() async throws {
        try requireTools("socat", "ss")
        try await withSite { site in
            try await site.host.run(document("<nat ipv6='yes'/>"))
            let guest = try await site.guest(
                "vm1", on: "br-lab", addresses: ["fd15:4c2a:7b90:150::201/64": "fd15:4c2a:7b90:150::1"])
            try await site.outside.serveMirror(ipv6: true)
            let probe = try await guest.probe(Site.outsideAddress6)
            #expect(probe == .reached(seenAs: "[2001:0db8:0001:0000:0000:0000:0000:0001]"))
            #expect(try await site.outside.probe("fd15:4c2a:7b90:150::201") == .refused)
        }
    }

    @Test func `a route leads to what lies behind a guest, also after the daemon has been replaced`() async throws {
        try await withSite { site in
            try await site.host.run(
                document("", "<route address='10.77.0.0' prefix='16' gateway='192.168.150.201' metric='7'/>"))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            try await guest.sh("ip address add 10.77.0.1/32 dev lo")
            #expect(try await site.host.namespace.pings("10.77.0.1"))
            try await site.host.endDaemon()
            try await site.host.must("list")
            let routes = try await site.host.namespace.run("ip", "route", "show", "10.77.0.0/16").lines
            #expect(routes.count == 1 && routes[0].contains("via 192.168.150.201 dev br-lab proto static metric 7"))
        }
    }

    @Test func `ports of a network that isolates them are isolated`() async throws {
        try await withSite { site in
            try await site.host.run(document("", "<port isolated='yes'/>"))
            let tap = try await site.host.must("attach", "lab", "--name", "vm1").text
            let flags = try await site.host.namespace.run("bridge", "-d", "link", "show", "dev", tap).output
            #expect(flags.contains("isolated on"))
            try await site.host.must("detach", "lab", "vm1")
        }
    }

    /// It is kept on disk, as libvirt keeps it; the start says what is in the way.
    @Test func `what vnet cannot do yet is defined with a warning, and not started`() async throws {
        try await withSite { site in
            let xml = network("lab", extra: "<virtualport type='openvswitch'/>")
            let defined = try await site.host.must("define", "-", input: xml)
            let warning = "warning: line 6, column 3: network 'lab' cannot be started: <virtualport> "
            #expect(defined.errors.hasPrefix(warning) && defined.errors.contains("Open vSwitch"), "\(defined)")
            let before = try await site.host.snapshot()
            let start = try await site.host.vnet("start", "lab")
            #expect(start.code == 1)
            #expect(start.errors.contains("<virtualport> "))
            try await site.host.expectUnchanged(since: before)
        }
    }
}
