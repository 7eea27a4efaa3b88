import DHCP
import NetworkModel
import TestSupport
import Testing
import Wire

@Suite struct DHCPv6MessageTests {
    private static func packet(_ bytes: [UInt8]) throws(WireError) -> DHCPv6Packet {
        try DHCPv6Packet(reading: bytes.span)
    }

    private static func bytes(_ packet: DHCPv6Packet) -> [UInt8] {
        var writer = WireWriter()
        packet.write(to: &writer)
        return writer.bytes
    }

    /// A Solicit of `dhclient -6`, field by field.
    private static let solicit: [UInt8] =
        [1, 0x0C, 0x5F, 0x21]  // Solicit, transaction
        + [0, 1, 0, 14, 0, 1, 0, 1, 0x2C, 0xB5, 0x5A, 0x41, 0x52, 0x54, 0, 0, 1, 1]  // client identifier: DUID-LLT
        + [0, 6, 0, 8, 0, 23, 0, 24, 0, 39, 0, 31]  // option request
        + [0, 8, 0, 2, 0, 0]  // elapsed time
        + [0, 3, 0, 12, 0, 0, 1, 1, 0, 0, 0x0E, 0x10, 0, 0, 0x15, 0x18]  // IA_NA with T1 and T2

    @Test func readsWhatDhclientSends() throws {
        let packet = try Self.packet(Self.solicit)
        #expect(packet.relays.isEmpty)
        #expect(packet.message.kind == .solicit)
        #expect(packet.message.transactionID == 0x0C_5F21)
        #expect(packet.message.options[.clientIdentifier]?.count == 14)
        #expect(packet.message.options.requested?.contains(.clientFQDN) == true)
        let association = try #require(packet.message.options.associations.first)
        #expect(association.kind == .address)
        #expect(association.iaid == 0x0101)
        #expect(association.renewal == 3_600)
        #expect(Self.bytes(packet) == Self.solicit)
    }

    @Test func readsWhatRelaysWrap() throws {
        let link = IPv6Address("fd00::2").octets
        let peer = IPv6Address("fe80::7").octets
        let inner =
            [12, 0] + link + peer + [0, 18, 0, 2, 7, 7] + [0, 9, 0, UInt8(Self.solicit.count)] + Self.solicit
        let outer = [12, 1] + IPv6Address.any.octets + link + [0, 9, 0, UInt8(inner.count)] + inner
        let packet = try Self.packet(outer)
        #expect(packet.relays.map(\.hopCount) == [1, 0])
        #expect(packet.relays.last?.options[.interfaceID] == [7, 7])
        // The answer goes back in Relay-replies.
        let answer = Self.bytes(packet)
        #expect(answer.count == outer.count)
        #expect(answer[0] == 13)
        #expect(answer[38] == 13)
    }

    @Test func refusesMoreRelaysThanThereMayBe() {
        var bytes = Self.solicit
        for depth in 0..<9 {
            bytes =
                [12, UInt8(depth)] + IPv6Address.any.octets + IPv6Address.any.octets
                + [0, 9, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
            let count = depth + 1
            let relays = (try? Self.packet(bytes))?.relays.count
            #expect(relays == (count <= 8 ? count : nil))
        }
    }

    /// Every message cut short at every octet, and with every octet changed, is read or refused, and answered or not.
    @Test(arguments: 0..<20) func nothingTraps(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let guest = IPv6Guest(number: 1, name: "vm1")
        let relay = DHCPv6Relay(linkAddress: "fd00::2", peerAddress: "fe80::7")
        var samples = [
            guest.solicit, guest.request("fd00::100/128"), guest.renew("fd00::100/128"), guest.rebind("fd00::100/128"),
            guest.release("fd00::100/128"), guest.decline("fd00::100/128"), guest.confirm("fd00::100/128"),
            guest.message(.informationRequest),
        ].map(Self.bytes)
        samples.append([12] + Self.bytes(DHCPv6Packet(guest.solicit.message, relays: [relay])).dropFirst())
        var server = DHCPv6Server(
            ipv6Configuration { $0.delegations = [.init(block: "fd10::/40", prefixLength: 56, leaseSeconds: 60)] })
        for sample in samples {
            for count in 0...sample.count {
                var bytes = Array(sample.prefix(count))
                if !bytes.isEmpty, Bool.random(using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                }
                guard let packet = try? Self.packet(bytes) else { continue }
                let decision = server.handle(packet, from: guest.origin, now: noon)
                if let reply = decision.reply { #expect(!reply.payload.isEmpty) }
            }
        }
    }

    // MARK: Frames

    /// A frame as a guest sends it: Ethernet, IPv6, UDP from 546 to 547, and four octets.
    private static let frame: [UInt8] =
        [0x33, 0x33, 0, 1, 0, 2] + [0x52, 0x54, 0, 0, 1, 1] + [0x86, 0xDD]
        + [0x60, 0, 0, 0, 0, 12, 17, 1] + IPv6Address("fe80::7").octets + IPv6Address("ff02::1:2").octets
        + [2, 34, 2, 35, 0, 12, 0, 0] + [1, 2, 3, 4]

    @Test func readsFrames() throws {
        let found = UDPv6Frame.read(Self.frame.span)
        let (headers, payload) = try #require(found)
        #expect(headers.sourceMAC == "52:54:00:00:01:01")
        #expect(headers.source == "fe80::7")
        #expect(headers.destination == "ff02::1:2")
        #expect(headers.sourcePort == 546)
        #expect(Array(Self.frame[payload]) == [1, 2, 3, 4])
    }

    @Test(arguments: [
        (12, 0x08),  // IPv4
        (14, 0x40),  // version 4
        (20, 0),  // hop-by-hop options first
        (59, 13),  // a datagram longer than its packet
        (59, 7),  // and one shorter than its header
    ])
    func refusesFrames(offset: Int, octet: Int) {
        var frame = Self.frame
        frame[offset] = UInt8(octet)
        #expect(UDPv6Frame.read(frame.span) == nil)
        for count in 0..<Self.frame.count { #expect(UDPv6Frame.read(Array(Self.frame[..<count]).span) == nil) }
    }
}
