import DHCP
import NetworkModel
import TestSupport
import Testing
import Wire

@Suite struct MessageTests {
    @Test func readsDiscoverOfUdhcpc() throws {
        let message = try DHCPv4Message(Recorded.udhcpcDiscover)
        #expect(Recorded.udhcpcDiscover.count == 300)
        #expect(message.op == .request)
        #expect(message.kind == .discover)
        #expect(message.xid == 0x3B9A_C201)
        #expect(message.secs == 3)
        #expect(!message.wantsBroadcast)
        #expect(message.chaddr == "52:54:00:12:34:56")
        #expect(message.options[.clientIdentifier] == [1, 0x52, 0x54, 0, 0x12, 0x34, 0x56])
        #expect(message.options.u16(.maximumMessageSize) == 576)
        #expect(message.options[.parameterRequestList] == [1, 3, 6, 12, 15, 28, 42])
        #expect(message.options[.init(rawValue: 60)] == Array("udhcp 1.35.0".utf8))
    }

    @Test func readsDiscoverOfDhclient() throws {
        let message = try DHCPv4Message(Recorded.dhclientDiscover)
        #expect(message.kind == .discover)
        #expect(message.wantsBroadcast)
        #expect(message.chaddr == "52:54:00:ab:cd:ef")
        #expect(message.options.address(.requestedAddress) == "10.0.0.150")
        #expect(HostName.stated(in: message.options) == "debian")
        #expect(message.options[.clientIdentifier] == nil)
    }

    @Test func rfc2131_4_1_readsOptionsFieldThenFileThenSname() throws {
        let message = try DHCPv4Message(Recorded.overloaded)
        #expect(message.kind == .request)
        #expect(message.options[.clientIdentifier] == [0xFF, 0x00, 0xAA, 0xBB, 0xCC, 0xDD])
        #expect(message.options[.hostName] == Array("vm1".utf8))
        #expect(message.options[.overload] == nil)
        #expect(message.file == [])
        #expect(message.sname == [])
    }

    /// The value of the overload option, and the client identifier's parts that are then options.
    @Test(
        arguments: [
            (1, [0xFF, 0x00, 0xAA, 0xBB]),  // `file`
            (2, [0xFF, 0x00, 0xCC, 0xDD]),  // `sname`
            (4, [0xFF, 0x00]),  // no such value
        ] as [(UInt8, [UInt8])])
    func rfc2132_9_3_overloadOfOneField(overload: UInt8, identifier: [UInt8]) throws {
        var bytes = Recorded.overloaded
        bytes[249] = overload
        let message = try DHCPv4Message(bytes)
        #expect(message.options[.clientIdentifier] == identifier)
        #expect(message.sname.isEmpty == (overload == 2))
        #expect(message.file.isEmpty)  // Its first octet is a zero.
    }

    @Test func readsNamesUpToTheirFinalZero() throws {
        var bytes = Recorded.udhcpcDiscover
        bytes.replaceSubrange(44..<49, with: Array("boot\0".utf8))
        bytes.replaceSubrange(108..<236, with: Array(repeating: UInt8(ascii: "f"), count: 128))
        let message = try DHCPv4Message(bytes)
        #expect(message.sname == Array("boot".utf8))
        #expect(message.file.count == 128)
    }

    /// One octet of a good message is changed, and the error names it.
    @Test(arguments: [
        (0, 3, WireError.malformed(offset: 0, field: "op")),  // neither request nor reply
        (1, 6, .malformed(offset: 1, field: "htype")),  // IEEE 802
        (2, 8, .malformed(offset: 2, field: "hlen")),  // eight octets
        (239, 0x64, .malformed(offset: 236, field: "magic cookie")),  // another vendor area
        (240, 54, .malformed(offset: 240, field: "DHCP message type")),  // no message type: BOOTP
        (242, 0, .malformed(offset: 240, field: "DHCP message type")),  // no such type
        (242, 10, .malformed(offset: 240, field: "DHCP message type")),  // LEASEQUERY
        (244, 250, .truncated(offset: 245, needed: 250, available: 55)),  // an option longer than the message
    ])
    func refuses(offset: Int, octet: UInt8, expected: WireError) {
        var bytes = Recorded.udhcpcDiscover
        bytes[offset] = octet
        let error = #expect(throws: WireError.self) { try DHCPv4Message(bytes) }
        #expect(error == expected)
    }

