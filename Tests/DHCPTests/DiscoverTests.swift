import DHCP
import NetworkModel
import TestSupport
import Testing

/// RFC 2131, section 4.3.1: which address a client is offered, and for how long.
@Suite struct DiscoverTests {
    private let guest = Guest("52:54:00:00:00:01")
    private let other = Guest("52:54:00:00:00:02")

    @Test func rfc2131_4_3_1_offersTheSameAddressAgain() {
        var first = DHCPv4Server(configuration())
        let outcome = first.handle(guest.discover(), now: noon).outcome
        #expect(first.handle(guest.discover(), now: noon + 5).outcome == outcome)
        // Without any memory, too: it follows from the client's identity.
        var second = DHCPv4Server(configuration())
        #expect(second.handle(guest.discover(), now: noon).outcome == outcome)
        #expect(first.leases.isEmpty)
    }

    /// What the client wishes for in option 50.
    @Test(
        arguments: [
            ("10.0.0.150", true),  // in the range and free
            ("10.0.0.99", false),  // below the range
            ("10.0.0.160", false),  // reserved for another
            ("10.0.0.1", false),  // the server
            ("10.0.0.255", false),  // broadcast
            ("10.0.1.150", false),  // another subnet
            ("10.0.0.170", false),  // held by another
        ] as [(IPv4Address, Bool)])
    func rfc2131_4_3_1_honoursRequestedAddress(wanted: IPv4Address, isGiven: Bool) {
        var server = DHCPv4Server(configuration { $0.reservations = [reservation(mac: MACAddress(9), "10.0.0.160")] })
        #expect(server.serve(other, wanting: "10.0.0.170") == "10.0.0.170")
        let outcome = server.handle(guest.discover(wanting: wanted), now: noon).outcome
        #expect((outcome == .offer(wanted)) == isGiven)
        if !isGiven { #expect(outcome != .ignore(.noAddressFree)) }
    }

    @Test func rfc2131_4_3_1_presentLeaseBeforeRequestedAddress() {
        var server = DHCPv4Server(configuration())
        #expect(server.serve(guest, wanting: "10.0.0.150") == "10.0.0.150")
        #expect(server.handle(guest.discover(wanting: "10.0.0.151"), now: noon + 10).outcome == .offer("10.0.0.150"))
        // Ended, but free.
        #expect(server.handle(guest.discover(wanting: "10.0.0.151"), now: noon + 4_000).outcome == .offer("10.0.0.150"))
        // Ended and removed, but free.
        #expect(server.expire(now: noon + 4_000) == [.remove("10.0.0.150")])
        #expect(server.handle(guest.discover(wanting: "10.0.0.151"), now: noon + 4_001).outcome == .offer("10.0.0.150"))
    }

    @Test func rfc2131_4_3_1_releasedAddressIsOfferedAgain() {
        var server = DHCPv4Server(configuration())
        server.serve(guest, wanting: "10.0.0.150")
        #expect(server.handle(guest.release("10.0.0.150"), now: noon).outcome == .commit([.remove("10.0.0.150")]))
        #expect(server.handle(guest.discover(), now: noon + 1).outcome == .offer("10.0.0.150"))
    }

    @Test func offeredAddressIsHeldForAMinute() {
        var server = DHCPv4Server(configuration())
        #expect(server.handle(guest.discover(wanting: "10.0.0.150"), now: noon).outcome == .offer("10.0.0.150"))
        let held = server.handle(other.discover(wanting: "10.0.0.150"), now: noon + 59).outcome
        #expect(held != .offer("10.0.0.150"))
        #expect(server.handle(other.reboot("10.0.0.150"), now: noon + 59).outcome == .nak(.offeredToAnother))
        #expect(server.handle(other.reboot("10.0.0.150"), now: noon + 60).outcome == .ack("10.0.0.150"))
    }

    /// A clock that is set back by a day does not make a minute of it.
    @Test func offerIsNotHeldLongerWhenTheClockIsSetBack() {
        var server = DHCPv4Server(configuration())
        #expect(server.handle(guest.discover(wanting: "10.0.0.150"), now: noon).outcome == .offer("10.0.0.150"))
        let dayBefore = noon + -86_400
        #expect(server.handle(other.reboot("10.0.0.150"), now: dayBefore).outcome == .ack("10.0.0.150"))
    }

    /// Every address is given once before any is given a second time, and then the one that has been free longest.
    @Test func addressesRunOutInOrder() {
        var server = DHCPv4Server(
            configuration {
                $0.ranges = [
                    .init(start: "10.0.0.0", end: "10.0.0.3", leaseSeconds: 300),  // .0 is the network, .1 the server
                    .init(start: "10.0.0.3", end: "10.0.0.6", leaseSeconds: 300),  // .3 again
                    .init(start: "10.0.0.254", end: "10.0.1.9", leaseSeconds: 300),  // .254, then beyond the subnet
                    .init(start: "10.0.0.40", end: "10.0.0.30", leaseSeconds: 300),  // none: the wrong way round
                ]
                $0.reservations = [reservation(mac: MACAddress(9), "10.0.0.5")]
            })
        let given = (1...5).map { server.serve(Guest(number: $0), now: noon + Int64($0)) }
        #expect(Set(given) == ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.6", "10.0.0.254"])
        #expect(server.handle(Guest(number: 6).discover(), now: noon + 6).outcome == .ignore(.noAddressFree))
        #expect(server.handle(Guest(number: 6).discover(), now: noon + 300).outcome == .ignore(.noAddressFree))

        // Each lease ends a second after the one before.
        #expect(server.serve(Guest(number: 6), now: noon + 301) == given[0])
        #expect(server.serve(Guest(number: 7), now: noon + 301) == nil)
        #expect(server.serve(Guest(number: 8), now: noon + 304) == given[1])
        #expect(server.expire(now: noon + 305).count == 3)
        #expect(server.serve(Guest(number: 9), now: noon + 305) == given[2])
        // A released address was in use till now.
        let released = server.handle(Guest(number: 6).release(given[0] ?? .any), now: noon + 306)
        #expect(released.changes == [.remove(given[0] ?? .any)])
        #expect(server.serve(Guest(number: 10), now: noon + 307) == given[3])
        #expect(server.serve(Guest(number: 11), now: noon + 307) == given[4])
        #expect(server.serve(Guest(number: 12), now: noon + 307) == given[0])
        #expect(server.serve(Guest(number: 13), now: noon + 307) == nil)
    }

    @Test func neverEndingLeaseIsNeverReused() {
        var server = DHCPv4Server(
            configuration { $0.ranges = [.init(start: "10.0.0.9", end: "10.0.0.9", leaseSeconds: .max)] })
        #expect(server.serve(guest) == "10.0.0.9")
        #expect(server.lease(of: "10.0.0.9")?.expiry == nil)
        #expect(server.expire(now: 10_000_000_000) == [])
        #expect(server.serve(other, now: 10_000_000_000) == nil)
    }

    @Test func subnetsOfTwoAddressesHaveNoBroadcast() {
        var configuration = ServiceConfiguration.DHCP(serverAddress: "10.0.0.1", subnet: "10.0.0.0/31")
        configuration.ranges = [.init(start: "10.0.0.0", end: "10.0.0.1", leaseSeconds: 300)]
        var server = DHCPv4Server(configuration)
        #expect(server.serve(guest) == "10.0.0.0")
        #expect(server.serve(other) == nil)
    }

    @Test func emptyConfigurationGivesNothing() {
        var server = DHCPv4Server(configuration { $0.ranges = [] })
        #expect(server.handle(guest.discover(), now: noon).outcome == .ignore(.noAddressFree))
    }

    /// The whole of a large range is given out, each address once.
    @Test func tenThousandGuests() {
        var server = DHCPv4Server(
            configuration {
                $0.subnet = "10.0.0.0/18"
                $0.ranges = [.init(start: "10.0.1.0", end: "10.0.40.15", leaseSeconds: 300)]
            })
        let given = (0..<10_000).compactMap { server.serve(Guest(number: $0)) }
        #expect(Set(given).count == 10_000)
        #expect(server.serve(Guest(number: 10_000)) == nil)
        #expect(server.leases.map(\.address) == given.sorted())
    }

    /// What a guest asks for in option 51 where the range has an hour, and what it gets.
    @Test(
        arguments: [
            (nil, 3_600),  // nothing
            (1_800, 1_800),  // less
            (7_200, 3_600),  // more
            (.max, 3_600),  // for ever
            (10, 120),  // too little
            (0, 120),
        ] as [(UInt32?, UInt32)])
    func rfc2131_4_3_1_leaseTime(requested: UInt32?, given: UInt32) throws {
        var server = DHCPv4Server(configuration())
        let message = guest.message(.discover) { if let requested { $0.options.set(.leaseTime, requested) } }
        let options = try #require(server.handle(message, now: noon).reply).message.options
        #expect(options.u32(.leaseTime) == given)
        #expect(options.u32(.renewalTime) == given / 2)
        #expect(options.u32(.rebindingTime) == given / 8 * 7)
    }

    @Test func leaseTimeIsOfTheRangeOrReservation() {
        var server = DHCPv4Server(
            configuration {
                $0.ranges.append(.init(start: "10.0.0.50", end: "10.0.0.59", leaseSeconds: 60))
                $0.reservations = [reservation(mac: "52:54:00:00:00:02", "10.0.0.150", leaseSeconds: 900)]
            })
        server.serve(guest, wanting: "10.0.0.50")
        server.serve(other)
        #expect(server.leases.map(\.expiry) == [noon + 60, noon + 900])
    }

    @Test func rfc4039_3_1_rapidCommit() throws {
        var server = DHCPv4Server(configuration())
        let message = guest.message(.discover) { $0.options[.rapidCommit] = [] }
        let decision = server.handle(message, now: noon)
        let reply = try #require(decision.reply)
        #expect(reply.message.kind == .ack)
        #expect(reply.message.options[.rapidCommit] == [])
        #expect(decision.changes == server.leases.map { .store($0) })
        #expect(server.leases.map(\.address) == [reply.message.yiaddr])
    }
}
