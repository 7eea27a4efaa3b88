import DHCP
import NetworkModel
import TestSupport
import Testing

/// Who gets which address and name.
@Suite struct DHCPv6LeaseTests {
    private static func reservation(
        duid: [UInt8]? = nil, mac: MACAddress? = nil, name: String? = nil, _ address: IPv6Address
    ) -> ServiceConfiguration.DHCPv6.Reservation {
        .init(duid: duid, mac: mac, name: name, address: address, leaseSeconds: 7_200)
    }

    @Test(arguments: [
        reservation(duid: [0, 4, 1, 1], "fd00::5"),
        reservation(mac: "52:54:00:00:00:01", "fd00::5"),
        reservation(name: "Web", "fd00::5"),
        // the DUID counts where there is one, whatever the name
        reservation(duid: [0, 4, 1, 1], name: "other", "fd00::5"),
        // inside a range too
        reservation(duid: [0, 4, 1, 1], "fd00::105"),
    ])
    func aReservationIsFor(reservation: ServiceConfiguration.DHCPv6.Reservation) {
        var server = DHCPv6Server(ipv6Configuration { $0.reservations = [reservation] })
        let address = IPv6Subnet(reservation.address)
        let mine = IPv6Guest(number: 1, name: "web")
        let other = IPv6Guest(number: 2, name: "vm2")
        #expect(server.handle(other.request(address), from: other).prefix != address)
        let decision = server.handle(mine.solicit, from: mine)
        #expect(decision.text == "advertise \(address) 7200")
        #expect(server.serve(mine) == address)
    }

    @Test func aReservationBeatsTheLeaseOfAnother() throws {
        var server = DHCPv6Server(ipv6Configuration())
        let held = try server.mustServe(IPv6Guest(number: 2))
        let changes = server.reconfigure(
            ipv6Configuration { $0.reservations = [Self.reservation(duid: [0, 4, 1, 1], held.base)] })
        #expect(changes == [.removeIPv6(held)])
        #expect(server.serve(IPv6Guest(number: 1)) == held)
        // The other's next renewal ends what it had and gives it another.
        let renewed = server.handle(IPv6Guest(number: 2).renew(held), from: IPv6Guest(number: 2))
        #expect(renewed.text == "+reply \(try #require(renewed.prefix)) 3600 \(held) 0")
    }

    @Test func aClientFindsItsAddressAgain() throws {
        var server = DHCPv6Server(ipv6Configuration())
        let address = try server.mustServe(IPv6Guest(number: 1))
        // ended, and given back
        #expect(server.expire(now: noon + 3_600) == [.removeIPv6(address)])
        #expect(server.serve(IPv6Guest(number: 1), now: noon + 3_700) == address)
        // with no memory at all
        var another = DHCPv6Server(ipv6Configuration())
        #expect(another.serve(IPv6Guest(number: 1)) == address)
    }

    @Test func machinesWithOneDUIDGetAddressesOfTheirOwn() throws {
        var server = DHCPv6Server(ipv6Configuration())
        var clone = IPv6Guest(number: 1)
        clone.mac = "52:54:00:00:00:99"
        let first = try server.mustServe(IPv6Guest(number: 1))
        let second = try server.mustServe(clone)
        #expect(first != second)
        #expect(server.serve(IPv6Guest(number: 1)) == first)
    }

    @Test func eachAssociationHasAnAddress() throws {
        var server = DHCPv6Server(ipv6Configuration())
        let guest = IPv6Guest(number: 1)
        var second = guest
        second.iaid = 8
        let packet = guest.message(.request, withServer: true) { $0.options.append(second.association()) }
        let given = server.handle(packet, from: guest).reply?.packet.message.options.associations
        #expect(given?.map(\.iaid) == [7, 8])
        #expect(Set(given?.flatMap(\.parts).map(\.prefix) ?? []).count == 2)
    }

    /// RFC 8981: a temporary address must not tell whose it is.
    @Test func temporaryAddressesDoNotFollowFromTheClient() throws {
        var guest = IPv6Guest(number: 1, name: "vm1")
        guest.kind = .temporary
        let given = (0..<8 as Range<UInt32>).compactMap { number -> IPv6Subnet? in
            var server = DHCPv6Server(ipv6Configuration())
            let packet = guest.message(.solicit) {
                $0.transactionID = number
                $0.options.append(.rapidCommit)
            }
            let decision = server.handle(packet, from: guest)
            #expect(server.leases.map(\.hostName) == [nil])
            // An IA_TA has no times of its own.
            #expect(decision.reply?.packet.message.options[.temporaryAddresses]?.count == 4 + 4 + 24)
            return decision.prefix
        }
        #expect(Set(given).count > 4)
    }

