internal import LibvirtXML
internal import TestSupport
internal import Testing

/// What `virsh net-dumpxml --xpath` of libvirt 9.0 printed of the same network, but for the blank line after it, and what
/// virsh cannot do.
@Suite struct XPathQueryTests {
    static let document = """
        <network>
          <name>lab</name>
          <metadata>
            <vnet:network xmlns:vnet="urn:vnet:1">
              <vnet:antiSpoof>yes</vnet:antiSpoof>
            </vnet:network>
          </metadata>
          <ip address='192.0.2.1' prefix='24'>
            <dhcp>
              <host mac='52:54:00:00:00:01' name='a' ip='192.0.2.5'/>
              <host mac='52:54:00:00:00:02' name='b' ip='192.0.2.6'/>
            </dhcp>
          </ip>
        </network>
        """

    @Test(arguments: [
        // Elements, as documents of their own.
        (
            "//host",
            """
            <host mac="52:54:00:00:00:01" name="a" ip="192.0.2.5"/>
            <host mac="52:54:00:00:00:02" name="b" ip="192.0.2.6"/>

            """
        ),
        // An element with others in it, from the root element.
        (
            "ip/dhcp",
            """
            <dhcp>
              <host mac="52:54:00:00:00:01" name="a" ip="192.0.2.5"/>
              <host mac="52:54:00:00:00:02" name="b" ip="192.0.2.6"/>
            </dhcp>

            """
        ),
        // Attributes and text.
        ("//host/@ip", " ip=\"192.0.2.5\"\n ip=\"192.0.2.6\"\n"),
        ("/network/name/text()", "lab\n"),
        // No nodes at all, which virsh refuses.
        ("string(//host[@name='b']/@ip)", "192.0.2.6\n"),
        ("count(//host)", "2\n"),
        ("//host/@name = 'b'", "true\n"),
        ("1 div 3", "0.333333333333333\n"),
        // vnet's own elements by their prefix.
        ("string(//vnet:antiSpoof)", "yes\n"),
    ])
    func selects(expression: String, expected: String) throws {
        #expect(try XPathQuery(expression).text(in: Self.document) == expected)
    }

    @Test(arguments: [
        (
            "//host",
            """
            <nodes>
              <host mac="52:54:00:00:00:01" name="a" ip="192.0.2.5"/>
              <host mac="52:54:00:00:00:02" name="b" ip="192.0.2.6"/>
            </nodes>

            """
        ),
        // A document can have one attribute of a name.
        ("//host/@ip", "<nodes ip=\"192.0.2.6\"/>\n"),
        ("//name/text()", "<nodes>lab</nodes>\n"),
        // No node is a document too.
        ("//nothing", "<nodes/>\n"),
        ("concat('<', //name)", "<nodes>&lt;lab</nodes>\n"),
    ])
    func wraps(expression: String, expected: String) throws {
        #expect(try XPathQuery(expression, isWrapped: true).text(in: Self.document) == expected)
    }

    /// The root as such is the whole document, and may not stand in another one.
    @Test func selectsTheDocument() throws {
        let plain = try XPathQuery("/").text(in: Self.document)
        #expect(plain.hasPrefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<network>\n  <name>lab</name>\n"))
        let wrapped = try XPathQuery("/", isWrapped: true).text(in: Self.document)
        #expect(wrapped.hasPrefix("<nodes>\n  <network>\n    <name>lab</name>\n"))
    }

    @Test(arguments: [
        ("//nothing", "nothing matches the XPath expression '//nothing'"),
        ("", "the XPath expression '' is wrong: "),
        ("//host[", "the XPath expression '//host[' is wrong: it does not go on as an expression after '//host['"),
        ("//x:host", "the XPath expression '//x:host' is wrong: only the prefixes 'vnet' and 'dnsmasq' are known"),
        ("frobnicate(1)", "the XPath expression 'frobnicate(1)' is wrong: XPath 1.0 has no function of that name"),
        // virsh crashes here.
        ("//namespace::*", "declarations of namespaces cannot be printed"),
        ("'a", "is wrong: a quotation mark is missing after ''a'"),
        ("$x", "is wrong: there are no variables here"),
        ("substring('a')", "is wrong: a function has too many or too few arguments"),
        ("count('a')", "is wrong: a value is of another type than is needed there"),
        // More work than anyone waits for.
        (
            "count(//*[//*[//*[//*[//*[//*[//*[//*[//*[//*[//*[. = 'x']]]]]]]]]]])",
            "is wrong: it takes too much time or memory"
        ),
    ])
    func refuses(expression: String, words: String) {
        for isWrapped in [false, true] where expression != "//nothing" || !isWrapped {
            let error = #expect(throws: XPathError.self) {
                try XPathQuery(expression, isWrapped: isWrapped).text(in: Self.document)
            }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }

    @Test func refusesWhatIsNoDocument() {
        let error = #expect(throws: XPathError.self) { try XPathQuery("/").text(in: "<network>") }
        #expect(error?.description.hasPrefix("line 1, column 10: not well-formed XML") == true)
    }
}
