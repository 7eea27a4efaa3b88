internal import Foundation
internal import LibvirtXML
internal import NetworkModel
internal import TestSupport
internal import Testing

/// `Golden/NAME.in.xml` is what a person may write, and `NAME.out.xml` what libvirt 9.0 made of it: `virsh net-define` and
/// `virsh net-dumpxml --inactive`.
@Suite struct GoldenTests {
    static let names = files(in: "Tests/LibvirtXMLTests/Golden").map(\.lastPathComponent)
        .filter { $0.hasSuffix(".in.xml") }.map { String($0.dropLast(7)) }

    static func golden(_ name: String) throws -> [UInt8] {
        try bytes(of: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name)"))
    }

    @Test func filesAreFound() { #expect(Self.names.count >= 80) }

    @Test(arguments: names) func writesAsLibvirtDoes(name: String) throws {
        try expectGolden(try read(Self.golden("\(name).in.xml")).libvirtXML, "\(name).out.xml")
    }

    @Test(arguments: names) func readsWhatItWrites(name: String) throws {
        let network = try read(Self.golden("\(name).in.xml"))
        #expect(try read(Self.golden("\(name).out.xml")) == network)
    }
}

/// The networks that `vnet` brings along.
@Suite struct TemplateTests {
    static let templates = files(in: "Templates")

    @Test func areThere() {
        let names = Self.templates.map(\.lastPathComponent)
        #expect(
            names == ["dual-stack.xml", "extensions.xml", "isolated.xml", "netwerk1.xml", "open.xml", "routed.xml"])
    }

    @Test(arguments: templates) func isNamedAsItsFile(file: URL) throws {
        let network = try read(bytes(of: file))
        #expect(network.name + ".xml" == file.lastPathComponent)
        #expect(network.mac == nil)
        #expect(try !String(contentsOf: file, encoding: .utf8).contains("<uuid>"))
        #expect(network.domain?.name == network.name + ".lab")
        #expect(network.ips.first?.ranges.count == 1)
    }

    /// All can run at the same time.
    @Test func shareNoAddress() throws {
        let networks = try Self.templates.map { try read(bytes(of: $0)) }
        let subnets = networks.flatMap { $0.ips.compactMap(\.subnet) }
        #expect(subnets.count == 8)
        for (index, subnet) in subnets.enumerated() {
            #expect(!subnets[..<index].contains { $0.overlaps(subnet) }, "\(subnet)")
        }
    }

    @Test func netwerk1ReservesItsServersAddress() throws {
        let file = try #require(Self.templates.first { $0.lastPathComponent == "netwerk1.xml" })
        let network = try read(bytes(of: file))
        #expect(network.forward == .init(mode: .nat))
        #expect(
            network.ips.first?.hosts == [.init(mac: "52:54:00:15:00:10", name: "server", address: "192.168.150.10")])
    }
}
