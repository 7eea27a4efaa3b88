internal import LibvirtXML
internal import NetworkModel
internal import Testing

/// One document, with one mistake, that is refused with one message, or read with one warning.
struct Finding: CustomTestStringConvertible, Sendable {
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

    static func ip(_ body: String = "") -> String {
        "<ip address='10.0.0.1'>\(body.isEmpty ? "" : "\n" + body)</ip>"
    }

    static func dhcp(_ body: String) -> String { "<ip address='10.0.0.1'><dhcp>\n\(body)</dhcp></ip>" }

    static func dhcp6(_ body: String) -> String {
        "<ip family='ipv6' address='fd00::1'><dhcp>\n\(body)</dhcp></ip>"
    }

    static func lease(_ attributes: String) -> String {
        dhcp("<range start='10.0.0.5' end='10.0.0.6'><lease \(attributes)/></range>")
    }

    static func forward(_ body: String) -> String { "<forward mode='nat'>\n\(body)</forward>\n" + ip() }

    /// In a network on a bridge that is there already.
    static func bridged(_ body: String) -> String { "<forward mode='bridge'/><bridge name='br0'/>\n\(body)" }

    static func route(_ attributes: String) -> String { ip() + "\n<route \(attributes)/>" }
}

@Suite struct RefusalTests {
    typealias Row = Finding

