internal import LibvirtXML
internal import NetworkModel
internal import Testing

/// One document, with one mistake, that is refused with one message.
struct Refusal: CustomTestStringConvertible, Sendable {
    /// Stands in `<network>` from line 3 on.
    let body: String
    let line: Int
    let message: String

    init(_ body: String, line: Int = 3, _ message: String) {
        self.body = body
        self.line = line
        self.message = message
    }

    var testDescription: String { message }
}

@Suite struct RefusalTests {
    @Test(arguments: words + links + addresses + leases + names)
    func refuses(_ refusal: Refusal) {
        let found = problems(network(refusal.body))
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.line == refusal.line)
        #expect(found.first?.message.contains(refusal.message) == true, "\(found)")
    }

    /// Elements and attributes.
    static let words: [Refusal] = [
        // Known to libvirt.
        .init("<title>x</title>", "<title> is not supported yet; remove it"),
        .init("<description/>", "<description> is not supported yet"),
        .init("<bandwidth><inbound average='1'/></bandwidth>", "<bandwidth> is not supported yet; remove it"),
        .init("<vlan><tag id='1'/></vlan>", "<vlan> is not supported yet"),
        .init("<virtualport type='802.1Qbh'/>", "<virtualport> is not supported yet"),
        .init("<portgroup name='x'/>", "<portgroup> is not supported yet"),
        .init("<port isolated='yes'/>", "<port> is not supported yet"),
        .init("<route address='10.0.0.0' prefix='8' gateway='10.0.0.1'/>", "<route> is not supported yet"),
        .init("<bridge zone='x'/>", "attribute 'zone' of <bridge> is not supported yet; remove it"),
        .init("<bridge macTableManager='kernel'/>", "'macTableManager' of <bridge> is not supported yet"),
        .init("<domain name='x' register='yes'/>", "'register' of <domain> is not supported yet"),
        .init("<dns><forwarder addr='1.1.1.1' port='53'/></dns>", "'port' of <forwarder> is not supported yet"),
        .init(ip("<tftp root='/'/>"), line: 4, "<tftp> is not supported yet"),
        .init(dhcp("<bootp file='x'/>"), line: 4, "<bootp> is not supported yet"),
        .init(dhcp("<host id='00:01' name='a' ip='10.0.0.5'/>"), line: 4, "'id' of <host> is not supported yet"),
        .init(forward("<driver name='vfio'/>"), line: 4, "<driver> is not supported yet"),
        .init(forward("<pf dev='eth0'/>"), line: 4, "<pf> is not supported yet"),
        .init(forward("<address type='pci'/>"), line: 4, "<address> is not supported yet"),
        .init(forward("<nat ipv6='yes'/>"), line: 4, "'ipv6' of <nat> is not supported yet"),
        .init(forward("<nat><address start='1.1.1.1' end='1.1.1.2'/></nat>"), line: 4, "<address> is not supported"),
        .init(
            "<dnsmasq:options xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'/>",
            "<dnsmasq:options> is not supported yet"),
        .init(
            "<metadata><v:network xmlns:v='urn:vnet:1'>\n<v:antiSpoof>yes</v:antiSpoof></v:network></metadata>",
            line: 4,
            "<v:antiSpoof> is not supported yet"),
        .init("<metadata><v:network xmlns:v='urn:vnet:1'/></metadata>", "<v:network> is not supported yet"),
        // Known to nobody.
        .init("<wibble/>", "<wibble> is not an element of <network>; remove it"),
        .init("\n\n<Bridge/>", line: 5, "<Bridge> is not an element of <network>"),
        .init(dhcp("<range start='10.0.0.5' end='10.0.0.6'><wibble/></range>"), line: 4, "not an element of <range>"),
        .init("<mtu size='1500' unit='B'/>", "'unit' is not an attribute of <mtu>; remove it"),
        .init("<mtu size='1500' xml:lang='nl'/>", "'xml:lang' is not an attribute of <mtu>"),
        .init("<x:ip xmlns:x='urn:x'/>", "of namespace 'urn:x' is not an element of <network>; remove it or move it"),
        .init("<ip xmlns='urn:x'/>", "<ip> of namespace 'urn:x' is not"),
        .init("<dns>name</dns>", "<dns> holds text, which means nothing there"),
        .init("<uuid><x/></uuid>", "<x> is not an element of <uuid>"),
        // Twice where libvirt reads one and ignores the other.
        .init(
            "<bridge/>\n<bridge/>", line: 4, "<bridge> stands more than once in <network>, first on line 3; keep one"),
        .init("<name>second</name>", "<name> stands more than once in <network>, first on line 2"),
        .init("<metadata/>\n<metadata/>", line: 4, "<metadata> stands more than once"),
        .init(ip("<dhcp/><dhcp/>"), line: 4, "<dhcp> stands more than once in <ip>"),
    ]

    /// `<bridge>`, `<mac>`, `<mtu>`, `<forward>` and `<uuid>`.
    static let links: [Refusal] = [
        .init("<uuid>5a0f3d1c</uuid>", "<uuid> is '5a0f3d1c'; write 32 hexadecimal digits"),
        .init("<bridge name='sixteen-letters.'/>", "'sixteen-letters.'; write at most 15 letters"),
        .init("<bridge name='thirteen-char%d'/>", "write at most 15 letters"),
        .init("<bridge name='a%db%d'/>", "a template with one %d"),
        .init("<bridge name='a%s'/>", "a template with one %d"),
        .init("<bridge name='a b'/>", "write at most 15 letters"),
        .init("<bridge name='..'/>", "write at most 15 letters"),
        .init("<bridge delay='-1'/>", "'delay' of <bridge> is '-1'; write a number from 0 to 2147483647"),
        .init("<bridge delay='2147483648'/>", "'delay' of <bridge> is '2147483648'"),
        .init("<mac address='52:54:00:00:00'/>", "write a MAC address such as"),
        .init("<mac address='52-54-00-00-00-01'/>", "write a MAC address such as"),
        .init("<mac address='53:54:00:00:00:01'/>", "write a unicast address"),
        .init("<mtu size='67'/>", "'size' of <mtu> is '67'; write a number from 68 to 65535"),
        .init("<mtu size='65536'/>", "write a number from 68 to 65535"),
        .init("<mtu size='1e3'/>", "write a number from 68 to 65535"),
        .init("<forward mode='bridge'/>\n" + ip(), "mode 'bridge' of <forward> is not supported yet; use"),
        .init("<forward mode='hostdev'/>\n" + ip(), "mode 'hostdev' of <forward> is not supported yet"),
        .init("<forward mode='NAT'/>\n" + ip(), "'mode' of <forward> is 'NAT'; write 'nat', 'route' or 'open'"),
        .init("<forward dev='*'/>\n" + ip(), "'dev' of <forward> is '*'; write an interface name"),
        .init("<forward/>", "<forward> with mode 'nat' needs an <ip>"),
        .init("<forward mode='open'/>", "<forward> with mode 'open' needs an <ip>"),
        .init("<forward mode='open' dev='eth0'/>\n" + ip(), "<forward> with mode 'open' has no rules"),
        .init("<forward mode='open'><interface dev='eth0'/></forward>\n" + ip(), "remove the device"),
        .init(forward("<interface/>"), line: 4, "<interface> has no 'dev'; add the attribute"),
        .init(forward("<interface dev='a'/>\n<interface dev='b'/>"), line: 5, "<interface> is the second of <forward>"),
        .init(
            "<forward dev='a'>\n<interface dev='b'/></forward>\n" + ip(), line: 4,
            "'dev' of <interface> is 'b'; write 'a', as <forward> has it"),
        .init("<forward mode='route'>\n<nat/></forward>\n" + ip(), line: 4, "<nat> is for mode 'nat'"),
        .init(forward("<nat>\n<port start='1' end='9'/></nat>"), line: 5, "<port> 1 to 9 is not supported yet"),
        .init(forward("<nat><port start='1024'/></nat>"), line: 4, "<port> has no 'end'"),
        .init(forward("<nat><port start='x' end='9'/></nat>"), line: 4, "write a number from 0 to 65535"),
    ]

    /// `<ip>`.
    static let addresses: [Refusal] = [
        .init("<ip/>", "<ip> has no 'address'; add the attribute"),
        .init("<ip address='300.1.1.1'/>", "'address' of <ip> is '300.1.1.1'; write an IPv4 or IPv6 address"),
        .init("<ip address='fe80::1%eth0' family='ipv6'/>", "write an IPv4 or IPv6 address"),
        .init("<ip address='10.0.0.1' family='x'/>", "'family' of <ip> is 'x'; write 'ipv4' or 'ipv6'"),
        .init("<ip address='fd00::1'/>", "<ip> has the IPv6 address fd00::1; add family='ipv6'"),
        .init("<ip address='fd00::1' family='ipv4'/>", "add family='ipv6'"),
        .init("<ip address='10.0.0.1' family='ipv6'/>", "has the IPv4 address 10.0.0.1; write family='ipv4'"),
        .init("<ip address='10.0.0.1' prefix='8' netmask='255.0.0.0'/>", "both 'netmask' and 'prefix'; keep one"),
        .init("<ip address='10.0.0.1' prefix='0'/>", "'prefix' of <ip> is '0'; write a number from 1 to 32"),
        .init("<ip address='10.0.0.1' prefix='33'/>", "write a number from 1 to 32"),
        .init("<ip address='fd00::1' family='ipv6' prefix='129'/>", "write a number from 1 to 128"),
        .init("<ip address='10.0.0.1' prefix=''/>", "<ip> has no 'prefix'"),
        .init("<ip address='10.0.0.1' netmask='255.0.255.0'/>", "write ones followed by zeros"),
        .init("<ip address='10.0.0.1' netmask='0.0.0.0'/>", "write ones followed by zeros"),
        .init("<ip address='fd00::1' family='ipv6' netmask='ffff::'/>", "write prefix='64' instead"),
        .init("<ip address='10.0.0.1' localPtr='maybe'/>", "'localPtr' of <ip> is 'maybe'; write 'yes' or 'no'"),
        .init("<ip address='10.0.0.0'/>", "10.0.0.0 is the network address of 10.0.0.0/8; choose another"),
        .init("<ip address='10.0.0.3' prefix='30'/>", "10.0.0.3 is the broadcast address of 10.0.0.0/30"),
        .init("<ip address='224.0.0.1' prefix='8'/>", "<ip> address 224.0.0.1 is not a host's"),
        .init("<ip address='240.0.0.1'/>", "<ip> address 240.0.0.1 is not a host's"),
        .init("<ip address='127.0.0.1'/>", "<ip> address 127.0.0.1 is not a host's"),
        .init("<ip address='ff02::1' family='ipv6'/>", "<ip> address ff02::1 is not a host's"),
        .init("<ip address='::ffff:10.0.0.1' family='ipv6'/>", "is not a host's"),
        .init(ip() + "\n" + ip(), line: 4, "<ip> has the address 10.0.0.1 again, first on line 3; keep one"),
        .init("<ip address='fd00::1' family='ipv6'>\n<dhcp/></ip>", line: 4, "family 'ipv6' is not supported yet"),
        .init(
            """
            <ip address='10.0.0.1'><dhcp><range start='10.0.0.2' end='10.0.0.3'/></dhcp></ip>
            <ip address='fd00::1' family='ipv6'>
            <dhcp><range start='fd00::2' end='fd00::3'/></dhcp></ip>
            """, line: 5, "family 'ipv6' is not supported yet"),
        .init(
            """
            <ip address='10.0.0.1'><dhcp><range start='10.0.0.2' end='10.0.0.3'/></dhcp></ip>
            <ip address='11.0.0.1'>
            <dhcp><range start='11.0.0.2' end='11.0.0.3'/></dhcp></ip>
            """, line: 5, "<dhcp> can serve one <ip> of a network, and does on line 3; remove one"),
    ]

    /// `<dhcp>`: ranges, reservations and leases.
    static let leases: [Refusal] = [
        .init(dhcp("<range start='10.0.0.5'/>"), line: 4, "<range> has no 'end'"),
        .init(dhcp("<range start='10.0.0.5' end='fd00::5'/>"), line: 4, "write an IPv4 address, as in its <ip>"),
        .init(dhcp("<range start='10.0.0.9' end='10.0.0.5'/>"), line: 4, "ends before it starts; swap start and end"),
        .init(dhcp("<range start='9.0.0.5' end='10.0.0.5'/>"), line: 4, "is not in the subnet 10.0.0.0/8 of its <ip>"),
        .init(dhcp("<range start='10.0.0.0' end='10.0.0.5'/>"), line: 4, "starts with the network address"),
        .init(dhcp("<range start='10.255.0.9' end='10.255.255.255'/>"), line: 4, "ends with the broadcast address"),
        .init(dhcp("<range start='10.1.255.0' end='10.2.0.9'/>"), line: 4, "is too large, or crosses"),
        .init(
            dhcp(
                """
                <range start='10.0.0.5' end='10.0.0.50'/>
                <range start='10.0.0.6' end='10.0.0.7'/>
                <range start='10.0.0.60' end='10.0.0.70'/>
                """), line: 5, "<range> 10.0.0.6 to 10.0.0.7 overlaps the one on line 4; join or separate them"),
        .init(
            dhcp("<range start='10.0.0.50' end='10.0.0.60'/>\n<range start='10.0.0.5' end='10.0.0.50'/>"), line: 4,
            "10.0.0.50 to 10.0.0.60 overlaps the one on line 5"),
        .init(dhcp("<host ip='10.0.0.5'/>"), line: 4, "<host> has neither 'mac' nor 'name'"),
        .init(dhcp("<host name='a'/>"), line: 4, "<host> has no 'ip'"),
        .init(dhcp("<host name='-a' ip='10.0.0.5'/>"), line: 4, "beginning with a letter or digit"),
        .init(dhcp("<host name='' ip='10.0.0.5'/>"), line: 4, "'name' of <host> is ''"),
        .init(dhcp("<host name='a b' ip='10.0.0.5'/>"), line: 4, "'name' of <host> is 'a b'"),
        .init(dhcp("<host mac='' ip='10.0.0.5'/>"), line: 4, "'mac' of <host> is ''"),
        .init(dhcp("<host mac='ff:ff:ff:ff:ff:ff' ip='10.0.0.5'/>"), line: 4, "write a unicast address"),
        .init(dhcp("<host name='a' ip='11.0.0.5'/>"), line: 4, "11.0.0.5 is not in the subnet 10.0.0.0/8 of its <ip>"),
        .init(dhcp("<host name='a' ip='10.0.0.1'/>"), line: 4, "10.0.0.1 is the bridge's own"),
        .init(dhcp("<host name='a' ip='10.255.255.255'/>"), line: 4, "10.255.255.255 is no host's in 10.0.0.0/8"),
        .init(
            dhcp("<host name='a' ip='10.0.0.5'/>\n<host name='A' ip='10.0.0.6'/>"), line: 5,
            "<host> name 'A' is reserved on line 4 already; keep one of them"),
        .init(
            dhcp("<host name='a' ip='10.0.0.5'/>\n<host name='b' ip='10.5'/>"), line: 5,
            "<host> address 10.0.0.5 is reserved on line 4 already"),
        .init(
            dhcp("<host mac='52:54:00:00:00:0A' ip='10.0.0.5'/>\n<host mac='52:54:0:0:0:a' ip='10.0.0.6'/>"), line: 5,
            "<host> MAC address 52:54:00:00:00:0a is reserved on line 4 already"),
        .init(lease("unit='hours'"), line: 4, "<lease> has no 'expiry'"),
        .init(lease("expiry='x'"), line: 4, "'expiry' of <lease> is 'x'"),
        .init(lease("expiry='1'"), line: 4, "<lease> of 1 minutes is too short; write at least 2 minutes"),
        .init(lease("expiry='119' unit='seconds'"), line: 4, "<lease> of 119 seconds is too short"),
        .init(lease("expiry='1' unit='days'"), line: 4, "'unit' of <lease> is 'days'; write 'seconds', 'minutes' or"),
    ]

    /// `<domain>` and `<dns>`.
    static let names: [Refusal] = [
        .init("<domain localOnly='yes'/>", "<domain> has no 'name'"),
        .init("<domain name='a..b'/>", "'name' of <domain> is 'a..b'; write a domain name"),
        .init("<domain name='lab.'/>", "without a dot at the end"),
        .init("<domain name='\(String(repeating: "a", count: 64))'/>", "labels of 1 to 63"),
        .init("<domain name='\(String(repeating: "a.", count: 127))a'/>", "write a domain name"),
        .init("<domain name='lab' localOnly=''/>", "'localOnly' of <domain> is ''; write 'yes' or 'no'"),
        .init("<dns enable='off'/>", "'enable' of <dns> is 'off'; write 'yes' or 'no'"),
        .init("<dns enable='no'>\n<forwarder addr='1.1.1.1'/></dns>", line: 4, "no effect in <dns enable='no'>"),
        .init("<dns>\n<forwarder/></dns>", line: 4, "<forwarder> has neither 'addr' nor 'domain'"),
        .init("<dns><forwarder addr='one'/></dns>", "'addr' of <forwarder> is 'one'; write an IPv4 or IPv6"),
        .init("<dns><forwarder domain=''/></dns>", "'domain' of <forwarder> is ''; write a domain name"),
        .init("<dns><txt value='x'/></dns>", "<txt> has no 'name'"),
        .init("<dns><txt name='x'/></dns>", "<txt> has no 'value'"),
        .init("<dns><txt name='a b' value='x'/></dns>", "without blanks and commas"),
        .init("<dns><txt name='a,b' value='x'/></dns>", "without blanks and commas"),
        // It would not survive being written and read again.
        .init("<dns><txt name='a' value='x&#9;y'/></dns>", "'value' of <txt> holds a control character or line break"),
        .init(
            "<dns><txt name='a' value='\(String(repeating: "x", count: 65_280))'/></dns>",
            "<txt> value is 65280 octets long; write at most 65279"),
        .init("<dns><srv protocol='tcp'/></dns>", "<srv> has no 'service'"),
        .init("<dns><srv service='x'/></dns>", "<srv> has no 'protocol'"),
        .init("<dns><srv service='x.y' protocol='tcp'/></dns>", "'service' of <srv> is 'x.y'; write at most 62"),
        .init("<dns><srv service='x' protocol='_tcp'/></dns>", "'protocol' of <srv> is '_tcp'"),
        .init("<dns><srv service='x' protocol='tcp' port='1'/></dns>", "has 'port' and no 'target'; add the target"),
        .init("<dns><srv service='x' protocol='tcp' weight='0'/></dns>", "has 'weight' and no 'target'"),
        .init("<dns><srv service='x' protocol='tcp' target='x' port='0'/></dns>", "number from 1 to 65535"),
        .init("<dns><srv service='x' protocol='tcp' target='x' priority='65536'/></dns>", "number from 0 to 65535"),
        .init("<dns><srv service='x' protocol='tcp' target=''/></dns>", "'target' of <srv> is ''"),
        .init("<dns><srv service='x' protocol='tcp' domain='a b'/></dns>", "'domain' of <srv> is 'a b'"),
        .init("<dns><host><hostname>x</hostname></host></dns>", "<host> has no 'ip'"),
        .init("<dns>\n<host ip='10.0.0.1'/></dns>", line: 4, "<host> has no <hostname>; add one"),
        .init("<dns><host ip='10.0.0.1'>\n<hostname/></host></dns>", line: 4, "<hostname> is ''; write a domain"),
    ]

    /// Names that cannot be a network's, each in place of `lab`.
    @Test(arguments: [
        ("", "<network> has no name"),
        (".", "cannot name a file"),
        ("..", "cannot name a file"),
        ("a/b", "cannot name a file"),
        // One character to a reader, and still a slash to the file system.
        ("a/\u{301}b", "cannot name a file"),
        ("\nlab\n", "line break or control character"),
        ("a\u{9B}b", "line break or control character"),
        (String(repeating: "é", count: 121), "242 octets long; choose one of at most 240"),
        (".hidden", "does not begin with '.'"),
    ])
    func refusesName(name: String, message: String) {
        let found = problems("<network>\n  <name>\(name)</name>\n</network>")
        #expect(found.map(\.line) == [2])
        #expect(found.first?.message.contains(message) == true, "\(found)")
    }

    /// What is not a network at all.
    @Test(arguments: ["<domain/>", "<network xmlns='urn:x'/>", "<x:network xmlns:x='urn:x'/>"])
    func refusesAnotherRoot(xml: String) {
        #expect(problems(xml).map(\.message).first?.hasSuffix("is not a network; put <network> outermost") == true)
    }

    private static func ip(_ body: String = "") -> String {
        "<ip address='10.0.0.1'>\(body.isEmpty ? "" : "\n" + body)</ip>"
    }

    private static func dhcp(_ body: String) -> String { "<ip address='10.0.0.1'><dhcp>\n\(body)</dhcp></ip>" }

    private static func lease(_ attributes: String) -> String {
        dhcp("<range start='10.0.0.5' end='10.0.0.6'><lease \(attributes)/></range>")
    }

    private static func forward(_ body: String) -> String { "<forward mode='nat'>\n\(body)</forward>\n" + ip() }
}
