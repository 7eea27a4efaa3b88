import DHCP
import NetworkModel
import TestSupport
import Testing

/// Leases that come from disk, meet a new configuration, or end.
@Suite struct LeaseRestoreTests {
    private let guest = Guest("52:54:00:00:00:01", name: "vm1")
    private let other = Guest("52:54:00:00:00:02")

    private func lease(_ address: IPv4Address, _ mac: MACAddress, expiry: WallTime? = noon + 100) -> Lease {
        Lease(address: address, mac: mac, expiry: expiry)
    }

    @Test func restoredLeaseIsTheClients() {
        var before = DHCPv4Server(configuration())
        let address = before.serve(guest, wanting: "10.0.0.150")
        var after = DHCPv4Server(configuration: configuration(), leases: before.leases)
        #expect(after.leases == before.leases)
        #expect(after.handle(guest.discover(), now: noon + 1).outcome == address.map(Outcome.offer))
        #expect(after.handle(other.reboot("10.0.0.150"), now: noon + 1).outcome == .nak(.heldByAnother))
        #expect(after.handle(guest.renew("10.0.0.150"), now: noon + 1).outcome == .ack("10.0.0.150"))
    }

    /// What is restored stays listed until it is removed on disk, but keeps an address from nobody unless it still
    /// counts.
    @Test func restoredLeasesThatDoNotCount() {
        var server = DHCPv4Server(
            configuration: configuration { $0.reservations = [reservation(mac: other.mac, "10.0.0.160")] },
            leases: [
                lease("10.0.0.150", MACAddress(7), expiry: noon),  // has ended
                lease("10.0.0.160", MACAddress(8)),  // reserved for another since
                lease("10.0.0.50", MACAddress(9), expiry: nil),  // outside the ranges
                lease("192.168.1.5", MACAddress(10)),  // of another subnet
                lease("10.0.0.170", MACAddress(11)),  // counts
            ])
        #expect(server.leases.count == 5)
        #expect(server.handle(guest.reboot("10.0.0.150"), now: noon).outcome == .ack("10.0.0.150"))
        #expect(server.serve(other) == "10.0.0.160")
        #expect(server.handle(Guest(MACAddress(9)).renew("10.0.0.50"), now: noon).outcome == .nak(.notGivenOut))
        #expect(server.expire(now: noon) == [.remove("10.0.0.50"), .remove("192.168.1.5")])
        #expect(server.leases.map(\.address) == ["10.0.0.150", "10.0.0.160", "10.0.0.170"])
    }

    /// The later of two leases of one address counts, as on disk.
    @Test func oneLeaseAnAddress() {
        let leases = [lease("10.0.0.150", MACAddress(7)), lease("10.0.0.150", MACAddress(8))]
        var server = DHCPv4Server(configuration: configuration(), leases: leases)
        #expect(server.leases == [leases[1]])
        #expect(server.handle(Guest(MACAddress(7)).reboot("10.0.0.150"), now: noon).outcome == .nak(.heldByAnother))
    }

    @Test func reconfigurationKeepsWhatFits() {
        var server = DHCPv4Server(configuration())
        server.serve(guest, wanting: "10.0.0.150")
        server.serve(other, wanting: "10.0.0.190")
        _ = server.handle(Guest(number: 3).discover(wanting: "10.0.0.151"), now: noon)
        let kept = server.lease(of: "10.0.0.150")
        let changes = server.reconfigure(
            configuration { $0.ranges = [.init(start: "10.0.0.149", end: "10.0.0.151", leaseSeconds: 60)] })
        #expect(changes == [.remove("10.0.0.190")])
        #expect(server.leases == [kept].compactMap(\.self))
        // The offer stands, the lease has its old end, and what is free is given at the new terms.
        #expect(server.handle(other.reboot("10.0.0.151"), now: noon).outcome == .nak(.offeredToAnother))
        #expect(server.serve(other) == "10.0.0.149")
        #expect(server.lease(of: "10.0.0.149")?.expiry == noon + 60)
        #expect(server.handle(Guest(number: 4).discover(), now: noon).outcome == .ignore(.noAddressFree))
    }

