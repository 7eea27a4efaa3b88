import DNS
import NetworkModel
import TestSupport
import Testing
import Wire

/// What is said to queries of all kinds, whatever they ask about.
@Suite struct DNSZoneProtocolTests {
    /// The octets of the whole answer to what `dig vm1.netwerk1.lab` sends.
    @Test func answersDig() {
        let question = Array(DNSMessageTests.digQuery[12..<34])
        let expected: [UInt8] =
            [
                0x1A, 0x2B,  // the client's id
                0x85, 0x80,  // a response; AA, RD, RA
                0, 1, 0, 1, 0, 0, 0, 1,  // one question, one answer, one additional record
            ] + question + [
                0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0,  // the name asked for, A, IN, TTL 0
                0, 4, 192, 168, 150, 5,  // 192.168.150.5
                0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0,  // OPT: 1232 octets, no options
            ]
        #expect(lab().octets(for: DNSMessageTests.digQuery) == expected)
    }

    /// The octets of a negative answer: the zone's name is a pointer into the question.
    @Test func pointsAtTheZoneInTheQuestion() {
        let bytes = query("x.netwerk1.lab")
        let expected: [UInt8] =
            [0x1A, 0x2B, 0x85, 0x83, 0, 1, 0, 0, 0, 1, 0, 0] + bytes[12...] + [
                0xC0, 14, 0, 6, 0, 1, 0, 0, 0, 0,  // netwerk1.lab, SOA, IN, TTL 0
                0, 38, 0xC0, 14,  // 38 octets, netwerk1.lab
                6, 0x6E, 0x6F, 0x62, 0x6F, 0x64, 0x79,  // nobody
                7, 0x69, 0x6E, 0x76, 0x61, 0x6C, 0x69, 0x64, 0,  // invalid
                0, 0, 0, 1, 0, 0, 0x0E, 0x10, 0, 0, 0x04, 0xB0, 0, 0x09, 0x3A, 0x80, 0, 0, 0, 0,
            ]
        #expect(lab().octets(for: bytes) == expected)
    }

    @Test(
        arguments: [
            // RFC 1035, section 4.1.1: a response, and octets that hold no header
            (change { $0.header.isResponse = true }, "ignore"),
            ([], "ignore"),
            ([UInt8](repeating: 0, count: 11), "ignore"),
            // other opcodes, of which only the header is looked at
            (change { $0.header.opcode = .notify }, "NOTIMP ra"),
            (change { $0.header.opcode = .update }, "NOTIMP ra"),
            (change { $0.header.opcode = DNSOpcode(rawValue: 15) } + [0xFF], "NOTIMP ra"),
            // RFC 9619: exactly one question
            (change { $0.questions = [] }, "FORMERR ra"),
            (change { $0.questions += $0.questions }, "FORMERR ra"),
            // other classes
            (change { $0.questions[0].recordClass = .chaos }, "REFUSED ra"),
            (change { $0.questions[0].recordClass = DNSClass(rawValue: 255) }, "REFUSED ra"),
            (change { $0.questions[0].recordClass = DNSClass(rawValue: 3000) }, "REFUSED ra"),
            // RFC 5936, RFC 1995: nobody may have the whole zone
            (change { $0.questions[0].type = .axfr }, "REFUSED ra"),
            (change { $0.questions[0].type = .ixfr }, "REFUSED ra"),
            // RFC 3597, section 3: a class that nobody has heard of is somebody's, but not our names
            (query("www.debian.org") { $0.questions[0].recordClass = DNSClass(rawValue: 3000) }, "forward to 9.9.9.9"),
            (query("x.netwerk1.lab") { $0.questions[0].recordClass = DNSClass(rawValue: 3000) }, "REFUSED ra"),
            // octets after the last record, or fewer than the counts say
            (query("vm1") + [0], "FORMERR ra"),
            (Array(query("vm1").dropLast()), "FORMERR ra"),
            (query("vm1").replacing(11, with: 1), "FORMERR ra"),
            (query("vm1").replacing(7, with: 1), "FORMERR ra"),
            // a compressed question: there is nothing to point at
            ([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xC0, 12, 0, 1, 0, 1], "FORMERR ra"),
            ([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x41, 0, 0, 1, 0, 1], "FORMERR ra"),
            // records nobody asked for, well formed
            (change { $0.answers = [DNSRecord(name: "vm1", ttl: 0, data: .a("10.0.0.1"))] }, known),
            (change { $0.additional = [DNSRecord(name: "x.vm1", ttl: 0, data: .a("10.0.0.1"))] }, known),
        ] as [([UInt8], String)])
    func answersByRule(query: [UInt8], expected: String) { #expect(decision(lab(), query) == expected) }

    static let known = "NOERROR aa ra; vm1 0 A 192.168.150.5"
    static func change(_ body: (inout DNSMessage) -> Void) -> [UInt8] { query("vm1") { body(&$0) } }

    /// The client's own: id, RD and CD (RFC 4035, section 3.2.2) come back, AD and reserved bits do not.
    @Test(arguments: [false, true]) func mirrorsFlags(on: Bool) throws {
        let bytes = Self.change {
            $0.header = DNSHeader(id: 0xFFFE, recursionDesired: on, isAuthentic: on, checkingDisabled: on)
        }
        let answer = try #require(lab().answer(to: bytes))
        #expect(
            answer.header
                == DNSHeader(
                    id: 0xFFFE, isResponse: true, isAuthoritative: true, recursionDesired: on, recursionAvailable: true,
                    checkingDisabled: on))
        #expect(answer.questions == [DNSQuestion(name: "vm1", type: .a)])
    }

