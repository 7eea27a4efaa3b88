import DHCP
import NetworkModel
import TestSupport
import Testing
import Wire

/// What the RFCs say that a server MUST do or not do, where no other test of this folder is named by it.
@Suite struct RequirementTests {
    private let guest = Guest("52:54:00:00:00:01", identifier: [1, 2, 3], name: "vm1")

    private func server(_ change: (inout ServiceConfiguration.DHCP) -> Void = { _ in }) -> DHCPv4Server {
        DHCPv4Server(
            configuration {
                $0.domain = "lab.test"
                change(&$0)
            })
    }

    /// Every kind of answer, as it is on the wire.
    private func answers(
        _ change: (inout DHCPv4Message) -> Void = { _ in }
    ) throws -> [DHCPv4Message.Kind: DHCPv4Message] {
        var server = server()
        var answers: [DHCPv4Message.Kind: DHCPv4Message] = [:]
        for message in [guest.discover(), guest.select("10.0.0.150"), guest.reboot("10.9.9.9")] {
            var message = message
            change(&message)
            let reply = try #require(server.handle(message, now: noon).reply)
            answers[reply.message.kind] = try DHCPv4Message(reply.payload)
        }
        return answers
    }

    // MARK: RFC 2131

    /// The columns of table 3: what each answer must have, and what none may.
    @Test func `RFC 2131, 4.3.1, table 3: fields and options of the answers`() throws {
        let answers = try answers {
            ($0.secs, $0.hops, $0.flags) = (7, 3, 0x8000)
            $0.options[.parameterRequestList] = [1, 3, 6, 50, 55, 57, 61]
            $0.options.set(.maximumMessageSize, 1_400 as UInt16)
        }
        #expect(Set(answers.keys) == [.offer, .ack, .nak])
        for (kind, message) in answers {
            #expect(message.op == .reply && message.hops == 0 && message.secs == 0, "\(kind)")
            #expect(message.xid == 0x1234_5678 && message.flags == 0x8000 && message.chaddr == guest.mac, "\(kind)")
            #expect(message.ciaddr == .any && message.giaddr == .any, "\(kind)")
            #expect((message.yiaddr == .any) == (kind == .nak), "\(kind)")
            #expect(message.options.address(.serverIdentifier) == "10.0.0.1", "\(kind)")
            // Requested address, parameter request list, maximum message size: MUST NOT.
            for code in [50, 55, 57] as [UInt8] {
                #expect(message.options[.init(rawValue: code)] == nil, "\(kind) \(code)")
            }
            // Lease time and its parts: MUST in OFFER and ACK, MUST NOT in NAK.
            for code in [51, 58, 59] as [UInt8] {
                #expect((message.options[.init(rawValue: code)] == nil) == (kind == .nak), "\(kind) \(code)")
            }
        }
        // A NAK has nothing else but a message, the identifiers, and what a relay agent added.
        let nak = try #require(answers[.nak])
        for code in (1...254 as ClosedRange<UInt8>) where ![53, 54, 56, 61].contains(code) {
            #expect(nak.options[.init(rawValue: code)] == nil, "\(code)")
        }
        #expect(nak.siaddr == .any && nak.file.isEmpty && nak.sname.isEmpty)
    }

    @Test func `RFC 2131, 4.3.1: an ACK repeats the ciaddr of the REQUEST`() throws {
        var server = server()
        server.serve(guest, wanting: "10.0.0.150")
        let reply = try #require(server.handle(guest.renew("10.0.0.150"), now: noon).reply)
        #expect(reply.message.ciaddr == "10.0.0.150" && reply.message.yiaddr == "10.0.0.150")
        #expect(reply.destination == .unicast("10.0.0.150", guest.mac))
    }