    @Test func refusesBOOTPWithoutVendorArea() {
        let bytes = Array(Recorded.udhcpcDiscover[..<236])
        let error = #expect(throws: WireError.self) { try DHCPv4Message(bytes) }
        #expect(error == .truncated(offset: 236, needed: 4, available: 0))
    }

    /// Cut anywhere, a message is refused or is one whose end option is missing, and nothing traps.
    @Test(arguments: [Recorded.udhcpcDiscover, Recorded.dhclientDiscover, Recorded.overloaded])
    func survivesTruncation(bytes: [UInt8]) {
        for count in 0..<243 {
            #expect(throws: WireError.self) { try DHCPv4Message(bytes[..<count]) }
        }
        for count in 243..<bytes.count {
            let message = try? DHCPv4Message(bytes[..<count])
            if let message { #expect(message.kind == .discover || message.kind == .request) }
        }
    }

    @Test(arguments: 0..<100) func survivesAnyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            var bytes = Recorded.overloaded
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            bytes += random.bytes(upTo: 40)
            guard let message = try? DHCPv4Message(bytes) else { continue }
            #expect(message.options[.overload] == nil)
            #expect(message.file.count <= 128 && message.sname.count <= 64)
        }
    }

    /// What is written is read as the same message, whatever it holds.
    @Test(arguments: 0..<200) func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let message = DHCPv4Message.random(using: &random)
        var writer = WireWriter()
        writer.u8(0xA5)  // The message need not be the first thing written.
        message.write(to: &writer, limit: .max)
        let bytes = writer.bytes.dropFirst()
        #expect(bytes.count >= 300)
        #expect(try DHCPv4Message(bytes) == message)
    }

    @Test func rfc951_3_messagesHaveAtLeast300Octets() {
        let reply = DHCPv4Reply(message: Guest(number: 1).message(.discover), destination: .broadcast)
        #expect(reply.payload.count == 300)
        #expect(reply.payload[243] == 255)
        #expect(reply.payload[244...].allSatisfy { $0 == 0 })
    }

    @Test func rfc3046_2_1_relayAgentOptionComesLast() throws {
        var message = Guest(number: 1).message(.ack)
        message.options[.relayAgent] = [1, 1, 7]
        message.options[.init(rawValue: 224)] = [9]
        message.options.set(.subnetMask, "255.255.255.0")
        message.options.set(.serverIdentifier, "10.0.0.1")
        let payload = DHCPv4Reply(message: message, destination: .broadcast).payload
        #expect(
            payload[240..<265] == [
                53, 1, 5,  // message type
                54, 4, 10, 0, 0, 1,  // server identifier
                1, 4, 255, 255, 255, 0,  // subnet mask
                224, 1, 9,  // site-specific
                82, 3, 1, 1, 7,  // relay agent
                255,  // end
                0,
            ])
    }

    /// An option of more than 255 octets is split (RFC 3396, section 5).
    @Test func rfc3396_5_longOptionIsSplit() throws {
        var message = Guest(number: 1).message(.ack)
        message.options[.relayAgent] = Array(repeating: 7, count: 300)
        let payload = DHCPv4Reply(message: message, destination: .broadcast, sizeLimit: 1_472).payload
        #expect(payload[243...244] == [82, 255])
        #expect(payload[500...501] == [82, 45])
        #expect(try DHCPv4Message(payload) == message)
    }

    @Test func leavesOutWhatDoesNotFit() throws {
        var message = Guest(number: 1, name: "vm1").message(.ack)
        message.options.set(.serverIdentifier, "10.0.0.1")
        message.options.set(.nameServers, Array(repeating: "10.0.0.1", count: 60))
        message.options[.clientIdentifier] = Array(repeating: 1, count: 50)
        let payload = DHCPv4Reply(message: message, destination: .broadcast, sizeLimit: 548).payload
        let received = try DHCPv4Message(payload)
        // 3 + 6 + 5 + 242 + 52 + 1 octets of options are one more than 308; the host name is what goes.
        #expect(payload.count == 544)
        #expect(received.options[.hostName] == nil)
        #expect(received.options[.nameServers]?.count == 240)
        #expect(received.options[.clientIdentifier]?.count == 50)
    }

    /// Options are like a dictionary, whatever is set, replaced and taken away, and however long it is.
    @Test(arguments: 0..<50) func optionsByTheirCodes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var (options, expected) = (DHCPv4Message.Options(), [DHCPv4Message.OptionCode: [UInt8]]())
        let codes: [DHCPv4Message.OptionCode] = [
            .subnetMask, .routers, .hostName, .serverIdentifier, .clientIdentifier, .relayAgent, .init(rawValue: 254),
        ]
        for _ in 0..<40 {
            guard let code = codes.randomElement(using: &random),
                let length = [0, 1, 4, 254, 255, 256, 510, 511, 600].randomElement(using: &random)
            else { continue }
            let value =
                Int.random(in: 0..<3, using: &random) == 0
                ? nil : Array(repeating: random.bytes(upTo: 1).first ?? 7, count: length)
            options[code] = value
            expected[code] = value
            for code in codes {
                #expect(options[code] == expected[code])
                #expect(options.contains(code) == (expected[code] != nil))
            }
        }
        var writer = WireWriter()
        options.write(to: &writer)
        var reader = WireReader(writer.bytes.span)
        var read = DHCPv4Message.Options()
        try read.read(from: &reader)
        #expect(read == options)
        for code in codes { options[code] = nil }
        #expect(options.isEmpty)
    }

    /// An option of the wrong length is one that is not there.
    @Test func ignoresOptionsOfTheWrongLength() {
        var options = DHCPv4Message.Options()
        options[.requestedAddress] = [10, 0, 0]
        options[.maximumMessageSize] = [5]
        options[.overload] = []
        #expect(options.address(.requestedAddress) == nil)
        #expect(options.u32(.requestedAddress) == nil)
        #expect(options.u16(.maximumMessageSize) == nil)
        #expect(options.u8(.overload) == nil)
    }
}

