internal import LibvirtXML
internal import NetworkModel
internal import TestSupport
internal import Testing

/// `<networkport>`: what is written is what libvirt 9.0 writes, and what is wrong is told with its line.
@Suite struct NetworkPortTests {
    private static let head = """
        <networkport>
          <uuid>22222222-2222-2222-2222-222222222222</uuid>
          <owner>
            <name>dd</name>
            <uuid>33333333-3333-3333-3333-333333333333</uuid>
          </owner>
        """
    private static let mac = "  <mac address='52:54:00:01:02:03'/>"

    private static func document(_ before: String = "", _ after: String = "") -> String {
        [head, before, mac, after, "</networkport>\n"].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    /// Each is what libvirt prints of itself, so reading and writing it changes nothing.
    @Test(
        arguments: [
            document(),
            document("  <group>fast</group>"),
            document("", "  <plug type='network' bridge='virbr0'/>"),
            document("", "  <plug type='network' bridge='virbr0' macTableManager='libvirt'/>"),
            document("", "  <plug type='bridge' bridge='br0'/>"),
            document("", "  <plug type='direct' dev='ens3' mode='vepa'/>"),
            document(
                "",
                """
                  <plug type='hostdev-pci' managed='no'>
                    <driver name='vfio'/>
                    <address domain='0x0001' bus='0x02' slot='0x03' function='0x4'/>
                  </plug>
                """),
            // Everything at once, in libvirt's order.
            document(
                "  <group>fast</group>",
                """
                  <virtualport type='openvswitch'>
                    <parameters interfaceid='44444444-4444-4444-4444-444444444444' profileid='web'/>
                  </virtualport>
                  <bandwidth classID='3'>
                    <inbound average='1000' peak='5000' floor='200' burst='1024'/>
                    <outbound average='128' peak='256' burst='256'/>
                  </bandwidth>
                  <vlan trunk='yes'>
                    <tag id='42'/>
                    <tag id='43'/>
                  </vlan>
                  <port isolated='yes'/>
                  <rxfilters trustGuest='yes'/>
                  <plug type='bridge' bridge='br0'/>
                """),
            // A promise alone.
            document("", "  <bandwidth>\n    <inbound floor='200'/>\n  </bandwidth>"),
        ])
    func roundTrip(document: String) throws {
        let (port, warnings) = try NetworkPort.read(libvirtXML: [UInt8](document.utf8))
        #expect(port.libvirtXML == document)
        #expect(warnings.isEmpty)
    }

    @Test(
        arguments: [
            // Another document,
            ("<network/>", 1, "<network> is not a network's port"),
            // what every port has,
            ("<networkport>\n</networkport>", 1, "<networkport> has no UUID"),
            ("<networkport>\n</networkport>", 1, "<networkport> has no owner"),
            ("<networkport>\n</networkport>", 1, "<networkport> has no MAC address"),
            (document().replacing("<name>dd</name>", with: ""), 3, "<owner> has no name"),
            (document().replacing("  <uuid>3333", with: "  <uuid>x"), 5, "<uuid> is 'x"),
            (document().replacing("52:54:00:01:02:03", with: "53:54:00:01:02:03"), 7, "write a unicast address"),
            // and values.
            (document("", "<plug type='network'/>"), 8, "<plug> has no 'bridge'"),
            (document("", "<plug type='nonsense'/>"), 8, "'nonsense'; write 'network', 'bridge', 'direct'"),
            (document("", "<plug type='direct' dev='e0' mode='x'/>"), 8, "write one of 'vepa'"),
            (document("", "<plug type='hostdev-pci'/>"), 8, "<plug> has no device"),
            (document("", "<port isolated='x'/>"), 8, "write 'yes' or 'no'"),
            (
                document("", "<bandwidth>\n<outbound floor='1'/></bandwidth>"), 9,
                "'floor' of <outbound> can be promised in <inbound> only"
            ),
            (document("", "<bandwidth>\n<inbound peak='1'/></bandwidth>"), 9, "<inbound> has no 'average'"),
        ] as [(String, Int, String)])
    func refusal(document: String, line: Int, message: String) {
        let error = #expect(throws: XMLProblems.self) { try NetworkPort.read(libvirtXML: [UInt8](document.utf8)) }
        let found = error?.problems.contains { $0.line == line && $0.message.contains(message) }
        #expect(found == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test func tellsOfWordsThatNobodyKnows() throws {
        let document = Self.document("", "<colour/>")
        let warnings = try NetworkPort.read(libvirtXML: [UInt8](document.utf8)).warnings
        #expect(
            warnings.map(\.description) == [
                "line 8, column 1: <colour> is not an element of <networkport> and has no effect"
            ])
    }
}