    /// Addresses that were not given out before a change are after it.
    @Test func reconfigurationFreesAddresses() {
        var server = DHCPv4Server(
            configuration {
                $0.ranges = [.init(start: "10.0.0.9", end: "10.0.0.9", leaseSeconds: 60)]
                $0.reservations = [reservation(mac: MACAddress(7), "10.0.0.9")]
            })
        #expect(server.serve(guest) == nil)
        _ = server.reconfigure(
            configuration { $0.ranges = [.init(start: "10.0.0.9", end: "10.0.0.9", leaseSeconds: 60)] })
        #expect(server.serve(guest) == "10.0.0.9")
    }

    @Test func expiryIsReportedOnce() {
        var server = DHCPv4Server(configuration())
        server.serve(guest, wanting: "10.0.0.151")
        server.serve(other, wanting: "10.0.0.150")
        #expect(server.expire(now: noon + 3_599) == [])
        #expect(server.expire(now: noon + 3_600) == [.remove("10.0.0.150"), .remove("10.0.0.151")])
        #expect(server.expire(now: noon + 3_600) == [])
        #expect(server.leases.isEmpty)
    }

    /// A full range has room again as soon as an address is released.
    @Test func releasedAddressMakesRoom() {
        var server = DHCPv4Server(
            configuration { $0.ranges = [.init(start: "10.0.0.9", end: "10.0.0.9", leaseSeconds: 3_600)] })
        server.serve(guest)
        #expect(server.handle(other.discover(), now: noon).outcome == .ignore(.noAddressFree))
        #expect(server.handle(guest.release("10.0.0.9"), now: noon).outcome == .commit([.remove("10.0.0.9")]))
        #expect(server.handle(other.discover(), now: noon).outcome == .offer("10.0.0.9"))
    }

    /// A full range has room again as soon as an offer lapses, without any other message between.
    @Test func lapsedOfferMakesRoom() {
        var server = DHCPv4Server(
            configuration { $0.ranges = [.init(start: "10.0.0.9", end: "10.0.0.10", leaseSeconds: 3_600)] })
        server.serve(guest)
        #expect(server.handle(other.discover(), now: noon).outcome != .ignore(.noAddressFree))
        let third = Guest(number: 3)
        #expect(server.handle(third.discover(), now: noon + 1).outcome == .ignore(.noAddressFree))
        #expect(server.handle(third.discover(), now: noon + 59).outcome == .ignore(.noAddressFree))
        #expect(server.handle(third.discover(), now: noon + 60).outcome != .ignore(.noAddressFree))
    }

    /// The machine sleeps for a day, and somebody sets its clock by a year: the one passes, the other does not.
    @Test func leasesEndByAClockThatNobodySets() {
        let (wall, day, year) = (Duration.seconds(noon.seconds), Duration.seconds(86_400), Duration.seconds(31_536_000))
        let start = Duration.milliseconds(100_900)
        var clock = LeaseClock(wall: wall, sinceStart: start)
        #expect(clock.time(sinceStart: start) == noon)
        #expect(clock.time(sinceStart: start + day) == noon + 86_400)
        #expect(clock.adjust(wall: wall + day + .milliseconds(1_500), sinceStart: start + day) == nil)
        #expect(clock.adjust(wall: wall + day, sinceStart: start + day) == nil)
        #expect(clock.adjust(wall: wall + day + year, sinceStart: start + day) == 31_536_000)
        #expect(clock.time(sinceStart: start + day) == noon + 86_400 + 31_536_000)
        #expect(clock.adjust(wall: wall + day, sinceStart: start + day) == -31_536_000)
        #expect(clock.offset == noon.seconds - 101)
    }
}