extension Guest {
    fileprivate init(number: Int, name: String) {
        self.init(number: number)
        self.name = name
    }
}

extension DHCPv4Message {
    fileprivate static func random(using random: inout SeededGenerator) -> Self {
        var message = Self(
            op: Bool.random(using: &random) ? .request : .reply,
            kind: Kind.allCases.randomElement(using: &random) ?? .ack,
            xid: .random(in: 0...(.max), using: &random), chaddr: MACAddress(random.next()))
        message.hops = .random(in: 0...255, using: &random)
        message.secs = .random(in: 0...(.max), using: &random)
        message.flags = .random(in: 0...(.max), using: &random)
        message.ciaddr = IPv4Address(UInt32(truncatingIfNeeded: random.next()))
        message.yiaddr = IPv4Address(UInt32(truncatingIfNeeded: random.next()))
        message.siaddr = IPv4Address(UInt32(truncatingIfNeeded: random.next()))
        message.giaddr = IPv4Address(UInt32(truncatingIfNeeded: random.next()))
        message.sname = random.bytes(upTo: 64).map { max($0, 1) }
        message.file = random.bytes(upTo: 128).map { max($0, 1) }
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let code = OptionCode(rawValue: .random(in: 1...254, using: &random))
            guard code != .messageType, code != .overload else { continue }
            message.options[code] = random.bytes(upTo: 600)
        }
        return message
    }
}
