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

    @Test(arguments: ["10.0.0.1", "10.0.1.150", "10.0.0.0", "0.0.0.0"])
    func whatIsNoGuestsAddressIsNotNoted(address: IPv4Address) {
        var server = DHCPv4Server(configuration())
        #expect(server.sighted(address, by: other.mac, now: noon) == nil)
    }

    @Test func probesAskAndClaimNothing() throws {
        let frame = ARPPacket(probing: "10.0.0.150", from: "52:54:00:00:00:99").frame
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
