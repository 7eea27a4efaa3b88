import DHCP
import NetworkModel
import TestSupport
import Testing

/// RFC 2131, section 4.3.2: what a REQUEST means, and its answer.
@Suite struct RequestTests {
    private let guest = Guest("52:54:00:00:00:01")
    private let other = Guest("52:54:00:00:00:02")

    /// Which fields are set: server identifier, requested address, `ciaddr`.
    @Test(
        arguments: [
            ("10.0.0.1", "10.0.0.5", nil, .selecting(server: "10.0.0.1", address: "10.0.0.5")),
            (nil, "10.0.0.5", nil, .rebooting(address: "10.0.0.5")),
            (nil, nil, "10.0.0.5", .extending(address: "10.0.0.5")),
            ("10.0.0.1", nil, nil, nil),  // selects nothing
            ("10.0.0.1", nil, "10.0.0.5", nil),
            (nil, "10.0.0.5", "10.0.0.5", nil),
            ("10.0.0.1", "10.0.0.5", "10.0.0.5", nil),
            (nil, nil, nil, nil),
        ] as [(IPv4Address?, IPv4Address?, IPv4Address?, RequestKind?)])
    func rfc2131_4_3_2_table(
        server: IPv4Address?, requested: IPv4Address?, current: IPv4Address?, expected: RequestKind?
    ) {
        let message = guest.message(.request) {
            if let server { $0.options.set(.serverIdentifier, server) }
            if let requested { $0.options.set(.requestedAddress, requested) }
            if let current { $0.ciaddr = current }
        }
        #expect(RequestKind(message) == expected)
        guard expected == nil else { return }
        var daemon = DHCPv4Server(configuration())
        #expect(daemon.handle(message, now: noon).outcome == .ignore(.contradictory))
    }

    /// A client that the server does not know, while another holds 10.0.0.170, was offered 10.0.0.171 and has
    /// 10.0.0.160 reserved.
    @Test(
        arguments: [
            ("10.0.0.150", .ack("10.0.0.150")),  // free: the leases may have been lost
            ("10.0.0.50", .nak(.notGivenOut)),  // of the subnet, outside the ranges
            ("10.0.0.1", .nak(.notGivenOut)),  // the server's own
            ("10.0.0.0", .nak(.notGivenOut)),  // the network's
            ("10.0.0.255", .nak(.notGivenOut)),  // broadcast
            ("192.168.1.5", .nak(.foreignSubnet)),  // a guest that comes from another network
            ("10.0.0.160", .nak(.reservedForAnother)),
            ("10.0.0.170", .nak(.heldByAnother)),
            ("10.0.0.171", .nak(.offeredToAnother)),
        ] as [(IPv4Address, Outcome)])
    func rfc2131_4_3_2_unknownClient(address: IPv4Address, expected: Outcome) {
        for message in [guest.reboot(address), guest.renew(address), guest.select(address)] {
            var server = DHCPv4Server(
                configuration { $0.reservations = [reservation(mac: MACAddress(9), "10.0.0.160")] })
            server.serve(other, wanting: "10.0.0.170")
            _ = server.handle(Guest(number: 3).discover(wanting: "10.0.0.171"), now: noon)
            #expect(server.handle(message, now: noon).outcome == expected)
            #expect((server.lease(of: address)?.mac == guest.mac) == (expected == .ack(address)))
        }
    }

    /// A client that holds 10.0.0.150 for an hour.
    @Test func rfc2131_4_3_2_knownClient() {
        var server = DHCPv4Server(configuration())
        server.serve(guest, wanting: "10.0.0.150")
        let half = noon + 1_800
        #expect(server.handle(guest.renew("10.0.0.150"), now: half).outcome == .ack("10.0.0.150"))
        #expect(server.lease(of: "10.0.0.150")?.expiry == half + 3_600)
        #expect(server.handle(guest.reboot("10.0.0.150"), now: half + 1).outcome == .ack("10.0.0.150"))
        // It believes to have another address.
        #expect(server.handle(guest.reboot("10.0.0.151"), now: half).outcome == .nak(.leasedElsewhere))
        #expect(server.handle(guest.renew("10.0.0.151"), now: half).outcome == .nak(.leasedElsewhere))
        // But it may choose another.
        let decision = server.handle(guest.select("10.0.0.151"), now: half)
        #expect(decision.outcome == .ack("10.0.0.151"))
        #expect(decision.changes == [.remove("10.0.0.150")] + server.leases.map { .store($0) })
        #expect(server.leases.map(\.address) == ["10.0.0.151"])
    }

