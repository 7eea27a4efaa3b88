import DHCP
import NetworkModel
import TestSupport
import Testing

/// What RFC 8415 asks of a server, by its sections.
@Suite struct DHCPv6ServerTests {
    private static let address: IPv6Subnet = "fd00::150/128"
    private static let foreign: IPv6Subnet = "fd99::150/128"

    // MARK: Section 16: what is not answered

    private struct Invalid: Sendable {
        var expected: String
        var isUnicast = false
        var packet: DHCPv6Packet

        init(_ expected: String, unicast: Bool = false, _ packet: DHCPv6Packet) {
            self.expected = expected
            isUnicast = unicast
            self.packet = packet
        }
    }

    private static let guest = IPv6Guest(number: 1)
    private static func stranger(_ change: (inout IPv6Guest) -> Void) -> IPv6Guest {
        var guest = guest
        change(&guest)
        return guest
    }
    private static let nameless = stranger { $0.duid = [] }
    private static let misled = stranger { $0.server = [0, 4, 0xBB] }

    @Test(
        arguments: [
            // 16.1: what servers send
            .init("silence: notFromClient", guest.message(.advertise, withServer: true)),
            .init("silence: notFromClient", guest.message(.reply, withServer: true)),
            .init("silence: notFromClient", guest.message(.reconfigure, withServer: true)),
            // 16.2: a Solicit with a server identifier, and to this server alone
            .init("silence: contradictory", guest.message(.solicit, withServer: true)),
            .init("silence: notMulticast", unicast: true, guest.solicit),
            // 16.4 to 16.9: with, without, and with another's server identifier
            .init("silence: contradictory", guest.message(.request, claiming: [address])),
            .init("silence: foreignServer", misled.request(address)),
            .init("silence: contradictory", guest.message(.confirm, claiming: [address], withServer: true)),
            .init("silence: notMulticast", unicast: true, guest.confirm(address)),
            .init("silence: foreignServer", misled.renew(address)),
            .init("silence: contradictory", guest.message(.rebind, claiming: [address], withServer: true)),
            .init("silence: notMulticast", unicast: true, guest.rebind(address)),
            .init("silence: foreignServer", misled.decline(address)),
            .init("silence: foreignServer", misled.release(address)),
            // 16.12: an Information-request asks for no addresses
            .init(
                "silence: contradictory",
                guest.message(.informationRequest) { $0.options.append(guest.association()) }),
            .init("silence: foreignServer", misled.message(.informationRequest, withServer: true)),
            .init("silence: notMulticast", unicast: true, guest.message(.informationRequest)),
            // 11.1: no DUID at all
            .init("silence: strangeIdentifier", nameless.solicit),
            .init("silence: strangeIdentifier", stranger { $0.duid = Array(repeating: 1, count: 131) }.solicit),
            // 18.3.3: nothing to confirm
            .init("silence: nothingToConfirm", guest.confirm()),
            // 18.3.2, 18.3.4, 18.3.7, 18.3.8: UseMulticast
            .init("reply [5]", unicast: true, guest.request(address)),
            .init("reply [5]", unicast: true, guest.renew(address)),
            .init("reply [5]", unicast: true, guest.release(address)),
            .init("reply [5]", unicast: true, guest.decline(address)),
        ] as [Invalid])
    private func section16(row: Invalid) {
        var server = DHCPv6Server(ipv6Configuration())
        var origin = Self.guest.origin
        origin.isUnicast = row.isUnicast
        #expect(server.handle(row.packet, from: origin, now: noon).text == row.expected)
        #expect(server.leases.isEmpty)
    }

    @Test func aMessageWithoutClientIdentifierIsNotAnswered() {
        var message = DHCPv6Message(.solicit, transactionID: 1)
        message.options.append(Self.guest.association())
        var server = DHCPv6Server(ipv6Configuration())
        #expect(server.handle(DHCPv6Packet(message), from: Self.guest).text == "silence: contradictory")
        // Who only asks for information need not say who it is (section 18.2.6).
        let question = DHCPv6Packet(DHCPv6Message(.informationRequest, transactionID: 1))
        #expect(server.handle(question, from: Self.guest).text == "reply")
    }

    // MARK: Section 18.3

