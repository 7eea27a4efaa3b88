import DHCP
import NetworkModel
import TestSupport
import Testing

/// What a reply holds and where it goes.
@Suite struct ReplyTests {
    private let guest = Guest("52:54:00:00:00:01")

    private func server(_ change: (inout ServiceConfiguration.DHCP) -> Void = { _ in }) -> DHCPv4Server {
        DHCPv4Server(
            configuration {
                $0.domain = "example.lab"
                $0.mtu = 1_400
                $0.reservations = [reservation(mac: "52:54:00:00:00:07", name: "db", "10.0.0.20", leaseSeconds: .max)]
                change(&$0)
            })
    }

    @Test func rfc2131_4_3_1_offerHoldsEverythingWithoutAList() throws {
        var server = server()
        let discover = Guest("52:54:00:00:00:01", identifier: [0xFF, 1], name: "vm1").discover(wanting: "10.0.0.150")
        let message = try #require(server.handle(discover, now: noon).reply).message
        var expected = DHCPv4Message(op: .reply, kind: .offer, xid: 0x1234_5678, chaddr: guest.mac)
        expected.yiaddr = "10.0.0.150"
        expected.options.set(.serverIdentifier, "10.0.0.1")
        expected.options.set(.subnetMask, "255.255.255.0")
        expected.options.set(.routers, "10.0.0.1")
        expected.options.set(.nameServers, "10.0.0.1")
        expected.options.set(.hostName, text: "vm1")
        expected.options.set(.domainName, text: "example.lab")
        expected.options.set(.interfaceMTU, 1_400 as UInt16)
        expected.options.set(.broadcastAddress, "10.0.0.255")
        expected.options.set(.leaseTime, 3_600 as UInt32)
        expected.options.set(.renewalTime, 1_800 as UInt32)
        expected.options.set(.rebindingTime, 3_150 as UInt32)
        expected.options[.clientIdentifier] = [0xFF, 1]  // RFC 6842
        #expect(message == expected)
    }

    /// The codes of option 55, and those of 1, 3, 6, 12, 15, 26 and 28 that are in the reply.
    @Test(
        arguments: [
            ([1, 3, 6, 12, 15, 26, 28], [1, 3, 6, 12, 15, 26, 28]),
            ([], [1]),  // the subnet mask always
            ([28, 3], [1, 3, 28]),
            ([121, 43, 6], [1, 6]),  // some are not known here
        ] as [([UInt8], [UInt8])])
    func rfc2132_9_8_parameterRequestList(list: [UInt8], expected: [UInt8]) throws {
        var server = server()
        var message = Guest("52:54:00:00:00:01", name: "vm1").discover()
        message.options[.parameterRequestList] = list
        let options = try #require(server.handle(message, now: noon).reply).message.options
        #expect([1, 3, 6, 12, 15, 26, 28].filter { options[.init(rawValue: $0)] != nil } == expected)
    }

    @Test func isolatedNetworkHasNoRouter() throws {
        var server = server { $0.routers = [] }
        let message = try #require(server.handle(guest.discover(), now: noon).reply).message
        #expect(message.options[.routers] == nil)
        #expect(message.options[.nameServers] == [10, 0, 0, 1])
    }

    /// Also where the client did not ask for it; and a lease for ever has no moments of renewal.
    @Test func reservedNameAndEndlessLease() throws {
        var server = server()
        var message = Guest("52:54:00:00:00:07", name: "mine").discover()
        message.options[.parameterRequestList] = [3]
        let options = try #require(server.handle(message, now: noon).reply).message.options
        #expect(options[.hostName] == Array("db".utf8))
        #expect(options.u32(.leaseTime) == .max)
        #expect(options[.renewalTime] == nil)
        #expect(options[.rebindingTime] == nil)
    }

