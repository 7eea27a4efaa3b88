internal import Foundation
internal import TestSupport
internal import Testing

/// What is installed beside the program.
@Suite(.requiresRoot)
struct PackagingTests {
    private static func unit(_ name: String) throws -> String {
        let package = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        return try String(contentsOf: package.appending(path: "Packaging/\(name)"), encoding: .utf8)
    }

    /// The units give the daemon these capabilities and no others: all that it does works with them.
    @Test(arguments: ["vnet.service", "vnet-virtnetworkd.service"])
    func `the daemon needs no more capabilities than its unit gives it`(unit: String) async throws {
        try requireTools("setpriv", "busybox", "udhcpc")
        let text = try Self.unit(unit)
        let line = try #require(text.firstMatch(of: #/(?m)^CapabilityBoundingSet=(.*)$/#)?.1)
        let names = line.split(separator: " ").map { "+" + $0.dropFirst("CAP_".count).lowercased() }
        try await withSite { site in
            let daemon = try site.host.namespace.start(
                ["setpriv", "--bounding-set", (["-all"] + names).joined(separator: ",")]
                    + ["env", "VNET_ROOT=\(site.host.root)", VNetHost.binary, "daemon"])
            // Any command would start a daemon of its own.
            #expect(try await eventually { try await site.host.namespace.listens(at: site.host.socket) })
            #expect(try await site.host.processes().daemon == daemon.pid)

            let folder = "\(site.lab.folder)/tftp"
            try await site.lab.run(["sh", "-ec", "umask 022; mkdir \(folder); echo hello >\(folder)/file"]).orThrow()
            let elements =
                extensions(
                    "<vnet:portForward proto='tcp'><vnet:range start='8080' guest='192.168.150.100'/></vnet:portForward>"
                )
                + "<bandwidth><inbound average='10000'/><outbound average='10000'/></bandwidth>"
            try await site.host.run(
                network("lab", extra: elements, ipv6: "fd15:4c2a:7b90:150::1")
                    .replacing("<dhcp>", with: "<tftp root='\(folder)'/><dhcp>"))
            #expect(try await site.guest("vm1", on: "br-lab").udhcpc() != nil)
            let guest = try await site.guest("vm2", on: "br-lab", addresses: ["192.168.150.201/24": "192.168.150.1"])
            let file = try await guest.run(
                ["busybox", "tftp", "-g", "-r", "file", "-l", "/dev/stdout", "192.168.150.1"])
            #expect(file.output == "hello\n", "\(file)")
            #expect(try await guest.pings(Site.outsideAddress))

            try await site.host.run(
                "<network><name>lan</name><forward mode='bridge'><interface dev='up0'/></forward></network>")
            for network in ["lab", "lan"] {
                try await site.host.must("attach", network, "--name", "port-\(network)")
                try await site.host.must("detach", network, "port-\(network)")
                try await site.host.must("stop", network)
            }
            let log = daemon.outputSoFar + daemon.errorsSoFar
            #expect(!log.contains("not permitted") && !log.contains("denied"), "\(log)")
            try await site.host.endDaemon()
        }
    }
}