    /// The opcode and the id come back with NOTIMP, and no question, since there may have been none.
    @Test func mirrorsTheOpcode() throws {
        let answer = try #require(lab().answer(to: Self.change { $0.header.opcode = .update }))
        #expect(answer.header.opcode == .update)
        #expect(answer.header.id == 0x1A2B)
        #expect(answer.questions.isEmpty)
    }

    /// RFC 1035, section 2.3.4: a name of 255 octets can be asked about, one of 256 cannot.
    @Test func limitsTheName() {
        let label = [63] + [UInt8](repeating: 0x61, count: 63)
        for (last, expected) in [(61, "forward to 9.9.9.9"), (62, "FORMERR ra")] {
            let name = label + label + label + [UInt8(last)] + [UInt8](repeating: 0x61, count: last) + [0]
            let bytes = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name + [0, 1, 0, 1]
            #expect(decision(lab(), bytes) == expected)
        }
    }

    /// A query cut short anywhere is refused from the header on, and ignored before.
    @Test func survivesTruncation() {
        for count in 0..<DNSMessageTests.digQuery.count {
            let part = Array(DNSMessageTests.digQuery.prefix(count))
            #expect(decision(lab(), part) == (count < 12 ? "ignore" : "FORMERR ra"), "\(count) octets")
        }
    }

    /// Octets of any kind never trap, and what is answered is well formed and has the client's id.
    @Test(arguments: 0..<200) func survivesAnyBytes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let zone = lab()
        for round in 0..<100 {
            var bytes = round.isMultiple(of: 2) ? DNSMessageTests.digQuery : random.bytes(upTo: 80)
            for _ in 0..<3 where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            if bytes.count > 2 { bytes[2] &= 0x7F }
            guard case .answer(let answer) = zone.decide(query: bytes.span, over: .udp) else { continue }
            let message = try DNSMessage(answer.span)
            #expect(Array(answer.prefix(2)) == Array(bytes.prefix(2)))
            #expect(message.header.isResponse)
        }
    }
}

/// RFC 6891: EDNS.
@Suite struct DNSZoneEDNSTests {
    /// A host with so many addresses that the answer to `many` has 1,033 octets, and 1,044 with an OPT record.
    static let zone = lab {
        $0.hosts.append(
            .init(name: "many", addresses: (0..<63).map { .v4(IPv4Address(0xC0A8_9664 + $0)) }))
        $0.hosts.append(
            .init(name: "most", addresses: (0..<100).map { .v4(IPv4Address(0xC0A8_9664 + $0)) }))
    }

    /// Section 6.2.5: the size counts, but for values below 512; section 4.1.1 of RFC 1035: TC.
    @Test(
        arguments: [
            (nil, .udp, true), (0, .udp, true), (511, .udp, true), (512, .udp, true), (1040, .udp, true),
            (1041, .udp, false), (4096, .udp, false),
            (nil, .tcp, false), (512, .tcp, false),
        ] as [(UInt16?, DNSTransport, Bool)])
    func truncates(size: UInt16?, transport: DNSTransport, truncated: Bool) throws {
        let bytes = query("many", edns: size.map { EDNS(udpPayloadSize: $0) })
        let answer = try #require(Self.zone.answer(to: bytes, over: transport))
        #expect(answer.header.isTruncated == truncated)
        #expect(answer.answers.count == (truncated ? 0 : 63))
        #expect(answer.questions.count == 1)
        #expect((answer.edns != nil) == (size != nil))
    }

