internal import LibvirtXML
internal import NetworkModel
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
        #expect(try read(network.libvirtXML(live: true)) == network)
    }

    @Test(arguments: [
        // No network address translation.
        "",
        "<forward mode='route'/><ip address='10.0.0.1'/>",
        "<forward mode='open'/><ip address='10.0.0.1'/>",
        // IPv6 is routed, with nat as well.
        "<forward mode='nat'/><ip family='ipv6' address='fd00::1'/>",
    ])
    func isAsDefinedWithoutNAT(body: String) throws {
        let network = try read(network(body))
        #expect(network.libvirtXML(live: true) == network.libvirtXML)
    }
}