    // MARK: Prefixes

    @Test func prefixesAreDelegatedFromTheBlock() throws {
        var server = DHCPv6Server(
            ipv6Configuration {
                $0.delegations = [.init(block: "fd10::/54", prefixLength: 56, leaseSeconds: 600)]
            })
        // One prefix of 54 bits has none of 56; the block is aligned to 4 of them.
        var taken: Set<IPv6Subnet> = []
        for number in 1...5 as ClosedRange<UInt8> {
            var guest = IPv6Guest(number: number)
            guest.kind = .prefix
            if let prefix = server.serve(guest) {
                #expect(prefix.prefixLength == 56)
                #expect(IPv6Subnet("fd10::/54").contains(prefix.base))
                taken.insert(prefix)
            } else {
                #expect(server.handle(guest.solicit, from: guest).text == "advertise !6")
            }
        }
        #expect(taken.count == 4)
        // What a router hints at is given where it can be.
        var router = IPv6Guest(number: 9)
        router.kind = .prefix
        var fresh = DHCPv6Server(server.configuration)
        #expect(fresh.handle(router.request("fd10:0:0:200::/56"), from: router).text == "+reply fd10:0:0:200::/56 600")
        #expect(fresh.handle(router.renew("fd10:0:0:200::/56"), from: router).text == "+reply fd10:0:0:200::/56 600")
        #expect(fresh.handle(router.release("fd10:0:0:200::/56"), from: router).text == "+reply [0]")
    }

    // MARK: Names

    @Test func aNameHasOneMachine() throws {
        var server = DHCPv6Server(
            ipv6Configuration { $0.machines = [.init(mac: "52:54:00:00:00:05", name: "server")] })
        server.serve(IPv6Guest(number: 1, name: "web"))
        server.serve(IPv6Guest(number: 2, name: "web"))
        // reserved by IPv4 for the machine of that Ethernet address, which need not state it
        server.serve(IPv6Guest(number: 3, name: "server"))
        server.serve(IPv6Guest(number: 5))
        // leased by IPv4 to another machine, and to the same
        for (number, holder) in [(UInt8(6), 7), (8, 8)] as [(UInt8, UInt64)] {
            let guest = IPv6Guest(number: number, name: "dual\(number)")
            let packet = guest.message(.solicit) { $0.options.append(.rapidCommit) }
            _ = server.handle(packet, from: guest.origin, now: noon) { _ in MACAddress(0x5254_0000_0000 + holder) }
        }
        let names = Dictionary(uniqueKeysWithValues: server.leases.map { ($0.duid[2], $0.hostName) })
        #expect(names == [1: "web", 2: nil, 3: nil, 5: "server", 6: nil, 8: "dual8"])
    }

    /// A machine that was installed anew has another DUID and the same Ethernet address.
    @Test func aMachineKeepsItsNameWithANewIdentifier() {
        var server = DHCPv6Server(ipv6Configuration())
        var guest = IPv6Guest(number: 1, name: "web")
        server.serve(guest)
        guest.duid = [0, 4, 9, 9]
        server.serve(guest)
        #expect(server.leases.filter { $0.hostName == "web" }.map(\.duid) == [guest.duid])
    }

    @Test func clientsAreToldTheirName() throws {
        var server = DHCPv6Server(ipv6Configuration())
        let guest = IPv6Guest(number: 1, name: "web")
        let packet = guest.message(.solicit) { $0.options.append(.rapidCommit) }
        let options = server.handle(packet, from: guest).reply?.packet.message.options
        // RFC 4704, section 4.1: the S flag, since the server puts the name into DNS.
        #expect(
            options?[.clientFQDN] == [1, 3] + Array("web".utf8) + [3] + Array("lab".utf8) + [4] + Array("test".utf8) + [
                0
            ])
        let other = IPv6Guest(number: 2, name: "web")
        let refused = server.handle(other.message(.solicit) { $0.options.append(.rapidCommit) }, from: other)
        #expect(refused.reply?.packet.message.options[.clientFQDN] == [4, 3] + Array("web".utf8))
    }
}
