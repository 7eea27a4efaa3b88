import DHCP
import TestSupport
import Testing

@Suite struct HostNameTests {
    /// The host name option (RFC 2132, section 3.14).
    @Test(arguments: [
        ("vm1", "vm1"),
        ("VM1", "vm1"),  // DNS does not tell case apart
        ("vm1.example.lab", "vm1"),  // the first label only
        ("vm1\0", "vm1"),  // a C string
        ("web-01", "web-01"),
        ("1", "1"),  // RFC 1123 allows a digit first
        (String(repeating: "a", count: 63), String(repeating: "a", count: 63)),
        (String(repeating: "a", count: 64), nil),
        ("", nil),
        (".lab", nil),
        ("-vm", nil),
        ("vm-", nil),
        ("vm_1", nil),  // no host name
        ("vm 1", nil),
        ("vm\"1", nil),  // would end a string elsewhere
        ("vmü", nil),
        ("localhost", nil),  // would be taken for the asking machine itself
        ("LOCALHOST.localdomain", nil),
    ])
    func stated(option: String, expected: String?) {
        var options = DHCPv4Message.Options()
        options.set(.hostName, text: option)
        #expect(HostName.stated(in: options) == expected)
        #expect(HostName.label(option) == expected)
    }

    /// The FQDN option: flags, two results, and the name (RFC 4702, section 2).
    @Test(
        arguments: [
            ([0x05, 0, 0, 3, 0x76, 0x6D, 0x32, 3, 0x6C, 0x61, 0x62, 0], "vm2"),  // on the DNS wire: vm2.lab.
            ([0x04, 0, 0, 3, 0x56, 0x4D, 0x32], "vm2"),  // only a part of a name, without the root
            ([0x00, 255, 255, 0x76, 0x6D, 0x32, 0x2E, 0x6C], "vm2"),  // ASCII: vm2.l
            ([0x04, 0, 0, 0], "vm1"),  // an empty name; the host name option counts
            ([0x04, 0, 0], "vm1"),  // no name
            ([0x04], "vm1"),  // cut short
            ([], "vm1"),
            ([0x04, 0, 0, 5, 0x76, 0x6D], "vm1"),  // a label longer than the option
            ([0x04, 0, 0, 0xC0, 0x0C], "vm1"),  // a compression pointer
            ([0x04, 0, 0, 4, 0x76, 0x2E, 0x6D, 0x32], "vm1"),  // a dot within a label
            ([0x04, 0, 0, 2, 0x76, 0x00], "vm1"),  // a zero within a label
        ] as [([UInt8], String)])
    func statedAsFQDN(option: [UInt8], expected: String) {
        var options = DHCPv4Message.Options()
        options.set(.hostName, text: "vm1")
        options[.clientFQDN] = option
        #expect(HostName.stated(in: options) == expected)
    }
}
