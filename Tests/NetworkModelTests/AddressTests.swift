import NetworkModel
import TestSupport
import Testing

@Suite struct AddressTests {
    /// Text that is no address, each with what is wrong with it.
    @Test(arguments: [
        "", "10.0.0", "10.0.0.0.1", "10.0.0.256", "10.0.0.01", "10.0.0.-1", " 10.0.0.1", "1e1.0.0.1", "+1.0.0.1",
    ])
    func refusesIPv4(text: String) { #expect(IPv4Address(text) == nil) }

    @Test(arguments: [
        // Longest run of zeros, and the first of two equal ones (RFC 5952, section 4.2.3).
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        // A single zero group is not shortened (section 4.2.2).
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("::", "::"),
        ("::1", "::1"),
        ("fe80::", "fe80::"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("64:ff9b::10.0.0.1", "64:ff9b::a00:1"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ])
    func writesIPv6(text: String, canonical: String) { #expect(IPv6Address(text)?.description == canonical) }

    @Test(arguments: [
        "", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "::1%eth0", "10.0.0.1::",
        "1:2:3:4:5:6:7:8::",
    ])
    func refusesIPv6(text: String) { #expect(IPv6Address(text) == nil) }

    @Test(arguments: 0..<200) func readsWhatItWrites(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let v4 = IPv4Address(UInt32.random(in: .min ... .max, using: &random))
        #expect(IPv4Address(v4.description) == v4)
        // Zero groups are what makes the text form hard, so every group is zero half the time.
        let v6 = IPv6Address(
            (0..<8).reduce(UInt128(0)) { value, _ in
                value << 16
                    | (Bool.random(using: &random) ? 0 : UInt128(UInt16.random(in: .min ... .max, using: &random)))
            })
        #expect(IPv6Address(v6.description) == v6)
        let mac = MACAddress(UInt64.random(in: .min ... .max, using: &random))
        #expect(MACAddress(mac.description) == mac)
        let uuid = NetworkUUID.random(using: &random)
        #expect(NetworkUUID(uuid.description) == uuid)
        #expect(NetworkUUID(uuid.description.filter { $0 != "-" }) == uuid)
    }

    @Test func subnetsKnowTheirBounds() {
        let subnet: IPv4Subnet = "192.168.150.77/24"
        #expect(subnet.description == "192.168.150.0/24")
        #expect(subnet.netmask == "255.255.255.0")
        #expect(subnet.broadcast == "192.168.150.255")
        #expect(subnet.overlaps("192.168.0.0/16"))
        #expect(!subnet.overlaps("192.168.151.0/24"))
        #expect(IPv4Subnet.prefixLength(ofNetmask: "255.255.240.0") == 20)
        #expect(IPv4Subnet.prefixLength(ofNetmask: "255.0.255.0") == nil)
        let all: IPv6Subnet = "::/0"
        #expect(all.contains("ffff::1"))
    }

    @Test func hostSideNeverEqualsTheGuests() {
        #expect(MACAddress("52:54:00:01:02:03").hostSide.description == "fe:54:00:01:02:03")
        #expect(MACAddress("fe:54:00:01:02:03").hostSide.description == "fa:54:00:01:02:03")
    }

    @Test func reverseNames() {
        #expect(IPv4Address("192.168.150.10").reverseName == "10.150.168.192.in-addr.arpa")
        #expect(
            IPv6Address("2001:db8::1").reverseName
                == "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")
    }
}
