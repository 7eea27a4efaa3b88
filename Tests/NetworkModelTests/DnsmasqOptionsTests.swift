import NetworkModel
import TestSupport
import Testing

@Suite struct DnsmasqOptionsTests {
    private static func read(_ lines: String...) -> DnsmasqOptions { DnsmasqOptions(lines, address: "10.0.7.1") }

    /// A line, and the option that it sets.
    @Test(
        arguments: [
            ("dhcp-option=3,10.0.7.254", 3, [10, 0, 7, 254]),
            ("dhcp-option=option:ntp-server,10.0.7.5,10.0.7.6", 42, [10, 0, 7, 5, 10, 0, 7, 6]),
            // the server itself
            ("dhcp-option=42,0.0.0.0", 42, [10, 0, 7, 1]),
            // nothing is sent
            ("dhcp-option=3", 3, nil), ("dhcp-option=option:dns-server", 6, nil),
            // numbers of the size that the option has, and of the size that they need
            ("dhcp-option=26,1400", 26, [5, 120]), ("dhcp-option=option:default-ttl,64", 23, [64]),
            ("dhcp-option=200,7", 200, [7]), ("dhcp-option=200,700", 200, [2, 188]),
            ("dhcp-option=200,70000", 200, [0, 1, 17, 112]),
            ("dhcp-option=200,0a:ff", 200, [10, 255]),
            ("dhcp-option=200,abc", 200, [97, 98, 99]),
            ("dhcp-option=15,lab", 15, [108, 97, 98]),
            // text, whatever it looks like
            ("dhcp-option = option:bootfile-name , 1:2", 67, [49, 58, 50]),
            ("dhcp-option=119,a.b,c", 119, [1, 97, 1, 98, 0, 1, 99, 0]),
            // RFC 3442
            (
                "dhcp-option=option:classless-static-route,10.0.0.0/8,10.0.7.2,0.0.0.0/0,10.0.7.1", 121,
                [8, 10, 10, 0, 7, 2, 0, 10, 0, 7, 1]
            ),
        ] as [(String, UInt8, [UInt8]?)])
    func options(line: String, code: UInt8, data: [UInt8]?) {
        let read = Self.read(line)
        #expect(read.options == [.init(code: code, data: data)])
        #expect(read.ineffective == [])
    }

    @Test(arguments: [
        "server=/corp/nonsense", "dhcp-range=10.0.7.5,10.0.7.9", "nonsense", "", "=", "dhcp-option", "dhcp-option=",
        "dhcp-option=encap:175,1,x", "dhcp-option=option:nonsense,1", "dhcp-option=26,70000", "dhcp-option=26,x",
        "dhcp-option=53,1", "dhcp-option=300,1", "dhcp-option=121,10.0.0.0/33,10.0.7.2", "dhcp-option=121,10.0.0.0/8",
        "dhcp-option=119,", "dhcp-option=option6:dns-server,[::]", "dhcp-boot=", "dhcp-boot=a,b,c,d",
        "dhcp-boot=pxe.0,,tftp.example", "dhcp-host=52:54:00:00:00:07", "dhcp-host=52:54:00:00:00:07,ignore",
        "dhcp-host=set:a,52:54:00:00:00:07,10.0.7.7", "dhcp-host=id:01,10.0.7.7", "dhcp-match=option:client-arch,7",
        "dhcp-match=set:a,nonsense", "dhcp-authoritative=1",
    ])
    func hasNoEffect(line: String) {
        let read = Self.read(line)
        #expect(read.ineffective == [line])
        #expect(read.options == [] && read.boots == [] && read.reservations == [])
    }

    @Test func filesByTheKindOfClient() {
        let read = Self.read(
            "dhcp-boot=pxelinux.0", "dhcp-boot=tag:efi,tag:!ipxe,ipxe.efi,,10.0.7.9", "dhcp-boot=tag:ipxe,boot.ipxe",
            "dhcp-match=set:efi,option:client-arch,7", "dhcp-match=set:efi,93,9", "dhcp-match=set:ipxe,175",
            "dhcp-userclass=set:ipxe,iPXE", "enable-tftp", "tftp-root=/srv/tftp", "dhcp-option=tag:nobody,3",
            "dhcp-option-force=208,f1:00:74:7e")
        let ipxe: [ServiceConfiguration.DHCP.ClientTrait] = [.option(175, nil), .containing(77, Array("iPXE".utf8))]
        let efi: [ServiceConfiguration.DHCP.ClientTrait] = [.option(93, [0, 7]), .option(93, [0, 9])]
        #expect(
            read.boots == [
                .init(file: "ipxe.efi", server: "10.0.7.9", conditions: [.init(efi), .init(ipxe, isNegated: true)]),
                .init(file: "boot.ipxe", server: "10.0.7.1", conditions: [.init(ipxe)]),
                .init(file: "pxelinux.0", server: "10.0.7.1"),
            ])
        #expect(read.tftpRoot == "/srv/tftp")
        #expect(
            read.options == [
                .init(code: 3, data: nil, conditions: [.init([])]),
                .init(code: 208, data: [0xF1, 0, 0x74, 0x7E], isForced: true),
            ])
        #expect(read.ineffective == [])
    }

    @Test(
        arguments: [
            ("dhcp-host=52:54:00:00:00:07,10.0.7.7", "52:54:00:00:00:07", nil, nil),
            ("dhcp-host=52:54:00:00:00:07,web,10.0.7.7,2h", "52:54:00:00:00:07", "web", 7_200),
            ("dhcp-host=web,10.0.7.7,infinite", nil, "web", .max),
            ("dhcp-host=web,10.0.7.7,300", nil, "web", 300),
        ] as [(String, String?, String?, UInt32?)])
    func reservations(line: String, mac: String?, name: String?, seconds: UInt32?) {
        let read = Self.read(line)
        #expect(read.reservations.map(\.mac) == [mac])
        #expect(read.reservations.map(\.name) == [name])
        #expect(read.reservations.map(\.address) == ["10.0.7.7"])
        #expect(read.reservations.first?.lease.map { $0.seconds ?? .max } == seconds)
        #expect(read.ineffective == [])
    }

    /// One reader knows them all, so that no line is told to have no effect that has one.
    @Test func tellsWhatHasNoEffect() {
        let read = Self.read(
            "address=/a.example/10.0.0.1", "server=9.9.9.9", "local=/b.example/", "cname=a,b", "host-record=a,10.0.0.1",
            "txt-record=a,b", "srv-host=_a._tcp,b,1", "stop-dns-rebind", "expand-hosts", "bogus-priv", "domain-needed",
            "cache-size=5000", "address=/a.example/10.0.0.256", "server=nonsense", "cname=a", "host-record=a",
            "txt-record=", "srv-host=_a._tcp,b,70000", "stop-dns-rebind=x", "dhcp-host=a", "")
        #expect(
            read.ineffective == [
                "cache-size=5000", "address=/a.example/10.0.0.256", "server=nonsense", "cname=a", "host-record=a",
                "txt-record=", "srv-host=_a._tcp,b,70000", "stop-dns-rebind=x", "dhcp-host=a", "",
            ])
    }
}