    @Test func rfc2131_4_3_2_nakHoldsOnlyWhatItMust() throws {
        var server = server()
        var request = Guest("52:54:00:00:00:01", identifier: [9, 9]).reboot("192.168.1.5")
        request.options[.relayAgent] = [1, 1, 7]
        let message = try #require(server.handle(request, now: noon).reply).message
        var expected = DHCPv4Message(op: .reply, kind: .nak, xid: 0x1234_5678, chaddr: guest.mac)
        expected.options.set(.serverIdentifier, "10.0.0.1")
        expected.options.set(.message, text: "address is of another subnet")
        expected.options[.clientIdentifier] = [9, 9]
        expected.options[.relayAgent] = [1, 1, 7]
        #expect(message == expected)
    }

    /// RFC 2131, table 3: `siaddr` and `file`; RFC 2132, sections 9.4 and 9.5, for who asks for them.
    @Test func rfc2131_table3_boot() throws {
        let long = String(repeating: "a", count: 128)
        for (file, requested, field, option) in [
            ("pxe.0", [], "pxe.0", nil), ("pxe.0", [66, 67], "pxe.0", "pxe.0"), (long, [], "", long),
        ] as [(String, [UInt8], String, String?)] {
            var server = DHCPv4Server(configuration { $0.boots = [.init(file: file, server: "10.0.0.9")] })
            var request = guest.discover()
            if !requested.isEmpty { request.options[.parameterRequestList] = requested }
            let reply = try #require(server.handle(request, now: noon).reply)
            #expect(reply.message.siaddr == "10.0.0.9")
            #expect(reply.message.file == Array(field.utf8))
            #expect(reply.message.options[.bootFileName] == option.map { Array($0.utf8) })
            #expect(
                reply.message.options[.tftpServerName] == (requested.contains(66) ? Array("10.0.0.9".utf8) : nil))
            // It arrives as it was meant.
            let read = try DHCPv4Message(reply.payload)
            #expect(read.file == reply.message.file)
            #expect(read.options == reply.message.options)
        }
    }

    /// RFC 4702, section 4: flags E, O and S, two result codes of 255, and the name in the form of the client's.
    @Test func rfc4702_4_name() throws {
        let wire: [UInt8] = [3] + Array("vm1".utf8) + [3] + Array("lab".utf8) + [0]
        for (stated, expected) in [
            ([0x05, 0, 0, 3] + Array("vm1".utf8), [0x05, 255, 255] + wire),
            ([0x04, 0, 0, 3] + Array("vm1".utf8), [0x07, 255, 255] + wire),
            ([0x01, 0, 0] + Array("vm1.x".utf8), [0x01, 255, 255] + Array("vm1.lab".utf8)),
            // no name that can be one
            ([0x05, 0, 0, 1, 0x5F], [0x0C, 255, 255, 1, 0x5F]), ([0x00], [0x08, 255, 255]),
        ] as [([UInt8], [UInt8])] {
            var server = DHCPv4Server(configuration { $0.domain = "lab" })
            var request = guest.reboot("10.0.0.150")
            request.options[.clientFQDN] = stated
            let reply = try #require(server.handle(request, now: noon).reply)
            #expect(reply.message.options[.clientFQDN] == expected)
        }
    }

    /// Options 93 (RFC 4578) and 77 (RFC 3004) tell what kind of client asks.
    @Test func filesByTheKindOfClient() throws {
        let ipxe: ServiceConfiguration.DHCP.ClientTrait = .containing(77, Array("iPXE".utf8))
        let efi: ServiceConfiguration.DHCP.ClientTrait = .option(93, [0, 7])
        let boots: [ServiceConfiguration.DHCP.Boot] = [
            .init(file: "script", server: "10.0.0.1", conditions: [.init([ipxe])]),
            .init(file: "efi", server: "10.0.0.1", conditions: [.init([efi])]),
            .init(file: "bios", server: "10.0.0.1"),
        ]
        for (options, expected) in [
            ([:], "bios"), ([93: [0, 0]], "bios"), ([93: [0, 7]], "efi"), ([93: [0, 0, 0, 7]], "efi"),
            // not at a boundary of two values, and cut short
            ([93: [7, 0, 7, 0]], "bios"), ([93: [0]], "bios"), ([93: [0, 7], 77: [4] + Array("iPXE".utf8)], "script"),
        ] as [([UInt8: [UInt8]], String)] {
            var server = DHCPv4Server(configuration { $0.boots = boots })
            var request = guest.discover()
            for (code, value) in options { request.options[.init(rawValue: code)] = value }
            let reply = try #require(server.handle(request, now: noon).reply)
            #expect(reply.message.file == Array(expected.utf8), "\(options)")
        }
    }

    /// UEFI 2.10, section 24.7.3: a client that starts from a URL takes one from who calls itself what it does.
    @Test(arguments: [
        ("HTTPClient:Arch:00016:UNDI:003001", "http://10.0.0.1/boot.efi", true),
        ("HTTPClient:Arch:00016:UNDI:003001", "boot.efi", false),
        ("PXEClient:Arch:00007:UNDI:003001", "http://10.0.0.1/boot.efi", false),
    ])
    func filesByHTTP(vendor: String, file: String, isAnswered: Bool) throws {
        var server = DHCPv4Server(configuration { $0.boots = [.init(file: file, server: "10.0.0.1")] })
        var request = guest.discover()
        request.options[.vendorClass] = Array(vendor.utf8)
        let reply = try #require(server.handle(request, now: noon).reply)
        #expect(reply.message.file == Array(file.utf8))
        #expect(reply.message.options[.vendorClass] == (isAnswered ? Array("HTTPClient".utf8) : nil))
    }

    @Test func optionsOfTheConfiguration() throws {
        let vendor: ServiceConfiguration.DHCP.Condition = .init([.option(60, Array("vm".utf8))])
        var server = DHCPv4Server(
            configuration {
                $0.options = [
                    .init(code: 42, data: [10, 0, 0, 9]), .init(code: 3, data: nil),
                    .init(code: 42, data: [10, 0, 0, 8], conditions: [vendor]),
                    .init(code: 208, data: [1], isForced: true),
                ]
            })
        for (asked, isVendor, ntp) in [
            ([], false, [10, 0, 0, 9]), ([], true, [10, 0, 0, 8]), ([42], false, [10, 0, 0, 9]), ([1], false, nil),
        ] as [([UInt8], Bool, [UInt8]?)] {
            var request = guest.discover()
            if !asked.isEmpty { request.options[.parameterRequestList] = asked }
            if isVendor { request.options[.init(rawValue: 60)] = Array("vm".utf8) }
            let options = try #require(server.handle(request, now: noon).reply).message.options
            #expect(options[.init(rawValue: 42)] == ntp)
            #expect(options[.init(rawValue: 208)] == [1])
            #expect(options[.routers] == nil)
        }
    }

    /// RFC 2131, section 4.1: `giaddr`, then `ciaddr`, then the broadcast flag, then the new address.
    @Test func rfc2131_4_1_destination() {
        var renewal = guest.renew("10.0.0.150")
        renewal.wantsBroadcast = true
        var flagged = guest.reboot("10.0.0.150")
        flagged.wantsBroadcast = true
        var relayed = renewal
        relayed.giaddr = "10.0.0.2"
        var relayedNAK = guest.reboot("192.168.1.5")
        relayedNAK.giaddr = "10.0.0.2"
        let rows: [(DHCPv4Message, DHCPv4Reply.Destination)] = [
            (guest.reboot("10.0.0.150"), .unicast("10.0.0.150", guest.mac)),
            (flagged, .broadcast),
            (renewal, .unicast("10.0.0.150", guest.mac)),
            (relayed, .relay("10.0.0.2")),
            (guest.reboot("192.168.1.5"), .broadcast),  // a NAK
            (guest.renew("192.168.1.5"), .broadcast),
            (relayedNAK, .relay("10.0.0.2")),
        ]
        var server = server()
        for (message, expected) in rows {
            #expect(server.handle(message, now: noon).reply?.destination == expected)
        }
    }

    @Test func rfc2131_4_3_2_relayedNAKIsToBeBroadcast() throws {
        var server = server()
        var message = guest.reboot("192.168.1.5")
        #expect(server.handle(message, now: noon).reply?.message.wantsBroadcast == false)
        message.giaddr = "10.0.0.2"
        #expect(server.handle(message, now: noon).reply?.message.wantsBroadcast == true)
    }

    @Test func rfc3046_2_2_relayedRequestIsAnsweredThroughTheRelay() throws {
        var server = server()
        var message = guest.discover()
        message.giaddr = "10.0.0.2"
        message.hops = 1
        message.options[.relayAgent] = [1, 2, 0xAB, 0xCD]
        let reply = try #require(server.handle(message, now: noon).reply)
        #expect(reply.destination == .relay("10.0.0.2"))
        #expect(reply.message.giaddr == "10.0.0.2")
        #expect(reply.message.hops == 0)
        #expect(reply.message.options[.relayAgent] == [1, 2, 0xAB, 0xCD])
        #expect(reply.frame(from: "52:54:00:00:00:ff", "10.0.0.1") == nil)
    }

    /// Relay agents that cannot be on this subnet.
    @Test(arguments: ["10.0.1.2", "10.0.0.1", "10.0.0.0", "10.0.0.255", "255.255.255.255"] as [IPv4Address])
    func foreignRelayIsIgnored(relay: IPv4Address) {
        var server = server()
        var message = guest.discover()
        message.giaddr = relay
        #expect(server.handle(message, now: noon) == .ignore(.foreignRelay))
    }

    /// Option 57, the link's MTU, and what is left for the message.
    @Test(
        arguments: [
            (nil, 1_500, 548),
            (100, 1_500, 548),  // less than every client takes
            (1_000, 1_500, 972),
            (.max, 1_500, 1_472),
            (.max, 9_000, 8_972),
            (1_500, 1_280, 1_252),
            (1_500, 68, 548),
        ] as [(UInt16?, UInt16, Int)])
    func rfc2132_9_10_maximumMessageSize(option: UInt16?, mtu: UInt16, expected: Int) {
        var server = server { $0.mtu = mtu }
        var message = guest.discover()
        if let option { message.options.set(.maximumMessageSize, option) }
        #expect(server.handle(message, now: noon).reply?.sizeLimit == expected)
    }

    /// Even where the parameters are too many and the relay agent's option is large, what must be in a reply is.
    @Test func overfullReplyKeepsWhatItMust() throws {
        var server = server { $0.nameServers = Array(repeating: "10.0.0.1", count: 80) }
        var discover = Guest("52:54:00:00:00:01", identifier: Array(repeating: 1, count: 200)).discover()
        discover.options[.relayAgent] = Array(repeating: 2, count: 200)
        let reply = try #require(server.handle(discover, now: noon).reply)
        #expect(reply.payload.count <= 548)
        let options = try DHCPv4Message(reply.payload).options
        #expect(options.address(.serverIdentifier) == "10.0.0.1")
        #expect(options.u32(.leaseTime) == 3_600)
        #expect(options.address(.subnetMask) == "255.255.255.0")
        #expect(options[.relayAgent]?.count == 200)
        #expect(options[.nameServers] == nil)
        #expect(options[.clientIdentifier] == nil)
    }

    /// What real clients send is answered as they expect.
    @Test func recordedClientsGetOffers() throws {
        var server = server()
        let udhcpc = try #require(server.handle(try DHCPv4Message(Recorded.udhcpcDiscover), now: noon).reply)
        #expect(udhcpc.message.kind == .offer)
        #expect(udhcpc.destination == .unicast(udhcpc.message.yiaddr, "52:54:00:12:34:56"))
        #expect(udhcpc.message.options[.interfaceMTU] == nil)
        #expect(udhcpc.message.options[.clientIdentifier] == [1, 0x52, 0x54, 0, 0x12, 0x34, 0x56])
        let dhclient = try #require(server.handle(try DHCPv4Message(Recorded.dhclientDiscover), now: noon).reply)
        #expect(dhclient.message.yiaddr == "10.0.0.150")
        #expect(dhclient.destination == .broadcast)
        #expect(dhclient.message.options.u16(.interfaceMTU) == 1_400)
        #expect(dhclient.message.options[.hostName] == Array("debian".utf8))
    }
}
