import DHCP
import NetworkModel
import TestSupport
import Testing

/// RFC 2131, sections 4.3.3 to 4.3.5: DECLINE, RELEASE and INFORM.
@Suite struct ReleaseTests {
    private let guest = Guest("52:54:00:00:00:01")
    private let other = Guest("52:54:00:00:00:02")

    @Test func rfc2131_4_3_3_declinedAddressIsSetAsideForTenMinutes() {
        var server = DHCPv4Server(
            configuration { $0.ranges = [.init(start: "10.0.0.9", end: "10.0.0.9", leaseSeconds: 3_600)] })
        server.serve(guest)
        #expect(server.handle(guest.decline("10.0.0.9"), now: noon).outcome == .commit([.remove("10.0.0.9")]))
        #expect(server.leases.isEmpty)
        #expect(server.handle(guest.discover(), now: noon + 599).outcome == .ignore(.noAddressFree))
        #expect(server.handle(guest.reboot("10.0.0.9"), now: noon + 599).outcome == .nak(.setAside))
        #expect(server.handle(guest.discover(), now: noon + 600).outcome == .offer("10.0.0.9"))
    }

    @Test func declinedReservationGivesWayForAWhile() {
        var server = DHCPv4Server(configuration { $0.reservations = [reservation(mac: guest.mac, "10.0.0.20")] })
        server.serve(guest)
        _ = server.handle(guest.decline("10.0.0.20"), now: noon)
        let substitute = server.serve(guest, now: noon + 1)
        #expect(substitute.map { $0 >= "10.0.0.100" } == true)
        let renewal = guest.renew(substitute ?? .any)
        #expect(server.handle(renewal, now: noon + 599).outcome == .ack(substitute ?? .any))
        #expect(server.handle(renewal, now: noon + 600).outcome == .nak(.reservedElsewhere))
        #expect(server.serve(guest, now: noon + 601) == "10.0.0.20")
    }

    @Test func declineOfAnOfferNeedsNoCommit() {
        var server = DHCPv4Server(configuration())
        _ = server.handle(guest.discover(wanting: "10.0.0.150"), now: noon)
        #expect(server.handle(guest.decline("10.0.0.150"), now: noon).outcome == .commit([]))
        #expect(server.handle(other.reboot("10.0.0.150"), now: noon).outcome == .nak(.setAside))
    }

    /// The ended lease of another, on disk still, goes with the address that was offered anew.
    @Test func declineOfAnOfferRemovesTheEndedLease() {
        var server = DHCPv4Server(configuration())
        server.serve(other, wanting: "10.0.0.150")
        _ = server.handle(guest.discover(wanting: "10.0.0.150"), now: noon + 3_600)
        #expect(server.handle(guest.decline("10.0.0.150"), now: noon + 3_601).changes == [.remove("10.0.0.150")])
        #expect(server.leases.isEmpty)
    }

    /// A guest that declines everything cannot take the whole range away: the addresses set aside first come back.
    @Test func addressesSetAsideAreBounded() {
        var server = DHCPv4Server(
            configuration {
                $0.subnet = "10.0.0.0/16"
                $0.ranges = [.init(start: "10.0.1.0", end: "10.0.8.255", leaseSeconds: 300)]
            })
        let declined = (0..<1_025).compactMap { number -> IPv4Address? in
            let guest = Guest(number: number)
            guard let address = server.serve(guest),
                server.handle(guest.decline(address), now: noon) == .commit([.remove(address)])
            else { return nil }
            return address
        }
        #expect(Set(declined).count == 1_025)
        #expect(server.handle(guest.reboot(declined[0]), now: noon).outcome == .ack(declined[0]))
        #expect(server.handle(other.reboot(declined[1]), now: noon).outcome == .nak(.setAside))
    }

