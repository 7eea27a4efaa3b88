internal import LibvirtXML
internal import NetworkModel
internal import TestSupport
internal import Testing

/// `net-update` by its matrix of sections and commands: what changes, and what is refused.
@Suite struct UpdateTests {
    /// A network with one or more of everything that can be updated.
    static let base = """
        <network>
          <name>lab</name>
          <uuid>5a0f3d1c-0000-4000-8000-000000000001</uuid>
          <forward dev='eth0' mode='route'>
            <interface dev='eth0'/>
          </forward>
          <bridge name='vnt-lab' stp='on' delay='0'/>
          <dns>
            <txt name='about' value='lab'/>
            <srv service='ldap' protocol='tcp' domain='a.lab' target='x.lab' port='389'/>
            <srv service='ldap' protocol='udp' target='x.lab'/>
            <host ip='10.0.0.7'>
              <hostname>gate</hostname>
              <hostname>door</hostname>
            </host>
            <host ip='10.0.0.8'>
              <hostname>door</hostname>
            </host>
          </dns>
          <ip address='10.0.0.1' prefix='24'>
            <dhcp>
              <range start='10.0.0.100' end='10.0.0.199'/>
              <host mac='52:54:00:00:00:0A' name='web' ip='10.0.0.10'/>
              <host name='only' ip='10.0.0.11'/>
            </dhcp>
          </ip>
          <ip address='10.0.1.1' prefix='24'>
          </ip>
          <ip family='ipv6' address='fd00::1' prefix='64'>
          </ip>
          <portgroup name='a' default='yes'>
          </portgroup>
          <portgroup name='b'>
          </portgroup>
        </network>

        """

    struct Row: CustomTestStringConvertible, Sendable {
        let command: UpdateCommand
        let section: UpdateSection
        let element: String
        var index = -1
        /// Lines that come, after `+`, and that go, after `-`; or a part of the message.
        let expected: String

        init(_ command: UpdateCommand, _ section: UpdateSection, _ element: String, index: Int = -1, _ expected: String)
        {
            self.command = command
            self.section = section
            self.element = element
            self.index = index
            self.expected = expected
        }

        var testDescription: String { "\(command.rawValue) \(section.rawValue) \(element)" }

        func apply() throws -> NetworkDefinition {
            try read(UpdateTests.base).updated(command, section, with: [UInt8](element.utf8), parentIndex: index)
        }
    }

