internal import LibvirtXML
internal import NetworkModel
internal import TestSupport
internal import Testing

/// What libvirt takes and nobody can have meant: it is read, and told.
@Suite struct WarningTests {
    typealias Row = Finding

    @Test(arguments: words + values) func warns(_ warning: Finding) throws {
        let found = try warnings(network(warning.body))
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.line == warning.line)
        #expect(found.first?.message.contains(warning.message) == true, "\(found)")
    }

    /// Elements and attributes that have no effect.
    static let words: [Finding] = [
        .init("<wibble/>", "<wibble> is not an element of <network> and has no effect"),
        .init("\n\n<Bridge/>", line: 5, "<Bridge> is not an element of <network>"),
        .init(
            Row.dhcp("<range start='10.0.0.5' end='10.0.0.6'><wibble/></range>"), line: 4, "not an element of <range>"),
        .init("<mtu size='1500' unit='B'/>", "'unit' is not an attribute of <mtu> and has no effect"),
        .init("<mtu size='1500' xml:lang='nl'/>", "'xml:lang' is not an attribute of <mtu>"),
        .init("<x:ip xmlns:x='urn:x'/>", "of namespace 'urn:x' has no effect in <network> and is not kept"),
        .init("<ip xmlns='urn:x'/>", "<ip> of namespace 'urn:x' has no effect"),
        .init("<dns>name</dns>", "<dns> holds text, which has no effect there"),
        .init("<uuid><x/></uuid>", "<x> is not an element of <uuid>"),
        .init(
            "<bridge/>\n<bridge/>", line: 4,
            "<bridge> stands more than once in <network>, also on line 3; only the first has an effect"),
        .init("<name>second</name>", "<name> stands more than once in <network>, also on line 2"),
        .init("<metadata/>\n<metadata/>", line: 4, "<metadata> stands more than once"),
        .init(Row.ip("<dhcp/><dhcp/>"), line: 4, "<dhcp> stands more than once in <ip>"),
        .init(
            Row.dhcp("<host name='a' ip='10.0.0.5'><lease expiry='5'/>\n<lease expiry='6'/></host>"), line: 5,
            "<lease> stands more than once in <host>, also on line 4; only the last has an effect"),
        .init("<domain localOnly='yes'/>", "<domain> has no 'name' and no effect"),
        .init(Row.lease("unit='hours'"), line: 4, "<lease> has no 'expiry' and no effect"),
        .init(Row.dhcp("<bootp file='a'/>"), "<bootp> has no effect in a <dhcp> without"),
        .init(
            Row.dhcp("<range start='10.0.0.5' end='10.0.0.6'/><bootp server='10.0.0.1'/>"), line: 4,
            "<bootp> has no effect without a 'file'"),
        .init(
            Row.dhcp6("<host name='a' ip='fd00::5'/><bootp file='a'/>"), line: 4,
            "<bootp> has no effect in an <ip> of family 'ipv6'"),
        .init(Row.forward("<driver/>"), line: 4, "<driver> has no 'name' and no effect"),
        .init(
            "<forward mode='vepa'><interface dev='a'/>\n<pf dev='a'/></forward>", line: 4,
            "<pf> has no effect beside <interface>"),
        .init("<dns><forwarder domain='a' port='5353'/></dns>", "'port' of <forwarder> has no effect without 'addr'"),
        .init(
            "<d:options xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'>\n<d:option value='a'/></d:options>",
            line: 4, "<d:option> 'a' has no effect: vnet serves DHCP and DNS itself"),
    ]

    /// Values that libvirt takes at its word.
    static let values: [Finding] = [
        .init("<bridge name='sixteen-letters.'/>", "is 'sixteen-letters.', which names no interface; write at most 15"),
        .init("<bridge name='thirteen-char%d'/>", "write at most 15 letters"),
        .init("<bridge stp='Off'/>", "attribute 'stp' of <bridge> is 'Off', which counts as 'on'; write 'on' or 'off'"),
        .init("<portgroup name='a' default='1'/>", "'default' of <portgroup> is '1', which counts as 'no'"),
        .init("<forward mode='hostdev' managed='on'><pf dev='a'/></forward>", "'managed' of <forward> is 'on', which"),
        .init("<bridge name='a%db%d'/>", "a template with one %d"),
        .init("<bridge name='a%s'/>", "a template with one %d"),
        .init("<bridge name='..'/>", "write at most 15 letters"),
        .init("<mtu size='67'/>", "<mtu> of 67 is none that a bridge can have: 68 to 65535"),
        .init("<mtu size='65536'/>", "<mtu> of 65536 is none"),
        .init("<ip address='10.0.0.0'/>", "10.0.0.0 is the network address of 10.0.0.0/8; choose another"),
        .init("<ip address='10.0.0.3' prefix='30'/>", "10.0.0.3 is the broadcast address of 10.0.0.0/30"),
        .init("<ip address='224.0.0.1' prefix='8'/>", "<ip> address 224.0.0.1 is not a host's"),
        .init("<ip address='240.0.0.1'/>", "<ip> address 240.0.0.1 is in no subnet; add a prefix"),
        .init("<ip address='10.0.0.1' netmask='255.0.255.0'/>", "<ip> address 10.0.0.1 is in no subnet"),
        .init("<ip address='127.0.0.1'/>", "<ip> address 127.0.0.1 is not a host's"),
        .init("<ip address='ff02::1' family='ipv6'/>", "<ip> address ff02::1 is not a host's"),
        .init("<ip address='::ffff:10.0.0.1' family='ipv6'/>", "is not a host's"),
        .init(Row.ip() + "\n" + Row.ip(), line: 4, "<ip> has the address 10.0.0.1 again, first on line 3; keep one"),
        .init(
            Row.dhcp(
                """
                <range start='10.0.0.5' end='10.0.0.50'/>
                <range start='10.0.0.6' end='10.0.0.7'/>
                <range start='10.0.0.60' end='10.0.0.70'/>
                """), line: 5, "<range> 10.0.0.6 to 10.0.0.7 overlaps the one on line 4; join or separate them"),
        .init(
            Row.dhcp("<range start='10.0.0.50' end='10.0.0.60'/>\n<range start='10.0.0.5' end='10.0.0.50'/>"), line: 4,
            "10.0.0.50 to 10.0.0.60 overlaps the one on line 5"),
        .init(
            Row.dhcp("<host name='a b' ip='10.0.0.5'/>"), line: 4, "'name' of <host> is 'a b', which is not a domain"),
        .init(Row.dhcp("<host name='a' ip='11.0.0.5'/>"), line: 4, "11.0.0.5 is not in the subnet 10.0.0.0/8 of its"),
        .init(Row.dhcp("<host name='a' ip='fd00::5'/>"), line: 4, "fd00::5 is not in the subnet 10.0.0.0/8 of its"),
        .init(Row.dhcp("<host name='a' ip='10.0.0.1'/>"), line: 4, "10.0.0.1 is the bridge's own"),
        .init(Row.dhcp("<host name='a' ip='10.255.255.255'/>"), line: 4, "10.255.255.255 is no host's in 10.0.0.0/8"),
        .init(
            Row.dhcp("<host name='a' ip='10.0.0.5'/>\n<host name='A' ip='10.0.0.6'/>"), line: 5,
            "<host> name 'A' is reserved on line 4 already; keep one of them"),
        .init(
            Row.dhcp("<host name='a' ip='10.0.0.5'/>\n<host name='b' ip='10.5'/>"), line: 5,
            "<host> address 10.0.0.5 is reserved on line 4 already"),
        .init(
            Row.dhcp("<host mac='52:54:00:00:00:0A' ip='10.0.0.5'/>\n<host mac='52:54:0:0:0:a' ip='10.0.0.6'/>"),
            line: 5, "<host> MAC address 52:54:00:00:00:0a is reserved on line 4 already"),
        .init("<domain name='a..b'/>", "'name' of <domain> is 'a..b', which is not a domain name and may have no"),
        .init("<domain name=''/>", "'name' of <domain> is '', which is not a domain name"),
        .init("<domain name='\(String(repeating: "a", count: 64))'/>", "labels of 1 to 63"),
        .init("<domain name='\(String(repeating: "a.", count: 127))a'/>", "is not a domain name"),
        .init("<dns><forwarder domain='a b'/></dns>", "'domain' of <forwarder> is 'a b', which is not a domain name"),
        .init("<dns><srv service='x' protocol='tcp' domain='a b'/></dns>", "'domain' of <srv> is 'a b'"),
        .init("<dns><srv service='x' protocol='tcp' target=''/></dns>", "'target' of <srv> is ''"),
        .init("<dns><srv service='' protocol='tcp'/></dns>", "'service' of <srv> is '' and never served"),
        .init("<dns><host ip='10.0.0.1'>\n<hostname>a b</hostname></host></dns>", line: 4, "<hostname> is 'a b'"),
        .init(
            "<dns><txt name='a' value='\(String(repeating: "x", count: 65_280))'/></dns>",
            "<txt> value is 65280 octets long and never served: at most 65279"),
    ]

    /// Of what has an effect nothing is said; a domain name may end with a dot.
    @Test(arguments: [
        "<domain name='lab.'/><bridge name='vnt%d'/><mtu size='0'/>",
        "<dns><srv service='x' protocol='tcp' target='.'/></dns>",
        "<metadata>text<x/><y xmlns='urn:y' z='1'/></metadata>",
        "<forward mode='bridge'/><bridge name='br0'/><portgroup name='a'><vlan><tag id='1'/></vlan></portgroup>",
    ])
    func isSilent(body: String) throws {
        #expect(try warnings(network(body)) == [])
    }

    @Test func standInTheOrderOfTheLines() throws {
        let found = try warnings(network("<ip address='10.0.0.0'/>\n<wibble/>\n<mtu size='1'/>"))
        #expect(found.map(\.line) == [3, 4, 5])
        #expect(found.map(\.element) == ["ip", "wibble", "mtu"])
    }

    /// What keeps a network from being started is told with the line of its element.
    @Test func hindrancesStandOnTheirLines() throws {
        let text = """
            <network>
              <name>lab</name>
              <forward mode='nat'/>
              <bridge
                zone='x'/>
              <ip address='10.0.0.1' prefix='24'><dhcp><range start='10.0.0.5' end='10.0.0.6'/></dhcp></ip>
              <ip family='ipv6' address='fd00::1' prefix='64'/>
              <mtu
                size='66000'/>
              <!-- <virtualport/> -->
              <virtualport type='openvswitch'/>
            </network>
            """
        var random = SeededGenerator(seed: 1)
        let network = try NetworkDefinition(libvirtXML: Array(text.utf8), using: &random)
        let found = network.hindrances(in: Array(text.utf8))
        #expect(found.map(\.element) == ["bridge", "mtu", "virtualport"])
        #expect(found.map(\.line) == [4, 8, 11])
        #expect(found.allSatisfy { $0.message.hasPrefix("network 'lab' cannot be started: ") })
    }
}
