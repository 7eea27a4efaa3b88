internal import LibvirtXML
internal import NetworkModel
internal import TestSupport
internal import Testing

/// What the golden files cannot show: the values behind the text.
@Suite struct ReadingTests {
    @Test func fillsInDefaults() throws {
        let network = try read("<network><name>lab</name></network>")
        #expect(network.bridge == .init(name: nil, stp: true, delay: 0))
        #expect(network.forward == nil)
        #expect(network.mac == nil)
    }

    @Test func makesAUUIDOnlyWhereThereIsNone() throws {
        var random = SeededGenerator(seed: 1)
        let expected = NetworkUUID.random(using: &random)
        #expect(try read("<network><name>lab</name></network>").uuid == expected)
        let given = try read(network("<uuid>5a0f3d1c-0000-4000-8000-000000000001</uuid>"))
        #expect(given.uuid == "5a0f3d1c-0000-4000-8000-000000000001")
    }

    /// Forms of one address: libvirt reads them as `inet_aton()` does.
    @Test(arguments: [
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.515", "10.1.2.3"),
        ("10.66051", "10.1.2.3"),
        ("167838211", "10.1.2.3"),
        ("0xA.01.0X2.3", "10.1.2.3"),
        ("012.1.2.3", "10.1.2.3"),
    ])
    func readsAddress(text: String, address: IPAddress) throws {
        #expect(try read(network("<ip address='\(text)' prefix='8'/>")).ips.first?.address == address)
    }

    @Test(arguments: [
        "10.1.2.3.4", "10.1.2.256", "10.1.65536", "256.1", "4294967296", "08.1.2.3", "0x.1.2.3", "+1.2.3.4",
    ])
    func refusesAddress(text: String) {
        #expect(problems(network("<ip address='\(text)' prefix='8'/>")).count == 1)
    }

    /// The place is where the start tag begins; libxml2 knows only where it ends.
    @Test func findsTheBeginningOfATag() throws {
        let problem = try #require(
            problems(
                """
                <network>
                  <!-- <not counted> -->
                  <name><![CDATA[<nor this>]]>é</name><?nor <this>?>
                  é<ip
                    address='10.0.0.1'
                    prefix='33'/>
                </network>
                """
            ).last)
        #expect(problem.line == 4)
        #expect(problem.column == 4)
        #expect(problem.element == "ip")
    }

    @Test func tellsAllProblemsInOrder() {
        let error = #expect(throws: XMLProblems.self) {
            try read(
                """
                <network trustGuestRxFilters='maybe'>
                  <ip address='10.0.0.1' prefix='33'/>
                  <bandwidth><inbound/></bandwidth>
                  <bridge name='much-too-long-a-name' wibble='1' delay='x'/>
                  <mac address='01:00:00:00:00:00'/>
                </network>
                """)
        }
        #expect(
            error?.description == """
                line 1, column 1: <network> has no name; write <name>…</name>
                line 1, column 1: attribute 'trustGuestRxFilters' of <network> is 'maybe'; write 'yes' or 'no'
                line 2, column 3: attribute 'prefix' of <ip> is '33'; write a number from 0 to 32
                line 3, column 14: <inbound> has no 'average'; add the attribute, in kilobytes per second
                line 4, column 3: attribute 'delay' of <bridge> is 'x'; write a number from 0 to 9223372036854775807
                line 5, column 3: attribute 'address' of <mac> is '01:00:00:00:00:00'; write a unicast address: the first octet \
                is even
                """)
    }

    /// What libvirt has added since version 9.0, whose output the golden files are.
    @Test func keepsWhatLaterVersionsHave() throws {
        let text = """
            <network>
              <name>lab</name>
              <uuid>5a0f3d1c-0000-4000-8000-000000000001</uuid>
              <title>A &lt;title&gt;</title>
              <description>Two
            lines</description>
              <forward mode='hostdev' managed='no'>
                <driver name='vfio' model='mlx5_vfio_pci'/>
                <address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x1'/>
                <address type='pci' domain='0x10000' bus='0x00' slot='0x00' function='0x0'/>
              </forward>
            </network>

            """
        let network = try read(text)
        #expect(network.title == "A <title>")
        #expect(network.description == "Two\nlines")
        #expect(network.forward?.addresses.map(\.function) == [1, 0])
        #expect(network.libvirtXML == text)
        let served = try read(
            "<network><name>lab</name><domain name='a' register='yes'/><dns><forwarder addr='::1' port='5353'/></dns></network>"
        )
        #expect(served.libvirtXML.contains("<domain name='a' register='yes'/>"))
        #expect(served.libvirtXML.contains("<forwarder addr='::1' port='5353'/>"))
    }

    /// A message shows a value that would fill a screen, or move the cursor on it, only as far as that is harmless.
    @Test func cutsLongValues() throws {
        let long = String(repeating: "x", count: 40_000)
        let messages =
            problems(network("<mac address='\(long)\u{9B}'/>")).map(\.message)
            + (try warnings(network("<\(long)/>")).map(\.message))
        #expect(messages.count == 3)
        #expect(messages.allSatisfy { $0.utf8.count < 250 && !$0.unicodeScalars.contains("\u{9B}") })
    }
}
