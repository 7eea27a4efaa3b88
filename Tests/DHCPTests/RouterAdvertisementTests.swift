import DHCP
import NetworkModel
import TestSupport
import Testing
import Wire

@Suite struct RouterAdvertisementTests {
    private func bytes(_ change: (inout RouterAdvertisement) -> Void) -> [UInt8] {
        var advertisement = RouterAdvertisement()
        change(&advertisement)
        var writer = WireWriter()
        advertisement.write(to: &writer)
        return writer.bytes
    }

    @Test func rfc4861_4_2_everyField() {
        let bytes = bytes {
            $0.isManaged = true
            $0.hasOtherConfiguration = true
            $0.sourceMAC = "52:54:00:00:00:ff"
            $0.mtu = 1_400
            $0.prefixes = [.init("fd00:1::/64")]
            $0.nameServers = ["fd00:1::1"]
            $0.searchDomains = ["lab"]
        }
        #expect(
            bytes == [
                134, 0, 0, 0,  // type, code, checksum
                64,  // hop limit
                0xC0,  // M and O flags
                0x07, 0x08,  // router lifetime: 1800 s
                0, 0, 0, 0,  // reachable time
                0, 0, 0, 0,  // retransmission timer
                1, 1, 0x52, 0x54, 0, 0, 0, 0xFF,  // source link-layer address
                5, 1, 0, 0, 0, 0, 0x05, 0x78,  // MTU: 1400
                3, 4, 64, 0xC0,  // prefix information: length, L and A flags
                0x00, 0x27, 0x8D, 0x00,  // valid: 30 days
                0x00, 0x09, 0x3A, 0x80,  // preferred: 7 days
                0, 0, 0, 0,  // reserved
                0xFD, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  // prefix
                25, 3, 0, 0, 0, 0, 0x07, 0x08,  // RDNSS: reserved, lifetime 1800 s
                0xFD, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,  // name server
                31, 2, 0, 0, 0, 0, 0x07, 0x08,  // DNSSL: reserved, lifetime 1800 s
                3, 0x6C, 0x61, 0x62, 0, 0, 0, 0,  // lab, the root, padding
            ])
    }

    /// An isolated network: no default router, no options that nobody set.
    @Test func rfc4861_6_2_3_noDefaultRouter() {
        #expect(bytes { $0.routerLifetime = 0 } == [134, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func rfc4861_4_6_2_prefixForDHCPv6Only() {
        let bytes = bytes {
            var prefix = RouterAdvertisement.Prefix("fd00:1::/80")
            prefix.isAutonomous = false
            prefix.validLifetime = .max
            $0.prefixes = [prefix]
        }
        #expect(bytes[16..<24] == [3, 4, 80, 0x80, 255, 255, 255, 255])
    }

    /// Domains that can be put into the option, by what it then holds.
    @Test(
        arguments: [
            (["lab."], [3, 0x6C, 0x61, 0x62, 0]),  // a final dot means nothing
            (["a.b", "c"], [1, 0x61, 1, 0x62, 0, 1, 0x63, 0]),
            (["a..b", "", ".", String(repeating: "x", count: 64), "c"], [1, 0x63, 0]),  // all but one are no names
        ] as [([String], [UInt8])])
    func rfc8106_5_2_searchDomains(domains: [String], expected: [UInt8]) {
        let bytes = bytes { $0.searchDomains = domains }
        #expect(bytes[24...].prefix(expected.count) == expected[...])
        #expect(bytes[24...].dropFirst(expected.count).allSatisfy { $0 == 0 })
        #expect(bytes.count % 8 == 0)
        #expect(Int(bytes[17]) * 8 == bytes.count - 16)
    }

    /// A length octet counts to 255; what it cannot count is left out.
    @Test func optionsStayWithinTheirLength() {
        let servers = bytes { $0.nameServers = (0..<300).map { IPv6Address(UInt128($0)) } }
        #expect(servers[17] == 255)
        #expect(servers.count == 16 + 255 * 8)
        let domains = bytes { $0.searchDomains = (0..<300).map { "name\($0).example.lab" } }
        #expect(Int(domains[17]) * 8 == domains.count - 16)
        #expect(domains[17] > 250)
    }

    /// Payloads of ICMPv6, and what comes of them as a solicitation.
    @Test(
        arguments: [
            ([133, 0, 1, 2, 0, 0, 0, 0], .success(nil)),  // without options
            ([133, 0, 1, 2, 0, 0, 0, 0, 1, 1, 0x52, 0x54, 0, 0, 0, 1], .success("52:54:00:00:00:01")),
            (
                [133, 0, 1, 2, 0, 0, 0, 0, 99, 1, 9, 9, 9, 9, 9, 9, 1, 1, 0x52, 0x54, 0, 0, 0, 2],
                .success("52:54:00:00:00:02")
            ),
            ([133, 0, 1, 2, 0, 0, 0, 0, 1, 2] + Array(repeating: 7, count: 14), .success(nil)),  // no Ethernet address
            ([134, 0, 1, 2, 0, 0, 0, 0], .failure(.malformed(offset: 0, field: "Type"))),  // an advertisement
            ([133, 1, 1, 2, 0, 0, 0, 0], .failure(.malformed(offset: 1, field: "Code"))),
            ([133, 0, 1, 2, 0, 0, 0], .failure(.truncated(offset: 2, needed: 6, available: 5))),
            ([133, 0, 1, 2, 0, 0, 0, 0, 1, 0], .failure(.malformed(offset: 9, field: "Length"))),  // would never end
            ([133, 0, 1, 2, 0, 0, 0, 0, 1, 1, 2], .failure(.truncated(offset: 10, needed: 6, available: 1))),
            ([133, 0, 1, 2, 0, 0, 0, 0, 1], .failure(.truncated(offset: 9, needed: 1, available: 0))),
            ([], .failure(.truncated(offset: 0, needed: 1, available: 0))),
        ] as [([UInt8], Result<MACAddress?, WireError>)])
    func rfc4861_6_1_1_solicitation(payload: [UInt8], expected: Result<MACAddress?, WireError>) {
        let result = Result { () throws(WireError) in try RouterSolicitation(reading: payload.span).sourceMAC }
        #expect(result == expected)
    }
}
