import DHCP
import NetworkModel
import TestSupport
import Testing

/// Addresses that are kept for one client, by its MAC address or by the name it states.
@Suite struct ReservationTests {
    private let guest = Guest("52:54:00:00:00:01")
    private let other = Guest("52:54:00:00:00:02")

    @Test func reservedAddressIsForItsClientOnly() {
        var server = DHCPv4Server(
            configuration {
                $0.ranges = [.init(start: "10.0.0.9", end: "10.0.0.9", leaseSeconds: 3_600)]
                $0.reservations = [
                    reservation(mac: guest.mac, name: "db", "10.0.0.9"),  // inside the range
                    reservation(mac: MACAddress(3), "10.0.0.20"),  // outside
                ]
            })
        #expect(server.serve(other, wanting: "10.0.0.9") == nil)
        #expect(server.handle(other.reboot("10.0.0.20"), now: noon).outcome == .nak(.reservedForAnother))
        #expect(server.serve(guest, wanting: "10.0.0.20") == "10.0.0.9")
        #expect(server.lease(of: "10.0.0.9")?.hostName == "db")
        #expect(server.lease(of: "10.0.0.9")?.expiry == noon + 7_200)
        // Also when its lease has ended.
        #expect(server.expire(now: noon + 7_200) == [.remove("10.0.0.9")])
        #expect(server.serve(other, now: noon + 7_200) == nil)
    }

    /// Reservations that no client can use.
    @Test(arguments: ["10.0.0.1", "10.0.0.0", "10.0.0.255", "10.1.0.9"] as [IPv4Address])
    func unusableReservationCountsForNothing(address: IPv4Address) {
        var server = DHCPv4Server(configuration { $0.reservations = [reservation(mac: guest.mac, address)] })
        let given = server.serve(guest)
        #expect(given.map { $0 >= "10.0.0.100" && $0 <= "10.0.0.199" } == true)
    }

