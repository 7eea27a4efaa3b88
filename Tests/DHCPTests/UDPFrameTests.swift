import DHCP
import NetworkModel
import TestSupport
import Testing

@Suite struct UDPFrameTests {
    private let headers = UDPFrame(
        from: .init("52:54:00:00:00:ff", "10.0.0.1", 67), to: .init("52:54:00:00:00:01", "10.0.0.150", 68))

    @Test func writesHeadersAndChecksums() {
        #expect(
            headers.frame(carrying: [0x61, 0x62, 0x63]) == [
                0x52, 0x54, 0x00, 0x00, 0x00, 0x01,  // destination
                0x52, 0x54, 0x00, 0x00, 0x00, 0xFF,  // source
                0x08, 0x00,  // IPv4
                0x45, 0x10,  // version, header length, type of service
                0x00, 0x1F,  // total length: 31
                0x00, 0x00, 0x40, 0x00,  // identification, don't fragment
                0x40, 0x11,  // time to live, UDP
                0x26, 0x28,  // header checksum
                10, 0, 0, 1,  // source
                10, 0, 0, 150,  // destination
                0x00, 0x43, 0x00, 0x44,  // ports 67 and 68
                0x00, 0x0B,  // length: 11
                0x26, 0x58,  // checksum
                0x61, 0x62, 0x63,
            ])
    }

    /// Sums of one's complement, as a receiver makes them: all ones where the checksum is right.
    @Test(arguments: 0..<100) func rfc1071_checksumsAreRight(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let frame = headers.frame(carrying: random.bytes(upTo: 700))
        #expect(Self.sum(frame[14..<34]) == 0xFFFF)
        let datagram = frame[34...]
        let pseudoHeader = frame[26..<34] + [0, 17, UInt8(datagram.count >> 8), UInt8(datagram.count & 0xFF)]
        #expect(Self.sum(pseudoHeader + datagram) == 0xFFFF)
    }

    /// A checksum of zero would mean "none" (RFC 768), so it is sent as all ones.
    @Test func rfc768_checksumIsNeverZero() {
        let frame = headers.frame(carrying: [0, 0])
        let complement = UInt16(frame[40]) << 8 | UInt16(frame[41])
        let zero = headers.frame(carrying: [UInt8(complement >> 8), UInt8(complement & 0xFF)])
        #expect(zero[40...41] == [0xFF, 0xFF])
    }

    private static func sum(_ octets: ArraySlice<UInt8>) -> UInt32 {
        var sum: UInt32 = 0
        for (index, octet) in octets.enumerated() { sum += UInt32(octet) << (index % 2 == 0 ? 8 : 0) }
        while sum > 0xFFFF { sum = sum >> 16 + sum & 0xFFFF }
        return sum
    }

    private static func read(_ bytes: some Sequence<UInt8>) -> (headers: UDPFrame, payload: Range<Int>)? {
        let bytes = Array(bytes)
        return UDPFrame.read(bytes.span)
    }

    @Test(arguments: 0..<50) func readsWhatItWrites(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let payload = random.bytes(upTo: 600)
        let padding = random.bytes(upTo: 20)
        let frame = headers.frame(carrying: payload) + padding
        let found = try #require(Self.read(frame))
        #expect(found.headers == headers)
        #expect(Array(frame[found.payload]) == payload)
    }

    @Test func readsPastIPOptions() throws {
        var frame = headers.frame(carrying: [1, 2, 3])
        frame[14] = 0x46
        frame[17] += 4
        frame.insert(contentsOf: [0x94, 4, 0, 0], at: 34)  // router alert
        let found = try #require(Self.read(frame))
        #expect(found.payload == 46..<49)
        #expect(found.headers.destination.port == 68)
    }

    /// One octet of a good frame is changed.
    @Test(
        arguments: [
            (12, 0x81, false),  // 802.1Q tag, or something else that is not IPv4
            (13, 0x06, false),  // ARP
            (14, 0x65, false),  // IPv6
            (14, 0x44, false),  // a header of 16 octets
            (14, 0x4F, false),  // a header longer than the packet
            (16, 0x01, true),  // a packet longer than the frame: its datagram is all there
            (17, 0x1E, false),  // a packet that ends within its datagram
            (20, 0x20, false),  // more fragments follow
            (21, 0x01, false),  // not the first fragment
            (20, 0x00, true),  // may be fragmented, but is not
            (23, 0x06, false),  // TCP
            (24, 0x00, true),  // a wrong header checksum: not looked at
            (39, 0x07, false),  // a datagram shorter than its header
            (39, 0x0C, false),  // a datagram longer than the packet
            (40, 0x00, true),  // a checksum left to a network card
        ] as [(Int, UInt8, Bool)])
    func readsOnlyWholeDatagrams(offset: Int, octet: UInt8, isRead: Bool) {
        var frame = headers.frame(carrying: [0x61, 0x62, 0x63])
        frame[offset] = octet
        #expect((Self.read(frame) != nil) == isRead)
    }

    @Test func survivesTruncation() {
        let frame = headers.frame(carrying: [1, 2, 3])
        for count in 0..<frame.count { #expect(Self.read(frame.prefix(count)) == nil) }
    }

    @Test(arguments: 0..<50) func survivesAnyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var frame = headers.frame(carrying: random.bytes(upTo: 20))
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                frame[.random(in: 14..<42, using: &random)] = .random(in: 0...255, using: &random)
            }
            guard let found = Self.read(frame) else { continue }
            #expect(found.payload.lowerBound >= 42 && found.payload.upperBound <= frame.count)
        }
    }

    /// Where a reply goes, and the frame's destination.
    @Test(
        arguments: [
            (.unicast("10.0.0.150", "52:54:00:00:00:01"), .init("52:54:00:00:00:01", "10.0.0.150", 68)),
            (.broadcast, .init("ff:ff:ff:ff:ff:ff", "255.255.255.255", 68)),
            (.relay("10.0.0.2"), nil),
        ] as [(DHCPv4Reply.Destination, UDPFrame.Endpoint?)])
    func framesOfReplies(destination: DHCPv4Reply.Destination, expected: UDPFrame.Endpoint?) {
        let message = Guest(number: 1).message(.ack)
        let reply = DHCPv4Reply(message: message, destination: destination)
        let frame = reply.frame(from: "52:54:00:00:00:ff", "10.0.0.1")
        let found = frame.flatMap(Self.read)
        #expect(found?.headers.destination == expected)
        if let frame, let found {
            #expect(found.headers.source == .init("52:54:00:00:00:ff", "10.0.0.1", 67))
            #expect(Array(frame[found.payload]) == reply.payload)
        }
    }
}