    @Test func section18_3_1_solicit() throws {
        var server = DHCPv6Server(ipv6Configuration())
        let decision = server.handle(Self.guest.solicit, from: Self.guest)
        let offered = try #require(decision.prefix)
        #expect(decision.text == "advertise \(offered) 3600")
        #expect(server.leases.isEmpty)
        let options = try #require(decision.reply?.packet.message.options)
        #expect(options[.serverIdentifier] == [0, 4, 0xAA])
        #expect(options[.clientIdentifier] == Self.guest.duid)
        #expect(options[.preference] == [255])
        #expect(options[.nameServers] == IPv6Address("fd00::1").octets)
        #expect(options[.searchDomains] == [3] + Array("lab".utf8) + [4] + Array("test".utf8) + [0])
        // Section 14.2: half and four fifths of the shortest preferred lifetime.
        #expect(options.associations.map(\.renewal) == [1_800])
        #expect(options.associations.map(\.rebinding) == [2_880])
        #expect(decision.reply?.destination == "fe80::7")
        #expect(decision.reply?.port == 546)
        #expect(decision.reply?.packet.message.transactionID == 0x12_3456)
        // The same again, and nobody else's meanwhile.
        #expect(server.handle(Self.guest.solicit, from: Self.guest).prefix == offered)
    }

    @Test func section18_3_1_rapidCommit() throws {
        var server = DHCPv6Server(ipv6Configuration())
        let decision = server.handle(Self.guest.message(.solicit) { $0.options.append(.rapidCommit) }, from: Self.guest)
        #expect(decision.text == "+reply \(try #require(decision.prefix)) 3600")
        #expect(decision.reply?.packet.message.options.contains(.rapidCommit) == true)
        #expect(server.leases.count == 1)
    }

    /// Messages of a guest that holds fd00::150, or holds nothing, and what they come to.
    private struct Row: Sendable {
        var expected: String
        var holds: Bool
        var packet: DHCPv6Packet

        init(_ expected: String, holds: Bool = false, _ packet: DHCPv6Packet) {
            self.expected = expected
            self.holds = holds
            self.packet = packet
        }
    }

    @Test(
        arguments: [
            // 18.3.2 Request: what it asks for; again; of another link; where somebody else has it, another
            .init("+reply fd00::150/128 3600", guest.request(address)),
            .init("+reply fd00::150/128 3600", holds: true, guest.request(address)),
            .init("+reply fd00::150/128 3600", holds: true, guest.request()),
            .init("reply !4", guest.request(foreign)),
            .init("reply !4", holds: true, guest.request(foreign)),
            // 18.3.3 Confirm
            .init("reply [0]", guest.confirm(address)),
            .init("reply [4]", guest.confirm(foreign)),
            .init("reply [4]", guest.confirm(address, foreign)),
            // 18.3.4 Renew: longer; what it lost is given again; what it cannot have ends
            .init("+reply fd00::150/128 3600", holds: true, guest.renew(address)),
            .init("+reply fd00::150/128 3600", guest.renew(address)),
            .init("+reply fd00::150/128 3600 fd00::151/128 0", holds: true, guest.renew(address, "fd00::151/128")),
            .init("+reply fd00::150/128 3600 fd99::150/128 0", holds: true, guest.renew(foreign)),
            .init("+reply fd00::150/128 3600 fd00::1/128 0", holds: true, guest.renew("fd00::1/128")),
            // 18.3.5 Rebind
            .init("+reply fd00::150/128 3600", holds: true, guest.rebind(address)),
            .init("+reply fd00::150/128 3600", guest.rebind(address)),
            // 18.3.7 Release and 18.3.8 Decline
            .init("+reply [0]", holds: true, guest.release(address)),
            .init("reply [0] !3", guest.release(address)),
            .init("reply [0] !3", holds: true, guest.release("fd00::151/128")),
            .init("+reply [0]", holds: true, guest.decline(address)),
            .init("reply [0] !3", guest.decline(address)),
            // 18.3.6 Information-request
            .init("reply", guest.message(.informationRequest)),
        ] as [Row])
    private func section18_3(row: Row) {
        let lease = IPv6Lease(
            Self.address, duid: Self.guest.duid, iaid: Self.guest.iaid, mac: Self.guest.mac, expiry: noon + 10)
        var server = DHCPv6Server(configuration: ipv6Configuration(), leases: row.holds ? [lease] : [])
        let decision = server.handle(row.packet, from: Self.guest)
        #expect(decision.text == row.expected)
        var disk: [IPv6Subnet: IPv6Lease] = row.holds ? [lease.prefix: lease] : [:]
        replay(decision.changes, onto: &disk)
        #expect(Array(disk.values) == server.leases)
    }

