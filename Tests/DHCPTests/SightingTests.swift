import DHCP
import NetworkModel
import TestSupport
import Testing
import Wire

/// Addresses that guests have given themselves (RFC 2131, section 2.2; RFC 5227).
@Suite struct SightingTests {
    private let guest = Guest("52:54:00:00:00:01")
    private let other = Guest("52:54:00:00:00:02")

    @Test func whoUsesAnAddressKeepsItFromOthersAndMayHaveIt() {
        var server = DHCPv4Server(configuration())
        #expect(server.sighted("10.0.0.150", by: other.mac, now: noon) == .unleased)
        #expect(server.handle(guest.discover(wanting: "10.0.0.150"), now: noon).outcome != .offer("10.0.0.150"))
        #expect(server.handle(guest.reboot("10.0.0.150"), now: noon).outcome == .nak(.setAside))
        #expect(server.handle(other.discover(wanting: "10.0.0.150"), now: noon).outcome == .offer("10.0.0.150"))
        #expect(server.serve(other, wanting: "10.0.0.150") == "10.0.0.150")
        #expect(server.sighted("10.0.0.150", by: other.mac, now: noon) == .leased)
        #expect(server.sighted("10.0.0.150", by: guest.mac, now: noon) == .conflict)
        #expect(server.handle(other.renew("10.0.0.150"), now: noon).outcome == .ack("10.0.0.150"))
    }

    /// The answer to a probe comes between the offer and its acceptance.
    @Test func anOfferIsNotAcknowledgedWhenSomebodyElseHasTheAddress() {
        var server = DHCPv4Server(configuration())
        #expect(server.handle(guest.discover(wanting: "10.0.0.150"), now: noon).outcome == .offer("10.0.0.150"))
        #expect(server.sighted("10.0.0.150", by: guest.mac, now: noon) == .leased)
        #expect(server.sighted("10.0.0.150", by: other.mac, now: noon) == .unleased)
        #expect(server.handle(guest.select("10.0.0.150"), now: noon).outcome == .nak(.setAside))
        #expect(server.leases.isEmpty)
        // Nobody was heard of for ten minutes.
        #expect(server.handle(guest.discover(wanting: "10.0.0.150"), now: noon + 600).outcome == .offer("10.0.0.150"))
    }

    @Test func aReservationGivesWayToWhoUsesItsAddress() {
        var server = DHCPv4Server(configuration { $0.reservations = [reservation(mac: guest.mac, "10.0.0.20")] })
        #expect(server.sighted("10.0.0.20", by: other.mac, now: noon) == .unleased)
        #expect(server.serve(guest) != "10.0.0.20")
    }

    @Test func aGuestThatClaimsEverythingTakesAQuarterAtMost() {
        var server = DHCPv4Server(configuration())
        for number in 100..<200 {
            _ = server.sighted(IPv4Address(0x0A00_0000 + UInt32(number)), by: other.mac, now: noon)
        }
        let free = (1...100).count { number in
            if case .offer = server.handle(Guest(number: number).discover(), now: noon).outcome { true } else { false }
        }
        #expect(free == 75)
    }

    @Test func anIPv6AddressThatIsUsedIsGivenToNobodyElse() throws {
        var server = DHCPv6Server(
            ipv6Configuration { $0.ranges = [.init(start: "fd00::10", end: "fd00::11", leaseSeconds: 600)] })
        let (first, second) = (IPv6Guest(number: 1), IPv6Guest(number: 2))
        let (mac, otherMAC) = (try #require(first.mac), try #require(second.mac))
        #expect(server.sighted("fd00::10", by: otherMAC, now: noon) == .unleased)
        #expect(server.sighted("fd00::1", by: otherMAC, now: noon) == nil)
        #expect(server.sighted("fd01::10", by: otherMAC, now: noon) == nil)
        #expect(server.serve(first) == "fd00::11/128")
        #expect(server.sighted("fd00::11", by: mac, now: noon) == .leased)
        #expect(server.sighted("fd00::11", by: otherMAC, now: noon) == .conflict)
        #expect(server.handle(second.request("fd00::10/128"), from: second).prefix == "fd00::10/128")
    }

    /// RFC 4861, section 7.1, and RFC 4862, section 5.4.3.
    @Test func neighboursClaimWhatTheySendFromOrAreAboutToHave() throws {
        func frame(_ type: UInt8, from source: IPv6Address, target: IPv6Address, hops: UInt8 = 255) -> [UInt8] {
            let mac = ("52:54:00:00:00:07" as MACAddress)
            return [0x33, 0x33, 0, 0, 0, 1] + mac.octets + [0x86, 0xDD, 0x60, 0, 0, 0, 0, 24, 58, hops] + source.octets
                + ("ff02::1" as IPv6Address).octets + [type, 0, 0, 0, 0, 0, 0, 0] + target.octets
        }
        func claim(_ bytes: [UInt8]) -> IPv6Address? { (try? NeighbourClaim(reading: bytes.span))?.address }
        #expect(claim(frame(135, from: "::", target: "fd00::7")) == "fd00::7")
        #expect(claim(frame(135, from: "fd00::7", target: "fd00::8")) == "fd00::7")
        #expect(claim(frame(136, from: "fe80::7", target: "fd00::7")) == "fd00::7")
        #expect(claim(frame(134, from: "fe80::7", target: "fd00::7")) == nil)
        #expect(claim(frame(136, from: "fe80::7", target: "ff02::7")) == nil)
        #expect(claim(frame(135, from: "fd00::7", target: "fd00::8", hops: 254)) == nil)
        let whole = frame(136, from: "fe80::7", target: "fd00::7")
        for count in 0..<whole.count { #expect(claim(Array(whole[..<count])) == nil) }
    }

    @Test(arguments: ["10.0.0.1", "10.0.1.150", "10.0.0.0", "0.0.0.0"])
    func whatIsNoGuestsAddressIsNotNoted(address: IPv4Address) {
        var server = DHCPv4Server(configuration())
        #expect(server.sighted(address, by: other.mac, now: noon) == nil)
    }

    @Test func probesAskAndClaimNothing() throws {
        var writer = WireWriter()
        for _ in 0..<2 { ARPPacket(probing: "10.0.0.150", from: "52:54:00:00:00:99").writeFrame(to: &writer) }
        #expect(writer.bytes.prefix(60) == writer.bytes.suffix(60))
        let frame = Array(writer.bytes.dropFirst(60))
        #expect(frame.count == 60 && frame[0..<6].allSatisfy { $0 == 0xFF })
        let packet = try ARPPacket(reading: frame.span)
        #expect(packet.target == "10.0.0.150" && packet.sender == .any && !packet.isReply)
        for count in 0..<42 {
            #expect(throws: WireError.self) { try ARPPacket(reading: frame.span.extracting(0..<count)) }
        }
        // In another's name.
        var forged = frame
        forged[27] ^= 1
        #expect(throws: WireError.self) { try ARPPacket(reading: forged.span) }
    }
}
