internal import LibvirtXML
internal import NetworkModel
internal import TestSupport
internal import Testing

/// vnet's own elements in `<metadata>`.
@Suite struct ExtensionTests {
    /// A network with NAT and `body` in `<vnet:network>` from line 5 on.
    static func lab(_ body: String, forward: String = "<forward mode='nat'/>") -> String {
        network(
            "<metadata><vnet:network xmlns:vnet='urn:vnet:1'>\n\n\(body)</vnet:network></metadata>\n\(forward)\n"
                + "<ip address='10.0.0.1' prefix='24'/>\n<ip family='ipv6' address='fd00::1' prefix='64'/>")
    }

    static func forward(_ range: String, _ attributes: String = "proto='tcp'") -> String {
        lab("<vnet:portForward \(attributes)>\(range)</vnet:portForward>")
    }

    static func peer(_ allow: String) -> String { lab("<vnet:peer network='dmz'>\(allow)</vnet:peer>") }

    // MARK: What is read

    @Test func readsForwards() throws {
        let forwards = try read(
            Self.lab(
                """
                <vnet:portForward proto='tcp'>
                  <vnet:range start='8080' end='8081' to='80' guest='vm1'/><vnet:range start='22' guest='10.0.0.9'/>
                </vnet:portForward>
                <vnet:portForward proto='udp' address='::' dev='eth0'><vnet:range start='53' guest='fd00::9'/></vnet:portForward>
                <vnet:portForward proto='sctp' dev='eth0'><vnet:range start='9' guest='vm1.lab'/></vnet:portForward>
                """)
        ).extensions.portForwards
        #expect(
            forwards == [
                .init(.tcp, address: "127.0.0.1", ports: 8080...8081, firstTarget: 80, guest: .name("vm1")),
                .init(.tcp, address: "127.0.0.1", ports: 22...22, firstTarget: 22, guest: .address("10.0.0.9")),
                .init(
                    .udp, address: "::", device: "eth0", ports: 53...53, firstTarget: 53, guest: .address("fd00::9")),
                .init(.sctp, address: nil, device: "eth0", ports: 9...9, firstTarget: 9, guest: .name("vm1.lab")),
            ])
        #expect(
            forwards.map(\.listening) == [
                "tcp 127.0.0.1:8080-8081", "tcp 127.0.0.1:22", "udp [::]:53 on eth0", "sctp *:9 on eth0",
            ])
    }

    @Test func readsSettings() throws {
        let extensions = try read(
            Self.lab(
                """
                <vnet:peer network='dmz'><vnet:allow proto='tcp' port='80' end='90'/><vnet:allow proto='icmp'/></vnet:peer>
                <vnet:peer network='lan'/><vnet:hostAccess> services </vnet:hostAccess>
                <vnet:antiSpoof>yes</vnet:antiSpoof><vnet:linkLocalForward>lldp
                lacp</vnet:linkLocalForward>
                """)
        ).extensions
        #expect(
            extensions.peers == [
                .init(network: "dmz", allowed: [.init(.tcp, ports: 80...90), .init(.icmp)]), .init(network: "lan"),
            ])
        #expect(extensions.hostAccess == .services)
        #expect(extensions.antiSpoof)
        #expect(extensions.linkLocalForward == [.lldp, .lacp])
    }

    /// An option's value as a document has it, and the octets that are sent.
    @Test(arguments: [
        ("code='42' value='10.0.0.1, 10.0.0.2'", [10, 0, 0, 1, 10, 0, 0, 2]),
        ("code='26' value='1400'", [5, 120]),
        ("code='2' value='3600'", [0, 0, 14, 16]),
        ("code='19' value='yes'", [1]),
        ("code='15' value='a.b'", [97, 46, 98]),
        ("code='119' value='ab.c,d'", [2, 97, 98, 1, 99, 0, 1, 100, 0]),
        ("code='43' hex='0a:00:2B'", [10, 0, 43]),
        ("code='33' value='10.1.0.0,10.0.0.1'", [10, 1, 0, 0, 10, 0, 0, 1]),
        ("code='121' value='10.1.0.0/16, 10.0.0.1'", [16, 10, 1, 10, 0, 0, 1]),
        ("code='224' hex='ff00'", [255, 0]),
        ("family='ipv6' code='31' value='fd00::1'", [253] + [UInt8](repeating: 0, count: 14) + [1]),
    ])
    func readsOptions(attributes: String, data: [UInt8]) throws {
        let options = try read(Self.lab("<vnet:option \(attributes)/>")).extensions.dhcpOptions
        #expect(options.map(\.data) == [data])
    }

    /// A class may stand behind what is for it, and what is for its clients may say more of them.
    @Test func readsClients() throws {
        let extensions = try read(
            Self.lab(
                """
                <vnet:boot file='menu.ipxe' user='iPXE'/>
                <vnet:boot file='grub.efi' class='efi' mac='52:54:00:00:00:01' server='10.0.0.9'/>
                <vnet:boot file='/pxe.0' arch='bios x86-uefi 31'/>
                <vnet:option code='42' value='10.0.0.1' class='efi'/>
                <vnet:option code='42' value='10.0.0.2'/>
                <vnet:class name='efi' arch='x86_64-uefi' vendor='PXEClient'/>
                """)
        ).extensions
        let efi = ClientClass(vendor: "PXEClient", architectures: [7, 9])
        #expect(
            extensions.boots == [
                .init(file: "menu.ipxe", clients: [.init(user: "iPXE")]),
                .init(file: "grub.efi", server: "10.0.0.9", clients: [efi, .init(mac: "52:54:00:00:00:01")]),
                .init(file: "/pxe.0", clients: [.init(architectures: [0, 6, 31])]),
            ])
        #expect(extensions.dhcpOptions.map(\.clients) == [[efi], []])
    }

    /// The prefix is the document's own choice, and nothing is changed by having been read.
    @Test func keepsMetadata() throws {
        let metadata = """
            <metadata>
                <x:a xmlns:x="urn:x" b="&lt;">
                  <!-- c -->
                  <d/>
                </x:a>
                <network xmlns="urn:vnet:1">
                  <antiSpoof>yes</antiSpoof>
                  <!-- kept -->
                </network>
              </metadata>
            """
        let network = try read(network(metadata))
        #expect(network.extensions.antiSpoof)
        #expect(network.metadata == metadata)
        #expect(network.libvirtXML.contains(metadata))
        #expect(try read(network.libvirtXML) == network)
    }

    /// vnet's namespace elsewhere is another program's business.
    @Test func keepsForeignMetadataUnread() throws {
        let body = "<metadata><x:a xmlns:x='urn:x'><v:b xmlns:v='urn:vnet:1'/></x:a></metadata>"
        #expect(try read(network(body)).extensions == .init())
        #expect(try warnings(network(body)) == [])
    }

    /// Forwards that listen apart from each other.
    @Test func takesNeighbours() throws {
        let forwards = try read(
            Self.lab(
                """
                <vnet:portForward proto='tcp'><vnet:range start='80' guest='a'/><vnet:range start='81' guest='a'/></vnet:portForward>
                <vnet:portForward proto='udp'><vnet:range start='80' guest='a'/></vnet:portForward>
                <vnet:portForward proto='tcp' address='192.0.2.1'><vnet:range start='80' guest='a'/></vnet:portForward>
                <vnet:portForward proto='tcp' address='::'><vnet:range start='80' guest='a'/></vnet:portForward>
                <vnet:portForward proto='tcp' dev='eth0'><vnet:range start='90' guest='a'/></vnet:portForward>
                <vnet:portForward proto='tcp' dev='eth1'><vnet:range start='90' guest='a'/></vnet:portForward>
                """)
        ).extensions.portForwards
        #expect(forwards.count == 7)
    }

    // MARK: What is refused

    /// A document with one mistake, on line 5 unless the row says otherwise.
    struct Row: CustomTestStringConvertible, Sendable {
        let document: String
        let line: Int
        let message: String

        init(_ document: String, line: Int = 5, _ message: String) {
            self.document = document
            self.line = line
            self.message = message
        }

        var testDescription: String { message }
    }

    @Test(arguments: words + forwards + peers + settings + delegations + options + clients + names) func refuses(
        _ row: Row
    ) {
        let found = problems(row.document)
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.line == row.line)
        #expect(found.first?.column != nil)
        #expect(found.first?.message.contains(row.message) == true, "\(found)")
    }

    static let words: [Row] = [
        .init(
            lab("<vnet:wibble/>"), "<vnet:wibble> is not an element of <vnet:network>; write one of 'vnet:address'"),
        .init(lab("<x:peer xmlns:x='urn:x'/>"), "<x:peer> is not an element of <vnet:network>"),
        .init(lab("<peer/>"), "<peer> is not an element of <vnet:network>"),
        .init(
            lab("<vnet:antiSpoof a='b'>yes</vnet:antiSpoof>"), "'a' is not an attribute of <vnet:antiSpoof>; it has no"),
        .init(lab("<vnet:peer network='a' b='c'/>"), "'b' is not an attribute of <vnet:peer>; write one of 'network'"),
        .init(lab("<vnet:peer network='a'>\n<vnet:deny/></vnet:peer>"), line: 6, "<vnet:deny> is not an element of"),
        .init(lab("<vnet:peer network='a'>text</vnet:peer>"), "<vnet:peer> holds text; remove it"),
        .init(
            lab("<vnet:antiSpoof>yes</vnet:antiSpoof>\n<vnet:antiSpoof>no</vnet:antiSpoof>"), line: 6,
            "<vnet:antiSpoof> stands more than once in <vnet:network>, also on line 5; keep one"),
        .init(
            network("<metadata><v:antiSpoof xmlns:v='urn:vnet:1'>yes</v:antiSpoof></metadata>"), line: 3,
            "<v:antiSpoof> stands directly in <metadata>"),
        .init(
            network("<metadata><v:network xmlns:v='urn:vnet:1'/>\n<w:network xmlns:w='urn:vnet:1'/></metadata>"),
            line: 4,
            "<w:network> is the second element of namespace 'urn:vnet:1'"),
    ]

    static let forwards: [Row] = [
        .init(forward("<vnet:range start='80' guest='a'/>", ""), "<vnet:portForward> has no 'proto'"),
        .init(forward("<vnet:range start='80' guest='a'/>", "proto='icmp'"), "is 'icmp'; write 'tcp', 'udp' or 'sctp'"),
        .init(
            forward("<vnet:range start='80' guest='a'/>", "proto='tcp' dev='*'"), "'dev' of <vnet:portForward> is '*'"),
        .init(
            forward("<vnet:range start='80' guest='a'/>", "proto='tcp' address='eth0'"), "write an IPv4 or IPv6 address"
        ),
        .init(forward("<vnet:range start='80' guest='a'/>", "proto='tcp' address='224.0.0.1'"), "host's own addresses"),
        .init(forward("<vnet:range start='80' guest='a'/>", "proto='tcp' address='::1'"), "no kernel forwards"),
        .init(forward(""), "<vnet:portForward> has no <vnet:range>"),
        .init(forward("<vnet:range guest='a'/>"), "<vnet:range> has no 'start'"),
        .init(forward("<vnet:range start='0' guest='a'/>"), "write a number from 1 to 65535"),
        .init(forward("<vnet:range start='80'/>"), "<vnet:range> has no 'guest'"),
        .init(forward("<vnet:range start='80' guest='a b'/>"), "write a guest's name or its address"),
        .init(forward("<vnet:range start='80' end='79' guest='a'/>"), "write 80 or more"),
        .init(forward("<vnet:range start='80' end='81' to='65535' guest='a'/>"), "2 ports from there on go beyond"),
        .init(forward("<vnet:range start='80' guest='10.0.1.2'/>"), "write an address in one of the network's subnets"),
        .init(forward("<vnet:range start='80' guest='10.0.0.1'/>"), "that one is the bridge's own"),
        .init(forward("<vnet:range start='80' guest='fd00::2'/>"), "write one of the family of '127.0.0.1'"),
        .init(
            forward("<vnet:range start='80' guest='a'/>\n<vnet:range start='70' end='80' guest='b'/>"), line: 6,
            "listens at tcp 127.0.0.1:70-80, where another one listens at tcp 127.0.0.1:80 already"),
        .init(
            lab(
                "<vnet:portForward proto='tcp'><vnet:range start='80' guest='a'/></vnet:portForward>\n"
                    + "<vnet:portForward proto='tcp' dev='eth0'><vnet:range start='80' guest='a'/></vnet:portForward>"),
            line: 6, "listens at tcp *:80 on eth0, where"),
        // An isolated network is open to the host alone.
        .init(
            lab(
                "<vnet:portForward proto='tcp' address='0.0.0.0'><vnet:range start='80' guest='a'/></vnet:portForward>",
                forward: ""), "opens an isolated network at tcp 0.0.0.0:80"),
        .init(
            lab(
                "<vnet:portForward proto='tcp'><vnet:range start='80' guest='a'/></vnet:portForward>",
                forward: "<forward mode='open'/>"), "needs firewall rules, of which mode 'open' makes none"),
    ]

    static let peers: [Row] = [
        .init(lab("<vnet:peer/>"), "<vnet:peer> has no 'network'"),
        .init(lab("<vnet:peer network='lab'/>"), "'network' of <vnet:peer> is 'lab'; write another network"),
        .init(lab("<vnet:peer network='a'/>\n<vnet:peer network='a'/>"), line: 6, "another <vnet:peer> has it already"),
        .init(peer("<vnet:allow/>"), "<vnet:allow> has no 'proto'"),
        .init(peer("<vnet:allow proto='gre'/>"), "is 'gre'; write 'tcp', 'udp', 'sctp' or 'icmp'"),
        .init(peer("<vnet:allow proto='icmp' port='8'/>"), "ICMP has none"),
        .init(peer("<vnet:allow proto='tcp' end='8'/>"), "has 'end' and no 'port'"),
    ]

    static let settings: [Row] = [
        .init(lab("<vnet:hostAccess>some</vnet:hostAccess>"), "is 'some'; write one of 'all', 'services', 'none'"),
        .init(lab("<vnet:antiSpoof/>"), "<vnet:antiSpoof> is ''; write one of 'yes', 'no'"),
        .init(lab("<vnet:linkLocalForward>lldp pause</vnet:linkLocalForward>"), "which no bridge of Linux forwards"),
        .init(lab("<vnet:linkLocalForward>cdp</vnet:linkLocalForward>"), "names 'cdp'; write some of 'stp', 'lacp'"),
        .init(lab("<vnet:releaseOnDetach>1</vnet:releaseOnDetach>"), "is '1'; write one of 'yes', 'no'"),
        .init(lab("<vnet:leasesPerPort>0</vnet:leasesPerPort>"), "is '0'; write a number from 1 to 65536"),
        .init(lab("<vnet:leasesPerPort>many</vnet:leasesPerPort>"), "is 'many'; write a number from 1 to 65536"),
        .init(lab("<vnet:httpBoot/>"), "gives out the files of <tftp>, and no <ip> has that"),
        .init(
            network(
                "<metadata><v:network xmlns:v='urn:vnet:1'>\n<v:antiSpoof>yes</v:antiSpoof></v:network></metadata>"
                    + "<forward mode='bridge'/><bridge name='br0'/>"), line: 4,
            "needs a bridge of the network's own, which mode 'bridge' has not"),
    ]

    private static func delegation(_ attributes: String...) -> String {
        lab(attributes.map { "<vnet:delegation \($0)/>" }.joined(separator: "\n"))
    }

    static let delegations: [Row] = [
        .init(delegation(""), "<vnet:delegation> has no 'prefix'"),
        .init(delegation("prefix='10.0.0.0/8'"), "write a block of addresses, such as"),
        .init(delegation("prefix='fd00:2::1/48'"), "without bits behind it"),
        .init(delegation("prefix='fd00:2::'"), "write a block of addresses"),
        .init(delegation("prefix='fd00:2::/128'"), "write a block of addresses"),
        .init(delegation("prefix='fd00:2::/48' length='47'"), "write 48, the block's own length, to 127"),
        .init(delegation("prefix='fd00:2::/48' length='x'"), "write 48, the block's own length, to 127"),
        .init(delegation("prefix='fd00::/48'"), "it overlaps with fd00::/64 of this network"),
        .init(
            network(
                "<metadata><vnet:network xmlns:vnet='urn:vnet:1'>\n<vnet:delegation prefix='fd00:2::/48'/></vnet:network>"
                    + "</metadata><ip address='10.0.0.1' prefix='24'/>"), line: 4, "needs an <ip family='ipv6'>"),
        .init(
            delegation("prefix='fd00:2::/48'", "prefix='fd00:2:0:7::/64'"), line: 6,
            "it overlaps with fd00:2::/48 of this network"),
        .init(delegation("prefix='fd00:2::/48' expiry='1'"), "<vnet:delegation> of 1 minutes is too short"),
        .init(delegation("prefix='fd00:2::/48' expiry='1' unit='days'"), "write 'seconds', 'minutes' or 'hours'"),
    ]

    @Test func readsDelegations() throws {
        let text = Self.delegation("prefix='fd00:2::/48' length='56' expiry='2' unit='hours'", "prefix='fd00:3::/64'")
        #expect(
            try read(text).extensions.delegations == [
                .init(block: "fd00:2::/48", prefixLength: 56, leaseSeconds: 7_200),
                .init(block: "fd00:3::/64", prefixLength: 64, leaseSeconds: 3_600),
            ])
    }

    static let options: [Row] = [
        .init(lab("<vnet:option value='a'/>"), "<vnet:option> has no 'code'"),
        .init(lab("<vnet:option code='255' hex='00'/>"), "write a number from 1 to 254"),
        .init(lab("<vnet:option code='53' value='1'/>"), "the server's or the client's own to say"),
        .init(lab("<vnet:option code='42'/>"), "<vnet:option> needs either 'value' or 'hex'"),
        .init(lab("<vnet:option code='42' value='10.0.0.1' hex='00'/>"), "needs either 'value' or 'hex'"),
        .init(lab("<vnet:option code='42' value='fd00::1'/>"), "write addresses with commas between"),
        .init(lab("<vnet:option code='26' value='65536'/>"), "write a number from 0 to 65535"),
        .init(lab("<vnet:option code='33' value='10.0.0.1'/>"), "write pairs of addresses"),
        .init(lab("<vnet:option code='121' value='10.0.0.1/8,10.0.0.1'/>"), "write subnets and routers in turn"),
        .init(lab("<vnet:option code='224' value='a'/>"), "write 'hex' with the octets instead"),
        .init(lab("<vnet:option code='224' hex='0'/>"), "write 1 to 255 octets of two hexadecimal digits"),
        .init(lab("<vnet:option code='224' hex='+1'/>"), "write 1 to 255 octets of two hexadecimal digits"),
        .init(
            lab("<vnet:option code='42' value='10.0.0.1'/>\n<vnet:option code='42' hex='0a000002'/>"), line: 6,
            "another <vnet:option> has it already"),
        .init(
            lab("<vnet:option code='42' value='10.0.0.1' class='a'/>"),
            "'class' of <vnet:option> is 'a'; write the 'name'"),
    ]

    static let clients: [Row] = [
        .init(lab("<vnet:class user='a'/>"), "<vnet:class> has no 'name'"),
        .init(lab("<vnet:class name='a'/>"), "<vnet:class> says nothing; write 'mac', 'vendor', 'user' or 'arch'"),
        .init(
            lab("<vnet:class name='a' user='b'/>\n<vnet:class name='a' user='c'/>"), line: 6,
            "another <vnet:class> has it already"),
        .init(lab("<vnet:class name='a' mac='b'/>"), "'mac' of <vnet:class> is 'b'; write a MAC address"),
        .init(lab("<vnet:class name='a' vendor=''/>"), "'vendor' of <vnet:class> is ''; write 1 to 255 octets"),
        .init(
            lab("<vnet:class name='a' arch='vax'/>"),
            "'arch' of <vnet:class> is 'vax'; write some of 'bios', 'x86-uefi'"),
        .init(lab("<vnet:boot arch='bios'/>"), "<vnet:boot> has no 'file'"),
        .init(lab("<vnet:boot file='a' class='b'/>"), "'class' of <vnet:boot> is 'b'; write the 'name' of a <class>"),
        .init(lab("<vnet:boot file='a' server='b'/>"), "'server' of <vnet:boot> is 'b'; write an IPv4 or IPv6 address"),
    ]

    static let names: [Row] = [
        .init(lab("<vnet:cname target='a'/>"), "<vnet:cname> has no 'name'"),
        .init(lab("<vnet:cname name='a'/>"), "<vnet:cname> has no 'target'"),
        .init(lab("<vnet:cname name='a b' target='c'/>"), "'name' of <vnet:cname> is 'a b'; write a domain name"),
        .init(
            lab("<vnet:cname name='a' target='b'/>\n<vnet:cname name='A' target='c'/>"), line: 6,
            "an alias has one target"),
        .init(lab("<vnet:address ip='10.0.0.1'/>"), "<vnet:address> has no 'domain'"),
        .init(lab("<vnet:address domain='a' ip='10.0.0.x'/>"), "'ip' of <vnet:address> is '10.0.0.x'"),
        .init(
            lab("<vnet:address domain='a'/>\n<vnet:address domain='a' ip='10.0.0.1'/>"), line: 6,
            "without 'ip' the domain does not exist"),
    ]

    @Test func readsNames() throws {
        let extensions = try read(
            Self.lab(
                """
                <vnet:cname name='www' target='vm1.lab'/><vnet:address domain='ads.example'/>
                <vnet:address domain='sink.example' ip='10.0.0.2'/><vnet:address domain='Sink.example' ip='fd00::2'/>
                """)
        ).extensions
        #expect(extensions.aliases == [.init(name: "www", target: "vm1.lab")])
        #expect(
            extensions.fixedDomains == [
                .init(name: "ads.example", addresses: []),
                .init(name: "sink.example", addresses: ["10.0.0.2", "fd00::2"]),
            ])
    }
}