    @Test func section18_3_2_anAddressOfAnotherIsReplaced() throws {
        var server = DHCPv6Server(ipv6Configuration())
        let first = try server.mustServe(IPv6Guest(number: 1))
        let second = server.handle(IPv6Guest(number: 2).request(first), from: IPv6Guest(number: 2))
        #expect(second.text == "+reply \(try #require(second.prefix)) 3600")
        #expect(second.prefix != first)
        let renewed = server.handle(IPv6Guest(number: 3).renew(first), from: IPv6Guest(number: 3))
        #expect(renewed.text.hasSuffix("\(first) 0"))
        #expect(renewed.prefix != nil)
    }

    @Test func section18_3_6_information() throws {
        var server = DHCPv6Server(ipv6Configuration())
        let reply = server.handle(Self.guest.message(.informationRequest), from: Self.guest).reply
        let options = try #require(reply?.packet.message.options)
        #expect(options[.nameServers] != nil)
        #expect(options[.informationRefreshTime] == nil)
        var refresh = DHCPv6Message(.informationRequest, transactionID: 1)
        refresh.options.append(.optionRequest, [0, 32])
        let answer = server.handle(DHCPv6Packet(refresh), from: Self.guest).reply?.packet.message.options
        #expect(answer?[.informationRefreshTime] == [0, 0, 0x0E, 0x10])
        #expect(answer?[.nameServers] == nil)
    }

    /// RFC 5970, section 3.1: only for who asks for it.
    @Test func rfc5970_bootFile() {
        var server = DHCPv6Server(ipv6Configuration { $0.boots = [.init(url: "tftp://[fd00::1]/pxe.efi")] })
        for isAsked in [false, true] {
            var message = DHCPv6Message(.informationRequest, transactionID: 1)
            message.options.append(.optionRequest, isAsked ? [0, 59] : [0, 23])
            let options = server.handle(DHCPv6Packet(message), from: Self.guest).reply?.packet.message.options
            #expect(options?[.bootFileURL] == (isAsked ? Array("tftp://[fd00::1]/pxe.efi".utf8) : nil))
        }
    }

    /// RFC 5970, section 3.3; RFC 8415, sections 21.15 and 21.16: what kind of client asks.
    @Test func filesAndOptionsByTheKindOfClient() {
        let efi = ClientClass(vendor: "PXEClient", architectures: [7, 9])
        var server = DHCPv6Server(
            ipv6Configuration {
                $0.boots = [
                    .init(url: "script", clients: [.init(user: "iPXE")]), .init(url: "efi", clients: [efi]),
                    .init(url: "http://[fd00::1]/a", clients: [.init(vendor: "HTTPClient")]),
                    .init(url: "own", clients: [efi, .init(mac: "52:54:00:00:00:99")]), .init(url: "other"),
                ]
                $0.options = [.init(.ipv6, code: 31, data: [1]), .init(.ipv6, code: 31, data: [2], clients: [efi])]
            })
        let (pxe, http) = (Array("PXEClient".utf8), Array("HTTPClient".utf8))
        for (options, url, time) in [
            ([:], "other", 1), ([61: [0, 7], 16: [0, 0, 1, 57, 0, 9] + pxe], "efi", 2),
            ([61: [0, 0, 0, 9], 16: [0, 0, 1, 57, 0, 9] + pxe], "efi", 2), ([61: [0, 7]], "other", 1),
            ([61: [7, 0, 7], 16: pxe], "other", 1), ([15: [0, 4] + Array("iPXE".utf8)], "script", 1),
            ([16: [0, 0, 1, 57, 0, 10] + http], "http://[fd00::1]/a", 1),
        ] as [([UInt16: [UInt8]], String, UInt8)] {
            var message = DHCPv6Message(.informationRequest, transactionID: 1)
            message.options.append(.optionRequest, [0, 59, 0, 31])
            for (code, value) in options { message.options.append(.init(rawValue: code), value) }
            let reply = server.handle(DHCPv6Packet(message), from: Self.guest).reply?.packet.message.options
            #expect(reply?[.bootFileURL] == Array(url.utf8), "\(options)")
            #expect(reply?.all(.init(rawValue: 31)) == [[time]], "\(options)")
            #expect(reply?[.vendorClass] == (url.hasPrefix("http") ? [0, 0, 1, 57, 0, 10] + http : nil))
        }
    }