    /// What another guest, and one in error, cannot do to the lease of 10.0.0.150.
    @Test func onlyTheHolderGivesAnAddressBack() {
        var server = DHCPv4Server(configuration())
        server.serve(guest, wanting: "10.0.0.150")
        var foreign = guest
        foreign.server = "10.0.0.2"
        let rows: [(DHCPv4Message, DHCPv4Decision.Silence)] = [
            (other.decline("10.0.0.150"), .notHeld),
            (other.release("10.0.0.150"), .notHeld),
            (guest.decline("10.0.0.151"), .notHeld),
            (guest.release("10.0.0.151"), .notHeld),
            (foreign.decline("10.0.0.150"), .foreignServer),
            (foreign.release("10.0.0.150"), .foreignServer),
            (guest.message(.decline), .contradictory),
            (guest.message(.release), .notHeld),
        ]
        for (message, expected) in rows {
            #expect(server.handle(message, now: noon) == .ignore(expected))
            #expect(server.leases.map(\.address) == ["10.0.0.150"])
        }
    }

    @Test func rfc2131_4_3_4_releaseFreesTheAddress() {
        var server = DHCPv4Server(configuration())
        server.serve(guest, wanting: "10.0.0.150")
        #expect(server.handle(guest.release("10.0.0.150"), now: noon) == .commit([.remove("10.0.0.150")]))
        #expect(server.handle(guest.release("10.0.0.150"), now: noon) == .ignore(.notHeld))
        #expect(server.handle(other.reboot("10.0.0.150"), now: noon).outcome == .ack("10.0.0.150"))
    }

    @Test func rfc2131_4_3_5_informGetsParametersOnly() throws {
        var server = DHCPv4Server(configuration { $0.domain = "example.lab" })
        let message = guest.message(.inform) { $0.ciaddr = "10.0.0.30" }
        let reply = try #require(server.handle(message, now: noon).reply)
        #expect(reply.message.kind == .ack)
        #expect(reply.message.ciaddr == "10.0.0.30")
        #expect(reply.message.yiaddr == .any)
        #expect(reply.message.options[.leaseTime] == nil)
        #expect(reply.message.options[.renewalTime] == nil)
        #expect(reply.message.options[.domainName] == Array("example.lab".utf8))
        #expect(reply.destination == .unicast("10.0.0.30", guest.mac))
        #expect(server.leases.isEmpty)
    }

    @Test(
        arguments: [("0.0.0.0", .contradictory), ("192.168.1.5", .foreignSubnet)]
            as [(IPv4Address, DHCPv4Decision.Silence)])
    func rfc2131_4_3_5_informIsIgnored(address: IPv4Address, expected: DHCPv4Decision.Silence) {
        var server = DHCPv4Server(configuration())
        #expect(server.handle(guest.message(.inform) { $0.ciaddr = address }, now: noon) == .ignore(expected))
    }

    /// Whoever asks next may have it.
    @Test func aPersonCanReleaseALease() {
        var server = DHCPv4Server(
            configuration { $0.ranges = [.init(start: "10.0.0.9", end: "10.0.0.9", leaseSeconds: 60)] })
        server.serve(Guest(number: 1))
        #expect(server.release("10.0.0.8", now: noon) == [])
        #expect(server.release("10.0.0.9", now: noon) == [.remove("10.0.0.9")])
        #expect(server.serve(Guest(number: 2)) == "10.0.0.9")
        #expect(server.handle(Guest(number: 1).renew("10.0.0.9"), now: noon).outcome == .nak(.heldByAnother))
    }

    /// Machines cloned with their identity; one of them finds the address again when it has a new network card and nobody
    /// else has the address.
    @Test func clonesGetAddressesOfTheirOwn() {
        var server = DHCPv4Server(configuration())
        let first = Guest("52:54:00:00:00:01", identifier: [0xFF, 1])
        let second = Guest("52:54:00:00:00:02", identifier: [0xFF, 1])
        let address = server.serve(first)
        let other = server.serve(second)
        #expect(address != nil && other != nil && address != other)
        #expect(server.leases.count == 2)
        #expect(server.serve(first) == address)
        #expect(server.serve(second) == other)
        guard let other else { return }
        _ = server.handle(second.release(other), now: noon)
        #expect(server.serve(Guest("52:54:00:00:00:03", identifier: [0xFF, 1])) == other)
    }
}
