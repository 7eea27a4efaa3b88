internal import LibvirtXML
internal import NetworkModel
internal import TestSupport
internal import Testing

/// What `virsh net-dumpxml` shows of a running network beside the definition, as libvirt 9.0 does.
@Suite struct LiveXMLTests {
    @Test func showsThePortsOfNAT() throws {
        let network = try read(network("<forward dev='eth0'/><ip address='10.0.0.1'/>"))
        #expect(
            network.libvirtXML(live: true).contains(
                """
                  <forward dev='eth0' mode='nat'>
                    <nat>
                      <port start='1024' end='65535'/>
                    </nat>
                    <interface dev='eth0'/>
                  </forward>

                """))
        // As under libvirt, who defines a network by what a running one shows has the range in the definition.
        let again = try read(network.libvirtXML(live: true))
        #expect(again.forward?.nat.ports == 1_024...65_535)
        #expect(again.libvirtXML == network.libvirtXML(live: true))
    }

    @Test(arguments: [
        // A range of its own is shown as it is.
        "<forward><nat><port start='1' end='9'/></nat></forward><ip address='10.0.0.1'/>",
        // No network address translation.
        "",
        "<forward mode='route'/><ip address='10.0.0.1'/>",
        "<forward mode='open'/><ip address='10.0.0.1'/>",
        // IPv6 is routed, with nat as well, unless the document says otherwise.
        "<forward mode='nat'/><ip family='ipv6' address='fd00::1'/>",
    ])
    func isAsDefinedWithoutNAT(body: String) throws {
        let network = try read(network(body))
        #expect(network.libvirtXML(live: true) == network.libvirtXML)
    }

    /// Who reads it again is told nothing of it.
    @Test func showsHowManyGuestsThereAre() throws {
        let network = try read(network("<forward mode='private'><interface dev='e0'/><interface dev='e1'/></forward>"))
        let text = network.libvirtXML(connections: .init(total: 3, interfaces: ["e1": 3]))
        #expect(text.hasPrefix("<network connections='3'>\n"))
        #expect(text.contains("<interface dev='e0'/>\n    <interface dev='e1' connections='3'/>"))
        #expect(try read(text).libvirtXML == network.libvirtXML)
        #expect(network.libvirtXML(connections: .init()) == network.libvirtXML(live: true))
    }

    @Test func showsThePortsOfIPv6NAT() throws {
        let network = try read(
            network("<forward><nat ipv6='yes'/></forward><ip family='ipv6' address='fd00::1'/>"))
        #expect(network.libvirtXML(live: true).contains("<port start='1024' end='65535'/>"))
    }
}