    @Test func section18_3_8_aDeclinedAddressIsSetAside() throws {
        var server = DHCPv6Server(
            ipv6Configuration { $0.ranges = [.init(start: "fd00::100", end: "fd00::101", leaseSeconds: 60)] })
        let declined = try server.mustServe(Self.guest)
        #expect(server.handle(Self.guest.decline(declined), from: Self.guest).text == "+reply [0]")
        let next = try server.mustServe(Self.guest)
        #expect(next != declined)
        #expect(server.handle(IPv6Guest(number: 2).solicit, from: IPv6Guest(number: 2)).text == "advertise !2")
        // After a while it is tried again.
        #expect(server.serve(IPv6Guest(number: 2), now: noon + 601) == declined)
    }

    @Test func section18_3_9_exhaustionIsSaid() {
        var server = DHCPv6Server(ipv6Configuration { $0.ranges = [] })
        #expect(server.handle(Self.guest.solicit, from: Self.guest).text == "advertise !2")
        #expect(server.handle(Self.guest.request(), from: Self.guest).text == "reply !2")
        #expect(server.handle(Self.guest.renew(), from: Self.guest).text == "reply !3")
        let delegated = Self.stranger { $0.kind = .prefix }
        #expect(server.handle(delegated.solicit, from: delegated).text == "advertise !6")
    }

    // MARK: Section 19: relay agents

    @Test func section19_relaysAreAnsweredByTheWayTheyCame() throws {
        var near = DHCPv6Relay(hopCount: 0, linkAddress: "fd00::2", peerAddress: "fe80::7")
        near.options.append(.interfaceID, Array("port7".utf8))
        near.options.append(.clientLinkLayerAddress, [0, 1, 0x52, 0x54, 0, 0, 0, 9])
        var far = DHCPv6Relay(hopCount: 1, linkAddress: .any, peerAddress: "fd00::2")
        far.options.append(.relaySourcePort, [0, 0])
        var server = DHCPv6Server(ipv6Configuration())
        let packet = DHCPv6Packet(Self.guest.request(Self.address).message, relays: [far, near])
        let origin = DHCPv6Origin(source: "fd00::3", sourcePort: 1_547, mac: nil, isUnicast: true)
        let decision = server.handle(packet, from: origin, now: noon)
        #expect(decision.text == "+reply fd00::150/128 3600")
        let reply = try #require(decision.reply)
        #expect(reply.destination == "fd00::3")
        // RFC 8357: the agent sends from a port of its own.
        #expect(reply.port == 1_547)
        #expect(reply.packet.relays.map(\.peerAddress) == ["fd00::2", "fe80::7"])
        #expect(reply.packet.relays.map(\.hopCount) == [1, 0])
        #expect(reply.packet.relays.last?.options[.interfaceID] == Array("port7".utf8))
        #expect(reply.packet.relays.last?.options.contains(.clientLinkLayerAddress) == false)
        // RFC 6939: the agent saw the client's frame.
        #expect(server.leases.map(\.mac) == ["52:54:00:00:00:09"])
    }

    @Test func section13_1_aRelayOfAnotherLinkIsNotAnswered() {
        var server = DHCPv6Server(ipv6Configuration())
        let relay = DHCPv6Relay(linkAddress: "fd99::2", peerAddress: "fe80::7")
        let packet = DHCPv6Packet(Self.guest.solicit.message, relays: [relay])
        #expect(server.handle(packet, from: Self.guest).text == "silence: foreignRelay")
    }
}