    @Test func nameIdentifiesAClientWithoutMAC() {
        var server = DHCPv4Server(configuration { $0.reservations = [reservation(name: "Build.lab", "10.0.0.20")] })
        let build = Guest("52:54:00:00:00:05", name: "build.example.org")
        #expect(server.serve(build) == "10.0.0.20")
        #expect(server.lease(of: "10.0.0.20")?.hostName == "build")
        // It need not state its name each time.
        #expect(server.handle(Guest(build.mac).renew("10.0.0.20"), now: noon + 60).outcome == .ack("10.0.0.20"))
        #expect(server.handle(Guest(build.mac).reboot("10.0.0.20"), now: noon + 60).outcome == .ack("10.0.0.20"))
        // A second client of that name gets another address, and no name.
        let second = server.serve(Guest("52:54:00:00:00:06", name: "build"), now: noon + 60)
        #expect(second.flatMap(server.lease).map(\.hostName) == .some(nil))
        #expect(server.lease(of: "10.0.0.20")?.mac == build.mac)
        // One that says another name is another client.
        #expect(
            server.handle(Guest(build.mac, name: "x").renew("10.0.0.20"), now: noon).outcome
                == .nak(.reservedForAnother))
    }

    /// A name between DISCOVER and REQUEST only is enough.
    @Test func nameInDiscoverCountsForTheRequest() {
        var server = DHCPv4Server(configuration { $0.reservations = [reservation(name: "build", "10.0.0.20")] })
        let named = Guest("52:54:00:00:00:05", name: "build")
        #expect(server.handle(named.discover(), now: noon).outcome == .offer("10.0.0.20"))
        #expect(server.handle(Guest(named.mac).select("10.0.0.20"), now: noon).outcome == .ack("10.0.0.20"))
        #expect(server.lease(of: "10.0.0.20")?.hostName == "build")
    }

    @Test func nameInDiscoverIsForgottenWithTheOffer() {
        var server = DHCPv4Server(configuration { $0.reservations = [reservation(name: "build", "10.0.0.20")] })
        let named = Guest("52:54:00:00:00:05", name: "build")
        #expect(server.handle(named.discover(), now: noon).outcome == .offer("10.0.0.20"))
        #expect(server.expire(now: noon + 60) == [])
        let late = Guest(named.mac).select("10.0.0.20")
        #expect(server.handle(late, now: noon + 60).outcome == .nak(.reservedForAnother))
    }

    @Test func newReservationMovesAClientWhenItAsks() {
        var server = DHCPv4Server(configuration())
        server.serve(guest, wanting: "10.0.0.150")
        #expect(
            server.reconfigure(configuration { $0.reservations = [reservation(mac: guest.mac, "10.0.0.20")] }) == [])
        // Until then it keeps its address, and nobody else gets it.
        #expect(server.handle(other.reboot("10.0.0.150"), now: noon).outcome == .nak(.heldByAnother))
        #expect(server.handle(guest.renew("10.0.0.150"), now: noon + 1_800).outcome == .nak(.reservedElsewhere))
        let decision = server.handle(guest.discover(wanting: "10.0.0.150"), now: noon + 1_800)
        #expect(decision.outcome == .offer("10.0.0.20"))
        let request = server.handle(guest.select("10.0.0.20"), now: noon + 1_800)
        #expect(request.changes.first == .remove("10.0.0.150"))
        #expect(server.leases.map(\.address) == ["10.0.0.20"])
    }

    @Test func newReservationTakesTheAddressFromItsHolder() {
        var server = DHCPv4Server(configuration())
        server.serve(other, wanting: "10.0.0.150")
        let changes = server.reconfigure(
            configuration { $0.reservations = [reservation(mac: guest.mac, "10.0.0.150")] })
        #expect(changes == [.remove("10.0.0.150")])
        #expect(server.handle(other.renew("10.0.0.150"), now: noon + 1).outcome == .nak(.reservedForAnother))
        #expect(server.serve(guest) == "10.0.0.150")
    }

    /// An offer made before does not outlive its permission.
    @Test func newReservationWithdrawsAnOffer() {
        var server = DHCPv4Server(configuration())
        _ = server.handle(other.discover(wanting: "10.0.0.150"), now: noon)
        #expect(
            server.reconfigure(configuration { $0.reservations = [reservation(mac: guest.mac, "10.0.0.150")] }) == [])
        #expect(server.handle(other.select("10.0.0.150"), now: noon).outcome == .nak(.reservedForAnother))
        #expect(server.serve(guest) == "10.0.0.150")
    }

    @Test func twoReservationsOfOneClient() {
        var server = DHCPv4Server(
            configuration {
                $0.reservations = [reservation(mac: guest.mac, "10.0.0.20"), reservation(mac: guest.mac, "10.0.0.21")]
            })
        #expect(server.serve(guest) == "10.0.0.20")
        // Both are its own, so it may move between them.
        #expect(server.handle(guest.reboot("10.0.0.21"), now: noon).outcome == .ack("10.0.0.21"))
        #expect(server.leases.map(\.address) == ["10.0.0.21"])
        #expect(server.handle(guest.renew("10.0.0.21"), now: noon).outcome == .ack("10.0.0.21"))
    }

    @Test func twoClientsOfOneReservation() {
        var server = DHCPv4Server(
            configuration {
                $0.reservations = [reservation(mac: guest.mac, "10.0.0.20"), reservation(mac: other.mac, "10.0.0.20")]
            })
        #expect(server.serve(guest) == "10.0.0.20")
        let substitute = server.serve(other)
        #expect(substitute.map { $0 >= "10.0.0.100" } == true)
        _ = server.handle(guest.release("10.0.0.20"), now: noon)
        #expect(server.serve(other) == "10.0.0.20")
        #expect(server.handle(guest.discover(wanting: "10.0.0.20"), now: noon).outcome != .offer("10.0.0.20"))
    }

    /// A name belongs to one client: the first reservation by it, unless one by MAC address has it.
    @Test func nameReservedTwice() {
        let named = Guest("52:54:00:00:00:05", name: "build")
        var server = DHCPv4Server(
            configuration {
                $0.reservations = [
                    reservation(name: "build", "10.0.0.20"), reservation(mac: guest.mac, name: "build", "10.0.0.21"),
                ]
            })
        let address = server.serve(named)
        #expect(address.map { $0 >= "10.0.0.100" } == true)
        #expect(address.flatMap(server.lease).map(\.hostName) == .some(nil))
        #expect(server.serve(guest) == "10.0.0.21")
        #expect(server.lease(of: "10.0.0.21")?.hostName == "build")
    }

    // MARK: Names

    @Test func nameIsHeldByOneClient() {
        var server = DHCPv4Server(configuration())
        let first = Guest("52:54:00:00:00:01", name: "vm1")
        let second = Guest("52:54:00:00:00:02", name: "VM1")
        server.serve(first, wanting: "10.0.0.150")
        server.serve(second, wanting: "10.0.0.151")
        #expect(server.leases.map(\.hostName) == ["vm1", nil])
        // Until the first lease ends; which then loses the name on disk as well.
        let decision = server.handle(second.renew("10.0.0.151"), now: noon + 3_600)
        #expect(server.leases.map(\.hostName) == [nil, "vm1"])
        #expect(decision.changes == server.leases.map { .store($0) })
    }

    @Test func nameReservedForAnotherIsNotTaken() {
        var server = DHCPv4Server(
            configuration { $0.reservations = [reservation(mac: guest.mac, name: "db", "10.0.0.20")] })
        server.serve(Guest("52:54:00:00:00:02", name: "db"), wanting: "10.0.0.150")
        #expect(server.lease(of: "10.0.0.150")?.hostName == nil)
        // Whatever the client itself says.
        server.serve(Guest(guest.mac, name: "web"))
        #expect(server.lease(of: "10.0.0.20")?.hostName == "db")
    }

    @Test func reservedNameIsTakenBack() {
        var server = DHCPv4Server(configuration())
        server.serve(Guest("52:54:00:00:00:02", name: "db"), wanting: "10.0.0.150")
        _ = server.reconfigure(
            configuration { $0.reservations = [reservation(mac: guest.mac, name: "db", "10.0.0.20")] })
        let decision = server.handle(guest.reboot("10.0.0.20"), now: noon)
        #expect(server.leases.map(\.hostName) == ["db", nil])
        #expect(decision.changes == server.leases.reversed().map { .store($0) })
    }

    @Test func nameLastsUntilTheClientStatesAnother() {
        var server = DHCPv4Server(configuration())
        let mac = guest.mac
        server.serve(Guest(mac, name: "vm1"), wanting: "10.0.0.150")
        let rows: [(String?, String?)] = [
            (nil, "vm1"),  // says nothing
            ("vm2", "vm2"),
            ("_", nil),  // no name
            (nil, nil),
        ]
        for (stated, expected) in rows {
            _ = server.handle(Guest(mac, name: stated).renew("10.0.0.150"), now: noon)
            #expect(server.lease(of: "10.0.0.150")?.hostName == expected)
        }
        // A name that was given up is free.
        server.serve(Guest(other.mac, name: "vm1"), wanting: "10.0.0.151")
        #expect(server.lease(of: "10.0.0.151")?.hostName == "vm1")
    }
}