    @Test func baseIsWhatItReadsAs() throws { #expect(try read(Self.base).libvirtXML == Self.base) }

    /// What each command changes: lines after `+` come, and lines after `-` go.
    @Test(
        arguments: [
            .init(
                .modify, .bridge, "<bridge stp='off' delay='4'/>",
                "-<bridge name='vnt-lab' stp='on' delay='0'/> +<bridge name='vnt-lab' stp='off' delay='4'/>"),
            .init(.addLast, .domain, "<domain name='a.lab'/>", "+<domain name='a.lab'/>"),
            .init(
                .addLast, .ip, "<ip address='10.0.2.1' prefix='24'/>", "+<ip address='10.0.2.1' prefix='24'> +</ip>"),
            .init(
                .modify, .ip, "<ip address='10.0.3.1' prefix='24'/>", index: 1,
                "-<ip address='10.0.1.1' prefix='24'> +<ip address='10.0.3.1' prefix='24'>"),
            .init(.delete, .ip, "<ip address='10.0.1.1'/>", "-<ip address='10.0.1.1' prefix='24'> -</ip>"),
            .init(
                .modify, .forward, "<forward mode='nat'/>",
                "-<forward dev='eth0' mode='route'> -<interface dev='eth0'/> -</forward> +<forward mode='nat'/>"),
            .init(
                .delete, .forward, "<forward/>",
                "-<forward dev='eth0' mode='route'> -<interface dev='eth0'/> -</forward>"),
            .init(
                .addLast, .dhcpHost, "<host mac='52:54:00:00:00:0b' ip='10.0.0.12'/>",
                "+<host mac='52:54:00:00:00:0b' ip='10.0.0.12'/>"),
            .init(
                .addFirst, .dhcpHost, "<host name='x' ip='10.0.0.12'><lease expiry='5'/></host>",
                "+<host name='x' ip='10.0.0.12'> +<lease expiry='5' unit='minutes'/> +</host>"),
            .init(
                .addLast, .dhcpHost, "<host id='0:1' ip='fd00::5'/>", index: 2,
                "+<dhcp> +<host id='0:1' ip='fd00::5'/> +</dhcp>"),
            .init(
                .modify, .dhcpHost, "<host mac='52:54:00:00:00:0a' ip='10.0.0.20'/>",
                "-<host mac='52:54:00:00:00:0A' name='web' ip='10.0.0.10'/> +<host mac='52:54:00:00:00:0a' ip='10.0.0.20'/>"
            ),
            .init(
                .modify, .dhcpHost, "<host name='new' ip='10.0.0.11'/>",
                "-<host name='only' ip='10.0.0.11'/> +<host name='new' ip='10.0.0.11'/>"),
            .init(
                .delete, .dhcpHost, "<host mac='52:54:0:0:0:a'/>",
                "-<host mac='52:54:00:00:00:0A' name='web' ip='10.0.0.10'/>"),
            .init(
                .delete, .dhcpHost, "<host ip='10.0.0.10' name='web'/>",
                "-<host mac='52:54:00:00:00:0A' name='web' ip='10.0.0.10'/>"),
            .init(
                .delete, .dhcpHost, "<host mac='52:54:00:00:00:99' name='only'/>", "-<host name='only' ip='10.0.0.11'/>"
            ),
            .init(
                .addLast, .dhcpRange, "<range start='10.0.0.5' end='10.0.0.9'/>",
                "+<range start='10.0.0.5' end='10.0.0.9'/>"),
            .init(
                .addLast, .dhcpRange, "<range start='fd00::5' end='fd00::9'/>", index: 2,
                "+<dhcp> +<range start='fd00::5' end='fd00::9'/> +</dhcp>"),
            .init(
                .delete, .dhcpRange, "<range start='10.0.0.100' end='10.0.0.199'/>",
                "-<range start='10.0.0.100' end='10.0.0.199'/>"),
            .init(
                .delete, .forwardInterface, "<interface dev='eth0'/>",
                "-<forward dev='eth0' mode='route'> -<interface dev='eth0'/> -</forward> +<forward mode='route'/>"),
            .init(.addLast, .portGroup, "<portgroup name='c'/>", "+<portgroup name='c'> +</portgroup>"),
            .init(
                .modify, .portGroup, "<portgroup name='b' trustGuestRxFilters='yes'/>",
                "-<portgroup name='b'> +<portgroup name='b' trustGuestRxFilters='yes'>"),
            .init(
                .modify, .portGroup, "<portgroup name='a'/>",
                "-<portgroup name='a' default='yes'> +<portgroup name='a'>"),
            .init(.delete, .portGroup, "<portgroup name='a'/>", "-<portgroup name='a' default='yes'> -</portgroup>"),
            .init(
                .addLast, .dnsHost, "<host ip='10.0.0.9'><hostname>n</hostname></host>",
                "+<host ip='10.0.0.9'> +<hostname>n</hostname> +</host>"),
            .init(
                .delete, .dnsHost, "<host ip='10.0.0.8'/>", "-<host ip='10.0.0.8'> -<hostname>door</hostname> -</host>"),
            .init(
                .delete, .dnsHost, "<host><hostname>gate</hostname></host>",
                "-<host ip='10.0.0.7'> -<hostname>gate</hostname> -<hostname>door</hostname> -</host>"),
            .init(.addFirst, .dnsText, "<txt name='n' value=''/>", "+<txt name='n' value=''/>"),
            .init(.delete, .dnsText, "<txt name='about'/>", "-<txt name='about' value='lab'/>"),
            .init(.addLast, .dnsService, "<srv service='sip' protocol='udp'/>", "+<srv service='sip' protocol='udp'/>"),
            .init(
                .addLast, .dnsService, "<srv service='ldap' protocol='tcp' domain='b.lab'/>",
                "+<srv service='ldap' protocol='tcp' domain='b.lab'/>"),
            .init(
                .delete, .dnsService, "<srv protocol='udp'/>", "-<srv service='ldap' protocol='udp' target='x.lab'/>"),
        ] as [Row])
    func changes(row: Row) throws {
        let difference = try lines(row.apply().libvirtXML).difference(from: lines(Self.base))
        let changed = difference.removals.map { "-" + $0.element } + difference.insertions.map { "+" + $0.element }
        let expected = row.expected.replacing(" +", with: "\n+").replacing(" -", with: "\n-").split(separator: "\n")
        #expect(changed.sorted() == expected.map { String($0) }.sorted())
    }

    /// Where an element is added.
    @Test(arguments: [
        (UpdateCommand.addFirst, ["10.0.0.12", "10.0.0.10", "10.0.0.11"]),
        (.addLast, ["10.0.0.10", "10.0.0.11", "10.0.0.12"]),
    ])
    func addsAtTheEndThatIsMeant(command: UpdateCommand, expected: [String]) throws {
        let network = try Row(command, .dhcpHost, "<host name='x' ip='10.0.0.12'/>", "").apply()
        #expect(network.ips[0].hosts.map(\.address.description) == expected)
    }

    @Test(
        arguments: [
            // What there is one of, or none.
            .init(.addLast, .bridge, "<bridge/>", "has one <bridge>, which can only be modified"),
            .init(.modify, .domain, "<domain name='x'/>", "network 'lab' has no <domain>: add it"),
            .init(.delete, .domain, "<domain name='x'/>", "network 'lab' has no such <domain>"),
            .init(.delete, .ip, "<ip address='10.0.9.1'/>", "has no <ip> with the address 10.0.9.1"),
            .init(.modify, .ip, "<ip address='10.0.9.1' prefix='24'/>", "say which <ip> by its index"),
            .init(.addLast, .ip, "<ip address='10.0.0.1' prefix='25'/>", "has <ip address='10.0.0.1'> already"),
            .init(.addLast, .forward, "<forward/>", "has <forward> already"),
            .init(.addLast, .forwardPF, "<pf dev='a'/>", "does not take its devices from a <pf>"),
            // What the rest of the network does not go with.
            .init(.modify, .forward, "<forward mode='bridge'/>", "bridge"),
            // Elements that can only be added and deleted.
            .init(.modify, .dhcpRange, "<range/>", "<range> cannot be modified, only added or deleted"),
            .init(.modify, .forwardInterface, "<interface/>", "<interface> cannot be modified"),
            .init(.modify, .dnsHost, "<host/>", "<host> cannot be modified"),
            .init(.modify, .dnsText, "<txt/>", "<txt> cannot be modified"),
            .init(.modify, .dnsService, "<srv/>", "<srv> cannot be modified"),
            // Documents that are none, or another.
            .init(.addLast, .dnsText, "<host/>", "line 1, column 1: <host> stands where section 'dns-txt' has <txt>"),
            .init(.addLast, .dnsText, "<txt", "not well-formed XML"),
            .init(.addLast, .dnsText, "<txt name='a' value='b&#10;c'/>", "'value' of <txt> holds a control character"),
            // Reservations.
            .init(.addLast, .dhcpHost, "<host ip='10.0.0.12'/>", "<host> has neither 'mac' nor 'name'"),
            .init(.addLast, .dhcpHost, "<host name='x'/>", "<host> has no 'ip'"),
            .init(
                .addLast, .dhcpHost, "<host name='x' ip='fd00::5'/>",
                "write an address of the family of its <ip>, 10.0.0.1"),
            .init(
                .addLast, .dhcpHost, "<host mac='52:54:00:00:00:0A' ip='10.0.0.12'/>",
                "has a reservation with MAC address 52:54:00:00:00:0A already"),
            .init(
                .addLast, .dhcpHost, "<host name='web' ip='10.0.0.12'/>", "has a reservation with name 'web' already"),
            .init(
                .addLast, .dhcpHost, "<host name='x' ip='10.0.0.10'/>",
                "has a reservation with address 10.0.0.10 already"),
            .init(
                .addLast, .dhcpHost, "<host name='x' ip='10.0.1.10'/>", index: 1,
                "<ip> 10.0.0.1 of network 'lab' has DHCP, and only one of a family can"),
            .init(.addLast, .dhcpHost, "<host name='x' ip='10.0.1.10'/>", index: 3, "has no <ip> of index 3"),
            .init(
                .modify, .dhcpHost, "<host name='x' ip='10.0.0.12'/>",
                "has no reservation with name 'x' or address 10.0.0.12"),
            .init(.modify, .dhcpHost, "<host name='web'/>", "<host> has no 'ip'"),
            .init(.delete, .dhcpHost, "<host/>", "<host> has neither 'mac' nor 'id' nor 'name' nor 'ip'"),
            .init(.delete, .dhcpHost, "<host name='web' ip='10.0.0.11'/>", "has no such reservation"),
            // libvirt finds the first entry without a MAC address, and deletes that.
            .init(.delete, .dhcpHost, "<host mac='52:54:00:00:00:99'/>", "has no such reservation"),
            .init(.delete, .dhcpHost, "<host ip='fd00::1'/>", "'ip' of <host> is 'fd00::1'; write an IPv4 address"),
            // Ranges.
            .init(
                .addLast, .dhcpRange, "<range start='10.0.0.100' end='10.0.0.199'/>",
                "has <range start='10.0.0.100' end='10.0.0.199'> already"),
            .init(.addLast, .dhcpRange, "<range start='10.0.2.5' end='10.0.2.9'/>", "is not in the subnet 10.0.0.0/24"),
            .init(
                .addLast, .dhcpRange, "<range start='10.0.1.5' end='10.0.1.9'/>", index: 1, "only one of a family can"),
            .init(
                .addLast, .dhcpRange, "<range start='fd00::5' end='fd00::9'/>", "write an IPv4 address, as in its <ip>"),
            .init(
                .delete, .dhcpRange, "<range start='10.0.0.100' end='10.0.0.198'/>",
                "has no <range start='10.0.0.100' end='10.0.0.198'>"),
            // Interfaces.
            .init(.addLast, .forwardInterface, "<interface/>", "<interface> has no 'dev'"),
            .init(.addLast, .forwardInterface, "<interface dev='eth0'/>", "has <interface dev='eth0'> already"),
            .init(.addLast, .forwardInterface, "<interface dev='eth1'/>", "<interface> is the second of <forward>"),
            .init(.delete, .forwardInterface, "<interface dev='eth1'/>", "has no <interface dev='eth1'>"),
            // Port groups.
            .init(.addLast, .portGroup, "<portgroup/>", "<portgroup> has no 'name'"),
            .init(.addLast, .portGroup, "<portgroup name='a'/>", "has <portgroup name='a'> already"),
            .init(.addLast, .portGroup, "<portgroup name='c' default='yes'/>", "<portgroup> 'a' is the default"),
            .init(.modify, .portGroup, "<portgroup name='b' default='yes'/>", "<portgroup> 'a' is the default"),
            .init(.modify, .portGroup, "<portgroup name='c'/>", "has no <portgroup name='c'>"),
            .init(.delete, .portGroup, "<portgroup name='c'/>", "has no <portgroup name='c'>"),
            .init(
                .addLast, .portGroup, "<portgroup name='c'><vlan><tag id='1'/></vlan></portgroup>",
                "<vlan> needs a bridge or device"),
            // Records.
            .init(.addLast, .dnsHost, "<host ip='10.0.0.9'/>", "<host> has no <hostname>"),
            .init(.addLast, .dnsHost, "<host><hostname>a</hostname></host>", "<host> has no 'ip'"),
            .init(
                .addLast, .dnsHost, "<host ip='10.0.0.7'><hostname>a</hostname></host>",
                "has <host ip='10.0.0.7'> in <dns> already"),
            .init(.delete, .dnsHost, "<host/>", "<host> has neither 'ip' nor <hostname>"),
            .init(.delete, .dnsHost, "<host ip='x'/>", "'ip' of <host> is 'x'"),
            .init(.delete, .dnsHost, "<host ip='10.0.0.9'/>", "has no such <host> in <dns>"),
            .init(.delete, .dnsHost, "<host><hostname>door</hostname></host>", "has 2 such <host> in <dns>: say more"),
            .init(.addLast, .dnsText, "<txt name='n'/>", "<txt> has no 'value'"),
            .init(.addLast, .dnsText, "<txt name='about' value='x'/>", "has <txt name='about'> already"),
            .init(.delete, .dnsText, "<txt name='n'/>", "has no <txt name='n'>"),
            .init(.addLast, .dnsService, "<srv service='ldap'/>", "<srv> has no 'protocol'"),
            .init(
                .addLast, .dnsService, "<srv service='ldap' protocol='tcp'/>",
                "has <srv service='ldap' protocol='tcp'> already"),
            .init(.delete, .dnsService, "<srv/>", "<srv> has no attribute; say which one is meant"),
            .init(.delete, .dnsService, "<srv service='ldap'/>", "has 2 such <srv>: say more"),
            .init(.delete, .dnsService, "<srv service='sip'/>", "has no such <srv>"),
        ] as [Row])
    func refuses(row: Row) {
        let error = #expect(throws: UpdateError.self) { try row.apply() }
        #expect(error?.description.contains(row.expected) == true, "\(error?.description ?? "")")
    }

    /// Networks that lack what an element belongs to.
    @Test(arguments: [
        ("", UpdateSection.dhcpHost, "<host name='x' ip='10.0.0.12'/>", "has no <ip> that could have DHCP"),
        ("", .forwardInterface, "<interface dev='a'/>", "has no <forward>: it is isolated"),
        ("<forward mode='hostdev'><pf dev='a'/></forward>", .forwardInterface, "<interface dev='a'/>", "by <pf> or"),
        ("<dns enable='no'/>", .dnsText, "<txt name='a' value='b'/>", "has enable='no'"),
        ("<forward mode='vepa'/>", .dnsText, "<txt name='a' value='b'/>", "<txt> needs a bridge of the network's own"),
    ])
    func refuses(body: String, section: UpdateSection, element: String, expected: String) throws {
        let network = try read(network(body))
        let error = #expect(throws: UpdateError.self) {
            try network.updated(.addLast, section, with: [UInt8](element.utf8))
        }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    /// Pools of interfaces hold more than one, and what is left empty is not written.
    @Test func updatesWhatIsNotThereYet() throws {
        var network = try read(network("<forward mode='vepa'/>"))
        for name in ["eth0", "eth1"] {
            network = try network.updated(
                .addFirst, .forwardInterface, with: [UInt8]("<interface dev='\(name)'/>".utf8))
        }
        #expect(network.forward?.interfaces == ["eth1", "eth0"])

        let plain = try read(LibvirtXMLTests.network("<ip address='10.0.0.1'/>"))
        let text = [UInt8]("<txt name='a' value='b'/>".utf8)
        let withText = try plain.updated(.addLast, .dnsText, with: text)
        #expect(withText.dns?.texts == [.init(name: "a", value: "b")])
        #expect(try withText.updated(.delete, .dnsText, with: text) == plain)
    }

    @Test func numbersAreLibvirts() {
        #expect((0...5).map { UpdateCommand(code: $0) } == [nil, .modify, .delete, .addLast, .addFirst, nil])
        #expect(UpdateSection(code: 0) == nil)
        #expect(UpdateSection(code: 4) == .dhcpHost)
        #expect(UpdateSection(code: 12) == .dnsService)
        #expect(UpdateSection(code: 13) == nil)
    }

    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { String($0.drop { $0 == " " }) }
    }
}

extension CollectionDifference<String>.Change {
    fileprivate var element: String {
        switch self {
        case .insert(_, let element, _), .remove(_, let element, _): element
        }
    }
}