    @Test(arguments: links + forwards + ports + addresses + leases + routes + names + misfits)
    func refuses(_ refusal: Finding) {
        let found = problems(network(refusal.body))
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.line == refusal.line)
        #expect(found.first?.message.contains(refusal.message) == true, "\(found)")
    }

    /// The root, `<uuid>`, `<bridge>`, `<mac>`, `<mtu>` and dnsmasq's options.
    static let links: [Finding] = [
        .init("<uuid>5a0f3d1c</uuid>", "<uuid> is '5a0f3d1c'; write 32 hexadecimal digits"),
        .init("<title>two\nlines</title>", "<title> holds a line break or control character"),
        .init("<description>a\u{9B}b</description>", "<description> holds a control character"),
        .init("<bridge delay='-1'/>", "'delay' of <bridge> is '-1'; write a number from 0 to"),
        .init("<bridge delay='5 '/>", "'delay' of <bridge> is '5 '"),
        .init("<bridge macTableManager='x'/>", "is 'x'; write 'kernel' or 'libvirt'"),
        // It would not survive being written and read again.
        .init("<bridge zone='x&#9;y'/>", "'zone' of <bridge> holds a control character or line break"),
        .init("<mac address='52:54:00:00:00'/>", "write a MAC address such as"),
        .init("<mac address='52-54-00-00-00-01'/>", "write a MAC address such as"),
        .init("<mac address='53:54:00:00:00:01'/>", "write a unicast address"),
        .init("<mtu size='4294967296'/>", "write a number from 0 to 4294967295"),
        .init("<mtu size='1e3'/>", "'size' of <mtu> is '1e3'; write a number"),
        .init(
            "<d:options xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'>\n<d:option/></d:options>", line: 4,
            "<d:option> has no 'value'"),
    ]

    /// `<forward>`.
    static let forwards: [Finding] = [
        .init(
            "<forward mode='NAT'/>\n" + Row.ip(), "'mode' of <forward> is 'NAT'; write one of 'nat', 'route', 'open',"),
        .init("<forward dev='*'/>\n" + Row.ip(), "'dev' of <forward> is '*'; write an interface name"),
        .init("<forward/>", "<forward> with mode 'nat' needs an <ip>"),
        .init("<forward mode='route'/>", "<forward> with mode 'route' needs an <ip>"),
        .init("<forward mode='open' dev='eth0'/>\n" + Row.ip(), "<forward> with mode 'open' has no rules"),
        .init("<forward mode='open'><interface dev='eth0'/></forward>\n" + Row.ip(), "remove the device"),
        .init(Row.forward("<interface/>"), line: 4, "<interface> has no 'dev'; add the attribute"),
        .init(Row.forward("<interface dev='a'/>\n<interface dev='b'/>"), line: 5, "<interface> is the second of"),
        .init(
            "<forward dev='a'>\n<interface dev='b'/></forward>\n" + Row.ip(), line: 4,
            "'dev' of <interface> is 'b'; write 'a', as <forward> has it"),
        .init(
            "<forward mode='vepa'><interface dev='a'/><interface dev='b'/>\n<interface dev='a'/></forward>", line: 4,
            "<interface> 'a' is listed on line 3 already"),
        .init("<forward mode='vepa'><pf dev='a'/>\n<pf dev='b'/></forward>", line: 4, "<pf> stands more than once"),
        .init("<forward mode='vepa'><pf/></forward>", "<pf> has no 'dev'"),
        .init("<forward mode='vepa' dev='a'>\n<pf dev='a'/></forward>", "has 'dev' and <pf> on line 4; keep one"),
        .init("<forward mode='vepa'><address type='pci' bus='1'/></forward>", "<address> is for mode 'hostdev'"),
        .init(Row.forward("<address type='pci' bus='1'/>"), line: 4, "<address> is for mode 'hostdev'"),
        .init("<forward mode='hostdev' dev='a'/>", "with mode 'hostdev' has an interface; write an <address>"),
        .init("<forward mode='hostdev'>\n<interface dev='a'/></forward>", line: 4, "has an interface"),
        .init(hostdev("<address/>"), line: 4, "<address> has no 'type'"),
        .init(hostdev("<address type='usb'/>"), line: 4, "'type' of <address> is 'usb'; write 'pci'"),
        .init(hostdev("<address type='pci' function='1'/>"), line: 4, "neither 'domain' nor 'bus' nor 'slot' but 0"),
        .init(hostdev("<address type='pci' bus='1' slot='32'/>"), line: 4, "write a number from 0 to 31"),
        .init(hostdev("<address type='pci' bus='1' function='8'/>"), line: 4, "write a number from 0 to 7"),
        .init(
            hostdev("<address type='pci' bus='16'/>\n<address type='pci' bus='0x10' slot='00'/>"), line: 5,
            "<address> is the device of the one on line 4"),
        .init("<forward mode='vepa'><driver name='xen'/></forward>", "'name' of <driver> is 'xen'; write 'kvm' or"),
        .init("<forward mode='route'>\n<nat/></forward>\n" + Row.ip(), line: 4, "<nat> is for mode 'nat'"),
        .init(Row.forward("<nat/>\n<nat/>"), line: 5, "<nat> stands more than once in <forward>, also on line 4"),
        .init(Row.forward("<nat ipv6='x'/>"), line: 4, "'ipv6' of <nat> is 'x'; write 'yes' or 'no'"),
        .init(nat("<port start='1024'/>"), line: 4, "<port> has no 'end'"),
        .init(nat("<port start='x' end='9'/>"), line: 4, "write a number from 0 to 65535"),
        .init(nat("<port start='9' end='1'/>"), line: 4, "<port> 9 to 1 ends before it starts"),
        .init(nat("<port start='1' end='2'/>\n<port start='1' end='2'/>"), line: 5, "<port> stands more than once"),
        .init(nat("<address start='192.0.2.1'/>"), line: 4, "<address> has no 'end'"),
        .init(nat("<address start='fd00::1' end='192.0.2.1'/>"), line: 4, "is 'fd00::1'; write an IPv4 address"),
        .init(nat("<address start='192.0.2.9' end='192.0.2.1'/>"), line: 4, "ends before it starts"),
        .init(nat("<address start='192.0.2.9' end='192.1.2.1'/>"), line: 4, "is too large; choose addresses of one"),
    ]

    /// `<bandwidth>`, `<vlan>`, `<virtualport>`, `<portgroup>` and `<port>`.
    static let ports: [Finding] = [
        .init("<bandwidth><inbound/></bandwidth>", "<inbound> has no 'average'; add the attribute"),
        .init("<bandwidth><inbound peak='1'/></bandwidth>", "<inbound> has no 'average'"),
        .init("<bandwidth><inbound floor='0' burst='1'/></bandwidth>", "<inbound> has no 'average'"),
        .init("<bandwidth><inbound average=''/></bandwidth>", "'average' of <inbound> is ''; write a number"),
        .init("<bandwidth><inbound average='1' peak='-1'/></bandwidth>", "'peak' of <inbound> is '-1'"),
        .init("<bandwidth><inbound average='1' floor='1'/></bandwidth>", "'floor' of <inbound> can be promised to one"),
        .init("<bandwidth><outbound average='1' floor='1'/></bandwidth>", "'floor' of <outbound>"),
        .init(
            "<bandwidth><inbound average='1'/>\n<inbound average='1'/></bandwidth>", line: 4,
            "<inbound> stands more than once in <bandwidth>, also on line 3"),
        .init("<bandwidth classID='1'/>", "<bandwidth> has 'classID'"),
        .init(Row.bridged("<vlan/>"), line: 4, "<vlan> has no <tag>; add one"),
        .init(Row.bridged("<vlan><tag/></vlan>"), line: 4, "<tag> has no 'id'"),
        .init(Row.bridged("<vlan><tag id='4096'/></vlan>"), line: 4, "write a number from 0 to 4095"),
        .init(Row.bridged("<vlan><tag id='1' nativeMode='x'/></vlan>"), line: 4, "write 'tagged' or 'untagged'"),
        .init(
            Row.bridged("<vlan><tag id='1' nativeMode='tagged'/>\n<tag id='2' nativeMode='tagged'/></vlan>"), line: 5,
            "<tag> 2 is native, and so is 1"),
        .init(Row.bridged("<vlan trunk='maybe'><tag id='1'/></vlan>"), line: 4, "is 'maybe'; write 'yes' or 'no'"),
        .init(Row.bridged("<vlan trunk='no'><tag id='1'/><tag id='2'/></vlan>"), line: 4, "more than one <tag>"),
        .init(Row.bridged("<vlan trunk='no'><tag id='1' nativeMode='tagged'/></vlan>"), line: 4, "a native <tag>"),
        .init("<virtualport/>", "<virtualport> has no 'type'; add one of '802.1Qbg', '802.1Qbh', 'openvswitch',"),
        .init("<virtualport type='802.1qbg'/>", "'type' of <virtualport> is '802.1qbg'; write one of"),
        .init(parameters("802.1Qbg", "managerid='256'"), "write a number from 0 to 255"),
        .init(parameters("802.1Qbg", "typeid='0x1000000'"), "write a number from 0 to 16777215"),
        .init(parameters("802.1Qbg", "typeidversion='x'"), "'typeidversion' of <parameters> is 'x'"),
        .init(parameters("802.1Qbg", "instanceid='x'"), "'instanceid' of <parameters> is 'x'; write 32 hexadecimal"),
        .init(parameters("802.1Qbg", "profileid='p'"), "'profileid' is no parameter of a <virtualport> of type"),
        .init(parameters("802.1Qbh", "managerid='1'"), "'managerid' is no parameter"),
        .init(parameters("midonet", "profileid='p'"), "'profileid' is no parameter"),
        .init(parameters("openvswitch", "typeid='1'"), "'typeid' is no parameter"),
        .init(parameters("802.1Qbh", "profileid='\(String(repeating: "p", count: 40))'"), "write at most 39 octets"),
        .init("<portgroup/>", "<portgroup> has no 'name'"),
        .init("<portgroup name='a'/>\n<portgroup name='a'/>", line: 4, "has the name 'a' of the one on line 3"),
        .init(
            "<portgroup name='a' default='yes'/>\n<portgroup name='b' default='yes'/>", line: 4,
            "'b' is the default, and so is 'a' on line 3"),
        .init("<portgroup name='a' trustGuestRxFilters='x'/>", "is 'x'; write 'yes' or 'no'"),
        .init("<port isolated=''/>", "'isolated' of <port> is ''; write 'yes' or 'no'"),
    ]

    /// `<ip>`.
    static let addresses: [Finding] = [
        .init("<ip/>", "<ip> has no 'address'; add the attribute"),
        .init("<ip address='300.1.1.1'/>", "'address' of <ip> is '300.1.1.1'; write an IPv4 or IPv6 address"),
        .init("<ip address='fe80::1%eth0' family='ipv6'/>", "write an IPv4 or IPv6 address"),
        .init("<ip address='10.0.0.1' family='x'/>", "'family' of <ip> is 'x'; write 'ipv4' or 'ipv6'"),
        .init("<ip address='fd00::1'/>", "<ip> has the IPv6 address fd00::1; add family='ipv6'"),
        .init("<ip address='fd00::1' family='ipv4'/>", "add family='ipv6'"),
        .init("<ip address='10.0.0.1' family='ipv6'/>", "has the IPv4 address 10.0.0.1; write family='ipv4'"),
        .init("<ip address='10.0.0.1' prefix='8' netmask='255.0.0.0'/>", "both 'netmask' and 'prefix'; keep one"),
        .init("<ip address='10.0.0.1' prefix='33'/>", "write a number from 0 to 32"),
        .init("<ip address='fd00::1' family='ipv6' prefix='129'/>", "write a number from 0 to 128"),
        .init("<ip address='10.0.0.1' prefix=''/>", "'prefix' of <ip> is ''"),
        .init("<ip address='10.0.0.1' netmask='ffff::'/>", "write ones followed by zeros"),
        .init("<ip address='fd00::1' family='ipv6' netmask='255.0.0.0'/>", "write prefix='64' instead"),
        .init("<ip address='10.0.0.1' localPtr='maybe'/>", "'localPtr' of <ip> is 'maybe'; write 'yes' or 'no'"),
        .init("<ip address='fd00::1' family='ipv6'>\n<tftp/></ip>", line: 4, "<tftp> is for an <ip> with an IPv4"),
        .init(
            """
            <ip address='10.0.0.1'><dhcp><range start='10.0.0.2' end='10.0.0.3'/></dhcp></ip>
            <ip address='11.0.0.1'>
            <dhcp><range start='11.0.0.2' end='11.0.0.3'/></dhcp></ip>
            """, line: 5, "<dhcp> can serve one <ip> of family 'ipv4', and does on line 3; remove one"),
        .init(
            """
            <ip family='ipv6' address='fd00::1'><dhcp><host name='a' ip='fd00::2'/></dhcp></ip>
            <ip family='ipv6' address='fd01::1'>
            <dhcp><host name='a' ip='fd01::2'/></dhcp></ip>
            """, line: 5, "<dhcp> can serve one <ip> of family 'ipv6', and does on line 3; remove one"),
    ]

    /// `<dhcp>`: ranges, reservations and leases.
    static let leases: [Finding] = [
        .init(Row.dhcp("<range start='10.0.0.5'/>"), line: 4, "<range> has no 'end'"),
        .init(Row.dhcp("<range start='10.0.0.5' end='fd00::5'/>"), line: 4, "write an IPv4 address, as in its <ip>"),
        .init(Row.dhcp6("<range start='10.0.0.5' end='fd00::5'/>"), line: 4, "write an IPv6 address, as in its <ip>"),
        .init(Row.dhcp("<range start='10.0.0.9' end='10.0.0.5'/>"), line: 4, "ends before it starts; swap start and"),
        .init(Row.dhcp("<range start='9.0.0.5' end='10.0.0.5'/>"), line: 4, "is not in the subnet 10.0.0.0/8 of its"),
        .init(Row.dhcp6("<range start='fd00::5' end='fd01::5'/>"), line: 4, "is not in the subnet fd00::/64 of its"),
        .init(Row.dhcp("<range start='10.0.0.0' end='10.0.0.5'/>"), line: 4, "starts with the network address"),
        .init(
            Row.dhcp("<range start='10.255.0.9' end='10.255.255.255'/>"), line: 4, "ends with the broadcast address"),
        .init(Row.dhcp("<range start='10.1.255.0' end='10.2.0.9'/>"), line: 4, "is too large, or crosses"),
        .init(Row.dhcp6("<range start='fd00::5' end='fd00::1:5'/>"), line: 4, "from one /112 into the next"),
        .init(
            "<ip address='240.0.0.1'><dhcp>\n<range start='240.0.0.2' end='240.0.0.3'/></dhcp></ip>", line: 4,
            "is not in a subnet of its <ip>"),
        .init(Row.dhcp("<host ip='10.0.0.5'/>"), line: 4, "<host> has neither 'mac' nor 'name'"),
        .init(Row.dhcp("<host id='00:01' ip='10.0.0.5'/>"), line: 4, "<host> has neither 'mac' nor 'name'"),
        .init(Row.dhcp6("<host ip='fd00::5'/>"), line: 4, "<host> has neither 'id' nor 'name'"),
        .init(Row.dhcp6("<host id='zz' ip='fd00::5'/>"), line: 4, "'id' of <host> is 'zz'; write the octets of the"),
        .init(
            Row.dhcp6("<host mac='52:54:00:00:00:01' name='a' ip='fd00::5'/>"), line: 4, "write the client's DUID as"),
        .init(Row.dhcp("<host name='a'/>"), line: 4, "<host> has no 'ip'"),
        .init(Row.dhcp("<host name='-a' ip='10.0.0.5'/>"), line: 4, "beginning with a letter or digit"),
        .init(Row.dhcp("<host name='' ip='10.0.0.5'/>"), line: 4, "'name' of <host> is ''"),
        .init(Row.dhcp("<host mac='' ip='10.0.0.5'/>"), line: 4, "'mac' of <host> is ''"),
        .init(Row.dhcp("<host mac='ff:ff:ff:ff:ff:ff' ip='10.0.0.5'/>"), line: 4, "write a unicast address"),
        .init(
            Row.dhcp("<range start='10.0.0.5' end='10.0.0.6'/><bootp file='a' server='pxe.lab'/>"), line: 4,
            "'server' of <bootp> is 'pxe.lab'; write an IPv4 or IPv6 address"),
        .init(Row.lease("expiry='x'"), line: 4, "'expiry' of <lease> is 'x'"),
        .init(Row.lease("expiry='1'"), line: 4, "<lease> of 1 minutes is too short; write at least 2 minutes"),
        .init(Row.lease("expiry='119' unit='seconds'"), line: 4, "<lease> of 119 seconds is too short"),
        .init(Row.lease("expiry='1' unit='days'"), line: 4, "'unit' of <lease> is 'days'; write 'seconds', 'minutes'"),
    ]

    /// `<route>`.
    static let routes: [Finding] = [
        .init(Row.route("address='11.0.0.0' prefix='8'"), line: 4, "<route> has no 'gateway'"),
        .init(Row.route("prefix='8' gateway='10.0.0.2'"), line: 4, "<route> has no 'address'"),
        .init(Row.route("address='11.0.0.0' prefix='8' gateway='11.0.0.2'"), line: 4, "which is in no <ip> of the"),
        .init(Row.route("address='11.0.0.1' prefix='8' gateway='10.0.0.2'"), line: 4, "write address='11.0.0.0'"),
        .init(Row.route("address='11.0.0.0' gateway='10.0.0.2'"), line: 4, "host bits in 0.0.0.0/0; add a 'prefix'"),
        .init(Row.route("address='11.0.0.0' prefix='33' gateway='10.0.0.2'"), line: 4, "from 0 to 32"),
        .init(Row.route("address='11.0.0.0' netmask='x' gateway='10.0.0.2'"), line: 4, "'netmask' of <route> is 'x'"),
        .init(
            Row.route("address='11.0.0.0' netmask='255.0.255.0' gateway='10.0.0.2'"), line: 4, "ones followed by zeros"),
        .init(
            Row.route("address='11.0.0.0' netmask='255.0.0.0' prefix='8' gateway='10.0.0.2'"), line: 4,
            "<route> has both 'netmask' and 'prefix'"),
        .init(
            Row.route("address='11.0.0.0' prefix='8' gateway='10.0.0.2' metric='0'"), line: 4, "from 1 to 4294967295"),
        .init(Row.route("address='fd00::' prefix='8' gateway='10.0.0.2'"), line: 4, "or family='ipv6'"),
        .init(
            Row.route("family='ipv6' address='fd00::' prefix='8' gateway='10.0.0.2'"), line: 4,
            "'gateway' of <route> is '10.0.0.2'; write an IPv6 address"),
        .init(Row.route("family='x' address='11.0.0.0' prefix='8' gateway='10.0.0.2'"), line: 4, "'ipv4' or 'ipv6'"),
    ]

    /// `<domain>` and `<dns>`.
    static let names: [Finding] = [
        .init("<domain name='lab' localOnly=''/>", "'localOnly' of <domain> is ''; write 'yes' or 'no'"),
        .init("<domain name='lab' register='x'/>", "'register' of <domain> is 'x'; write 'yes' or 'no'"),
        .init("<dns enable='off'/>", "'enable' of <dns> is 'off'; write 'yes' or 'no'"),
        .init("<dns enable='no'>\n<forwarder addr='1.1.1.1'/></dns>", line: 4, "no effect in <dns enable='no'>"),
        .init("<dns>\n<forwarder/></dns>", line: 4, "<forwarder> has neither 'addr' nor 'domain'"),
        .init("<dns><forwarder addr='one'/></dns>", "'addr' of <forwarder> is 'one'; write an IPv4 or IPv6"),
        .init("<dns><forwarder addr='1.1.1.1' port='0'/></dns>", "'port' of <forwarder> is '0'; write a number from 1"),
        .init("<dns><txt value='x'/></dns>", "<txt> has no 'name'"),
        .init("<dns><txt name='x'/></dns>", "<txt> has no 'value'"),
        .init("<dns><txt name='a b' value='x'/></dns>", "without blanks and commas"),
        .init("<dns><txt name='a,b' value='x'/></dns>", "without blanks and commas"),
        // It would not survive being written and read again.
        .init("<dns><txt name='a' value='x&#9;y'/></dns>", "'value' of <txt> holds a control character or line break"),
        .init("<dns><srv protocol='tcp'/></dns>", "<srv> has no 'service'"),
        .init("<dns><srv service='x'/></dns>", "<srv> has no 'protocol'"),
        .init("<dns><srv service='x.y' protocol='tcp'/></dns>", "'service' of <srv> is 'x.y'; write at most 62"),
        .init("<dns><srv service='x' protocol='_tcp'/></dns>", "'protocol' of <srv> is '_tcp'"),
        .init("<dns><srv service='x' protocol='tcp' port='1'/></dns>", "has 'port' and no 'target'; add the target"),
        .init("<dns><srv service='x' protocol='tcp' weight='0'/></dns>", "has 'weight' and no 'target'"),
        .init("<dns><srv service='x' protocol='tcp' target='x' port='0'/></dns>", "number from 1 to 65535"),
        .init("<dns><srv service='x' protocol='tcp' target='x' priority='65536'/></dns>", "number from 0 to 65535"),
        .init("<dns><host><hostname>x</hostname></host></dns>", "<host> has no 'ip'"),
        .init("<dns>\n<host ip='10.0.0.1'/></dns>", line: 4, "<host> has no <hostname>; add one"),
        .init("<dns><host ip='10.0.0.1'><hostname/></host></dns>", "<host> has no <hostname>; add one"),
        .init("<dns><host ip='10.0.0.1'>\n<hostname>a\nb</hostname></host></dns>", line: 4, "<hostname> holds a line"),
    ]

    /// Elements that do not go with the mode.
    static let misfits: [Finding] = [
        .init(Row.bridged(Row.ip()), line: 4, "<ip> needs a bridge of the network's own, which mode 'bridge' has not"),
        .init(Row.bridged("<mac address='52:54:00:00:00:01'/>"), line: 4, "<mac> needs a bridge of the network's own"),
        .init(Row.bridged("<mtu size='1500'/>"), line: 4, "<mtu> needs a bridge of the network's own"),
        .init(Row.bridged("<domain name='a'/>"), line: 4, "<domain> needs a bridge of the network's own"),
        .init(Row.bridged("<dns>\n<txt name='a' value='b'/></dns>"), line: 5, "<txt> needs a bridge of the"),
        .init("<forward mode='bridge'/>\n<bridge stp='on'/>", line: 4, "'stp' of <bridge> has no meaning with mode"),
        .init("<forward mode='bridge'/>\n<bridge delay='1'/>", line: 4, "'delay' of <bridge> has no meaning"),
        .init("<forward mode='vepa'/>\n<bridge zone='a'/>", line: 4, "'zone' of <bridge> has no meaning"),
        .init("<forward mode='vepa'/>\n<bridge name='a'/>", line: 4, "'name' of <bridge> has no meaning"),
        .init("<forward mode='hostdev'/>\n<bridge macTableManager='kernel'/>", line: 4, "'macTableManager' of"),
        .init("<forward mode='bridge' dev='a'/>\n<bridge name='b'/>", line: 4, "has a name and <forward> a device"),
        .init("<vlan><tag id='1'/></vlan>", "<vlan> needs a bridge or device that is there already"),
        .init("<forward mode='bridge'/>\n<vlan><tag id='1'/></vlan>", line: 4, "<vlan> needs a bridge or device"),
        .init("<portgroup name='a'>\n<vlan><tag id='1'/></vlan></portgroup>", line: 4, "<vlan> needs a bridge"),
        .init(
            "<forward mode='hostdev'/><portgroup name='a'><virtualport type='openvswitch'/>\n<vlan><tag id='1'/></vlan>"
                + "</portgroup>", line: 4, "<vlan> needs a bridge or device"),
        .init(
            "<forward mode='vepa'/>\n<bandwidth><inbound average='1'/></bandwidth>", line: 4,
            "<bandwidth> needs a bridge, which the network has not"),
        .init(
            "<forward mode='vepa'/><portgroup name='a'>\n<bandwidth><inbound average='1'/></bandwidth></portgroup>",
            line: 4, "<bandwidth> needs a bridge"),
    ]

    private static func hostdev(_ body: String) -> String { "<forward mode='hostdev'>\n\(body)</forward>" }

    private static func nat(_ body: String) -> String { Row.forward("<nat>\(body)</nat>") }

    private static func parameters(_ kind: String, _ attributes: String) -> String {
        "<virtualport type='\(kind)'><parameters \(attributes)/></virtualport>"
    }

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
        (String(repeating: "é", count: 124), "248 octets long; choose one of at most 247"),
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
}