    @Test func rfc2131_4_3_2_lateRenewalOfAFreeAddressIsGranted() {
        var server = DHCPv4Server(configuration())
        server.serve(guest, wanting: "10.0.0.150")
        #expect(server.handle(guest.renew("10.0.0.150"), now: noon + 9_999).outcome == .ack("10.0.0.150"))
    }

    @Test func rfc2131_4_3_2_otherServerChosen() {
        var server = DHCPv4Server(configuration())
        #expect(server.handle(guest.discover(wanting: "10.0.0.150"), now: noon).outcome == .offer("10.0.0.150"))
        let choice = guest.select("10.0.0.77", of: "10.0.0.2")
        #expect(server.handle(choice, now: noon).outcome == .ignore(.foreignServer))
        // The offer is gone, so another can have the address at once.
        #expect(server.handle(other.select("10.0.0.150"), now: noon).outcome == .ack("10.0.0.150"))
    }

    /// A client that comes back to another address than it was offered has no use for the offer.
    @Test func leaseEndsTheOffer() {
        var server = DHCPv4Server(configuration())
        #expect(server.handle(guest.discover(wanting: "10.0.0.150"), now: noon).outcome == .offer("10.0.0.150"))
        #expect(server.handle(guest.reboot("10.0.0.151"), now: noon).outcome == .ack("10.0.0.151"))
        #expect(server.handle(other.reboot("10.0.0.150"), now: noon).outcome == .ack("10.0.0.150"))
    }

    @Test func commitsTheLeaseThatIsAcknowledged() throws {
        var server = DHCPv4Server(configuration())
        let guest = Guest("52:54:00:00:00:01", identifier: [0xFF, 1, 2, 3], name: "VM1")
        let decision = server.handle(guest.reboot("10.0.0.150"), now: noon)
        let lease = Lease(
            address: "10.0.0.150", mac: "52:54:00:00:00:01", clientID: [0xFF, 1, 2, 3], hostName: "vm1",
            expiry: noon + 3_600)
        #expect(decision.changes == [.store(lease)])
        #expect(server.leases == [lease])
        guard case .commitThenReply = decision else { return #expect(Bool(false), "the lease is not on disk first") }
    }

    /// RFC 2131, section 4.2: a client is who has the identifier; but a machine in its boot ROM and then in its system
    /// is one as well.
    @Test(arguments: [
        (Guest("52:54:00:00:00:01", identifier: [1, 2]), true),  // the same
        (Guest("52:54:00:00:00:09", identifier: [1, 2]), false),  // a clone
        (Guest("52:54:00:00:00:01", identifier: [3, 4]), true),  // another identifier of the same machine
        (Guest("52:54:00:00:00:01"), true),  // no identifier any more
        (Guest("52:54:00:00:00:01", identifier: []), true),  // an empty one is none
        (Guest("52:54:00:00:00:09", identifier: [3, 4]), false),
        (Guest("52:54:00:00:00:09"), false),
    ])
    func rfc2131_4_2_identity(guest: Guest, isSame: Bool) {
        var server = DHCPv4Server(configuration())
        server.serve(Guest("52:54:00:00:00:01", identifier: [1, 2]), wanting: "10.0.0.150")
        let outcome = server.handle(guest.discover(), now: noon).outcome
        #expect((outcome == .offer("10.0.0.150")) == isSame)
        let renewed = server.handle(guest.renew("10.0.0.150"), now: noon).outcome
        #expect(renewed == (isSame ? .ack("10.0.0.150") : .nak(.heldByAnother)))
        #expect(server.leases.count == 1)
    }

    /// Messages that are for nobody, or for a server elsewhere.
    @Test(
        arguments: [
            (Guest(number: 1).message(.discover) { $0.op = .reply }, .notFromClient),
            (Guest(number: 1).message(.offer), .notFromClient),
            (Guest(number: 1).message(.ack), .notFromClient),
            (Guest(number: 1).message(.nak), .notFromClient),
            (Guest("ff:ff:ff:ff:ff:ff").message(.discover), .hardwareAddressNotUnicast),
            (Guest("01:00:5e:00:00:01").message(.discover), .hardwareAddressNotUnicast),
            (Guest("00:00:00:00:00:00").message(.discover), .hardwareAddressNotUnicast),
        ] as [(DHCPv4Message, DHCPv4Decision.Silence)])
    func isSilent(message: DHCPv4Message, expected: DHCPv4Decision.Silence) {
        var server = DHCPv4Server(configuration())
        #expect(server.handle(message, now: noon) == .ignore(expected))
    }
}