    @Test(arguments: [1, 2, 7, 120, 3_600, 86_400, .max - 1] as [UInt32])
    func `RFC 2131, 4.4.5: T1 is before T2, and T2 before the end`(seconds: UInt32) {
        let times = LeaseTimes(offered: seconds)
        #expect(times.renewal <= times.rebinding && times.rebinding <= times.lease)
        if seconds > 7 { #expect(times.renewal < times.rebinding && times.rebinding < times.lease) }
    }

    @Test func `RFC 2131, 3.1: an address in use is given to nobody else`() {
        var server = server { $0.ranges = [.init(start: "10.0.0.9", end: "10.0.0.9", leaseSeconds: 600)] }
        #expect(server.serve(guest) == "10.0.0.9")
        let other = Guest(number: 2)
        #expect(server.handle(other.discover(), now: noon).outcome == .ignore(.noAddressFree))
        #expect(server.handle(other.select("10.0.0.9"), now: noon).outcome == .nak(.heldByAnother))
        #expect(server.handle(other.reboot("10.0.0.9"), now: noon + 599).outcome == .nak(.heldByAnother))
        #expect(server.serve(other, now: noon + 600) == "10.0.0.9")
    }

    /// Also options that this server never heard of.
    @Test func `RFC 2131, 3.5: parameters that are not known are left out, and everything else is answered`() throws {
        var server = server()
        var message = guest.discover()
        message.options[.parameterRequestList] = Array(0...255)
        message.options[.init(rawValue: 222)] = [1, 2, 3]
        let reply = try #require(server.handle(message, now: noon).reply)
        #expect(reply.message.options[.init(rawValue: 222)] == nil)
        #expect(reply.message.options[.routers] != nil)
    }

    // MARK: RFC 2132 and what extends it

    @Test func `RFC 2132, 3.3: the subnet mask comes before the routers`() throws {
        var server = server()
        let payload = try #require(server.handle(guest.discover(), now: noon).reply).payload
        var codes: [UInt8] = []
        var index = 240
        while payload[index] != 255 {
            codes.append(payload[index])
            index += 2 + Int(payload[index + 1])
        }
        let mask = try #require(codes.firstIndex(of: 1))
        let routers = try #require(codes.firstIndex(of: 3))
        #expect(mask < routers && codes.first == 53)
    }

    @Test func `RFC 2132, 2: a name may end with a zero`() {
        var server = server()
        var message = guest.discover(wanting: "10.0.0.150")
        message.options[.hostName] = Array("vm7\0".utf8)
        _ = server.handle(message, now: noon)
        #expect(server.handle(guest.select("10.0.0.150"), now: noon).outcome == .ack("10.0.0.150"))
        #expect(server.lease(of: "10.0.0.150")?.hostName == "vm1")
        let named = Guest("52:54:00:00:00:02")
        var second = named.message(.request) {
            $0.options.set(.requestedAddress, "10.0.0.151")
            $0.options[.hostName] = Array("vm8\0\0".utf8)
        }
        second.options[.clientIdentifier] = nil
        _ = server.handle(second, now: noon)
        #expect(server.lease(of: "10.0.0.151")?.hostName == "vm8")
    }

    /// The option may be in an answer of any kind.
    @Test func `RFC 3046, 2.2: what a relay agent added is in all answers to it, and in no others`() throws {
        let information: [UInt8] = [1, 4, 1, 2, 3, 4, 2, 2, 9, 9, 151, 1, 0]
        for (kind, message) in try answers({
            $0.giaddr = "10.0.0.250"
            $0.options[.relayAgent] = information
        }) {
            #expect(message.options[.relayAgent] == information && message.giaddr == "10.0.0.250", "\(kind)")
        }
        for (kind, message) in try answers() { #expect(message.options[.relayAgent] == nil, "\(kind)") }
    }

    @Test func `RFC 3396, 7: parts of an option are joined, also where others stand between`() throws {
        var writer = WireWriter()
        guest.discover().write(to: &writer)
        var octets = Array(writer.bytes.prefix(240)) + [53, 1, 1, 12, 2] + Array("vm".utf8) + [55, 1, 1, 12, 3]
        octets += Array("-42".utf8) + [55, 2, 3, 6, 255]
        let message = try DHCPv4Message(octets)
        #expect(message.options[.hostName] == Array("vm-42".utf8))
        #expect(message.options[.parameterRequestList] == [1, 3, 6])
    }

    @Test func `RFC 3397 and 3442: search domains and routes as they are encoded`() throws {
        let search = try #require(DHCPOption(.ipv4, code: 119, value: "eng.example.org, example.net"))
        #expect(
            search.data == [3] + Array("eng".utf8) + [7] + Array("example".utf8) + [3] + Array("org".utf8) + [0, 7]
                + Array("example".utf8) + [3] + Array("net".utf8) + [0])
        // The table of RFC 3442.
        for (subnet, octets) in [
            ("0.0.0.0/0", [0]), ("10.0.0.0/8", [8, 10]), ("10.0.0.0/24", [24, 10, 0, 0]),
            ("10.17.0.0/16", [16, 10, 17]),
            ("10.27.129.0/24", [24, 10, 27, 129]), ("10.229.0.128/25", [25, 10, 229, 0, 128]),
            ("10.198.122.47/32", [32, 10, 198, 122, 47]),
        ] as [(String, [UInt8])] {
            #expect(
                DHCPOption(.ipv4, code: 121, value: "\(subnet),10.0.0.1")?.data == octets + [10, 0, 0, 1], "\(subnet)")
        }
        #expect(
            DHCPOption(.ipv4, code: 121, value: "0.0.0.0/0,10.0.0.1, 10.0.0.0/8,10.0.0.2")?.data == [
                0, 10, 0, 0, 1, 8, 10, 10, 0, 0, 2,
            ])
        for wrong in [
            "", "0.0.0.0/0", "10.0.0.1/8,10.0.0.1", "10.0.0.0/33,10.0.0.1", "10.0.0.0,10.0.0.1", "10.0.0.0/8,x",
        ] {
            #expect(DHCPOption(.ipv4, code: 121, value: wrong) == nil, "\(wrong)")
        }
        #expect(DHCPOption(.ipv4, code: 33, value: "10.0.0.0") == nil)
    }

    @Test func `RFC 4361, 6.3: an identifier is octets, whatever it begins with`() {
        var server = server()
        var addresses: Set<IPv4Address> = []
        for (number, identifier) in [[0xFF, 0, 0, 0, 1, 0, 3, 7], [0xFF, 0, 0, 0, 1, 0, 3, 8], [0, 7], [1]].enumerated()
        {
            let guest = Guest(MACAddress(0x5254_0000_0000 + UInt64(number)), identifier: identifier.map { UInt8($0) })
            if let address = server.serve(guest) { addresses.insert(address) }
            #expect(server.leases.contains { $0.clientID == guest.identifier })
        }
        #expect(addresses.count == 4)
    }

    /// Flags S, O, E, N in and out; the codes are 255.
    @Test(
        arguments: [
            (0x05, 0x05), (0x04, 0x07), (0x0C, 0x07), (0x01, 0x01), (0x00, 0x03),
        ] as [(UInt8, UInt8)])
    func `RFC 4702, 4: who puts the name into DNS is said, in the form that the client has`(
        asked: UInt8, answered: UInt8
    ) throws {
        var server = server()
        var message = guest.discover()
        let name = asked & 0x04 != 0 ? [3] + Array("vm1".utf8) + [0] : Array("vm1".utf8)
        message.options[.clientFQDN] = [asked, 0, 0] + name
        let option = try #require(server.handle(message, now: noon).reply?.message.options[.clientFQDN])
        #expect(option.prefix(3) == [answered, 255, 255], "\(option)")
        // Who does not send the option does not get it (section 4).
        #expect(server.handle(guest.discover(), now: noon).reply?.message.options[.clientFQDN] == nil)
    }

    @Test func `RFC 6842, 3: the identifier of a client is in every answer, and none where it sent none`() throws {
        for (kind, message) in try answers() {
            #expect(message.options[.clientIdentifier] == [1, 2, 3], "\(kind)")
        }
        for (kind, message) in try answers({ $0.options[.clientIdentifier] = nil }) {
            #expect(message.options[.clientIdentifier] == nil, "\(kind)")
        }
    }

    // MARK: RFC 8415

    private static let kinds: [DHCPv6Message.Kind] = [
        .solicit, .request, .renew, .rebind, .confirm, .release, .decline,
    ]

    @Test(arguments: kinds)
    func `RFC 8415, 18.3.9 and 18.3.10: an answer has both identifiers and the transaction`(
        kind: DHCPv6Message.Kind
    ) throws {
        var server = DHCPv6Server(ipv6Configuration())
        let guest = IPv6Guest(number: 1)
        let address = try server.mustServe(guest)
        let named = ![.solicit, .confirm, .rebind].contains(kind)
        let message = guest.message(kind, claiming: [address], withServer: named)
        let reply = try #require(server.handle(message, from: guest).reply).packet.message
        #expect(reply.options[.serverIdentifier] == [0, 4, 0xAA])
        #expect(reply.options[.clientIdentifier] == guest.duid)
        #expect(reply.transactionID == 0x12_3456)
        #expect(reply.kind == (kind == .solicit ? .advertise : .reply))
    }

    @Test func `RFC 8415, 21.4 and 21.6: times are in their order`() throws {
        for seconds in [120, 3_600, .max] as [UInt32] {
            var server = DHCPv6Server(
                ipv6Configuration { $0.ranges = [.init(start: "fd00::10", end: "fd00::1f", leaseSeconds: seconds)] })
            let options = try #require(server.handle(IPv6Guest(number: 1).solicit, from: IPv6Guest(number: 1)).reply)
                .packet.message.options
            let association = try #require(options.associations.first)
            let part = try #require(association.parts.first)
            #expect(part.preferredLifetime <= part.validLifetime && part.validLifetime == seconds)
            #expect(association.renewal <= association.rebinding && association.rebinding <= part.preferredLifetime)
            if seconds == .max { #expect(association.renewal == .max && association.rebinding == .max) }
        }
    }

    @Test func `RFC 8415, 21.7: options that a client does not ask for are not sent to it`() throws {
        var server = DHCPv6Server(ipv6Configuration())
        let guest = IPv6Guest(number: 1)
        var message = DHCPv6Message(.solicit, transactionID: 1)
        message.options.append(.clientIdentifier, guest.duid)
        message.options.append(.optionRequest, [0, 24])
        message.options.append(guest.association())
        let options = try #require(server.handle(DHCPv6Packet(message), from: guest).reply).packet.message.options
        #expect(options.contains(.searchDomains) && !options.contains(.nameServers))
    }

    @Test func `RFC 8415, 18.3.7: what is released is free, and what the client has not is said`() throws {
        var server = DHCPv6Server(
            ipv6Configuration { $0.ranges = [.init(start: "fd00::10", end: "fd00::10", leaseSeconds: 600)] })
        let (guest, other) = (IPv6Guest(number: 1), IPv6Guest(number: 2))
        let address = try server.mustServe(guest)
        // Another's lease is not touched: NoBinding.
        #expect(server.handle(other.release(address), from: other).text == "reply [0] !3")
        #expect(server.leases.count == 1)
        #expect(server.handle(guest.release(address), from: guest).text == "+reply [0]")
        #expect(server.serve(other) == address)
    }

    /// As if the client were alone on its link, or had moved.
    @Test func `RFC 8415, 18.3.5: a Rebind for what is none of this link ends it`() throws {
        var server = DHCPv6Server(ipv6Configuration())
        let guest = IPv6Guest(number: 1)
        let text = server.handle(guest.rebind("fd99::1/128"), from: guest).text
        #expect(text.contains("fd99::1/128 0"), "\(text)")
    }

    // MARK: RFC 4861

    @Test func `RFC 4861, 6.2.1 and 4.2: lifetimes that a router may advertise`() throws {
        let advertisement = RouterAdvertisement()
        // Between MaxRtrAdvInterval, here 600 s, and 9,000 s.
        #expect((600...9_000).contains(advertisement.routerLifetime))
        let prefix = RouterAdvertisement.Prefix("fd00::/64")
        #expect(prefix.preferredLifetime <= prefix.validLifetime)
        #expect(advertisement.last.routerLifetime == 0)
    }
}