    /// We send at most 1,232 octets over UDP, whatever the client can take.
    @Test func truncatesAboveItsOwnSize() throws {
        let bytes = query("most", edns: EDNS(udpPayloadSize: 4096))
        #expect(try #require(Self.zone.answer(to: bytes)).header.isTruncated)
        #expect(try #require(Self.zone.answer(to: bytes, over: .tcp)).answers.count == 100)
    }

    /// A message has at most 65,535 octets over TCP too, and a section that many records.
    @Test(arguments: [(3639, false), (3640, true), (65_536, true)])
    func truncatesWhatFitsIntoNoMessage(count: Int, truncated: Bool) throws {
        // 12 octets of header, 9 of question, 18 for each record: 3,639 of them make 65,523.
        let zone = lab {
            $0.domain = nil
            $0.texts = (10_000..<10_000 + count).map { .init(name: "all", value: String($0)) }
        }
        let answer = try #require(zone.answer(to: query("all", .txt), over: .tcp))
        #expect(answer.header.isTruncated == truncated)
    }

    /// Section 6.1.4: DO comes back.
    @Test(arguments: [false, true]) func mirrorsDO(dnssecOK: Bool) throws {
        let answer = try #require(Self.zone.answer(to: query("vm1", edns: EDNS(dnssecOK: dnssecOK))))
        #expect(answer.edns == EDNS(udpPayloadSize: 1232, dnssecOK: dnssecOK))
    }

    /// Section 7: no OPT record where the query had none.
    @Test func staysSilent() throws {
        #expect(try #require(Self.zone.answer(to: query("vm1"))).edns == nil)
    }

    /// Every answer to a query with an OPT record has one, errors too.
    @Test(arguments: ["vm1", "nobody.netwerk1.lab", "localhost"] as [DNSName]) func answersInKind(name: DNSName) throws
    {
        #expect(try #require(Self.zone.answer(to: query(name, edns: EDNS()))).edns == EDNS())
        #expect(try #require(Self.zone.answer(to: query(name, .axfr, edns: EDNS()))).edns == EDNS())
    }

    /// Section 6.1.3: BADVERS, with the version that is spoken here.
    @Test func refusesOtherVersions() throws {
        let bytes = query("vm1", edns: EDNS(version: 1))
        #expect(decision(Self.zone, bytes) == "BADVERS ra")
        #expect(try #require(Self.zone.answer(to: bytes)).edns == EDNS(extendedResponseCode: 1, version: 0))
    }

    @Test(
        arguments: [
            // section 6.1.2: an option nobody knows, an empty one, two of them
            ([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 6, 0xFF, 0xFE, 0, 2, 1, 2], 1, known),
            ([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 4, 0, 3, 0, 0], 1, known),
            ([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 8, 0, 3, 0, 0, 0, 3, 0, 0], 1, known),
            // options that are longer than the record, or cut within their head
            ([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 5, 0, 3, 0, 2, 1], 1, "FORMERR ra"),
            ([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 3, 0, 3, 0], 1, "FORMERR ra"),
            // section 6.1.1: two OPT records
            ([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0], 2, "FORMERR ra"),
            // section 6.1.2: its name is the root, written as it is
            ([1, 0x61, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0], 1, "FORMERR ra"),
            ([0xC0, 16, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0], 1, "FORMERR ra"),
            // section 6.1.4: unknown flags are ignored
            ([0, 0, 41, 4, 208, 0, 0, 0x7F, 0xFF, 0, 0], 1, known),
        ] as [([UInt8], UInt8, String)])
    func readsOPT(records: [UInt8], count: UInt8, expected: String) {
        #expect(decision(Self.zone, query("vm1").replacing(11, with: count) + records) == expected)
    }

    static let known = DNSZoneProtocolTests.known
}

extension [UInt8] {
    fileprivate func replacing(_ index: Int, with octet: UInt8) -> [UInt8] {
        var copy = self
        copy[index] = octet
        return copy
    }
}

extension DNSZone {
    /// The octets of the answer; nil where there is none.
    fileprivate func octets(for query: [UInt8], over transport: DNSTransport = .udp) -> [UInt8]? {
        guard case .answer(let bytes) = decide(query: query.span, over: transport) else { return nil }
        return bytes
    }

    /// The answer as a value; nil where there is none, or it is malformed.
    fileprivate func answer(to query: [UInt8], over transport: DNSTransport = .udp) -> DNSMessage? {
        octets(for: query, over: transport).flatMap { try? DNSMessage($0.span) }
    }
}
