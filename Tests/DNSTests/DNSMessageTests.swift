import DNS
import NetworkModel
import TestSupport
import Testing
import Wire

@Suite struct DNSMessageTests {
    /// What `dig vm1.netwerk1.lab` sends.
    static let digQuery: [UInt8] = [
        0x1A, 0x2B,  // id
        0x01, 0x20,  // a standard query; RD, AD
        0, 1, 0, 0, 0, 0, 0, 1,  // one question, one additional record
        3, 0x76, 0x6D, 0x31,  // vm1
        8, 0x6E, 0x65, 0x74, 0x77, 0x65, 0x72, 0x6B, 0x31,  // netwerk1
        3, 0x6C, 0x61, 0x62, 0,  // lab, root
        0, 1, 0, 1,  // A, IN
        0, 0, 41,  // root, OPT
        0x04, 0xD0,  // 1232 octets over UDP
        0, 0, 0, 0,  // no extended code, version 0, no DO
        0, 12,  // 12 octets of options
        0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8,  // COOKIE (RFC 7873)
    ]

    /// What a server answers to `dig +noedns -t MX Example.com`.
    static let mailAnswer: [UInt8] = [
        0xBE, 0xEF,  // id
        0x85, 0x80,  // a response; AA, RD, RA
        0, 1, 0, 2, 0, 0, 0, 1,  // one question, two answers, one additional record
        7, 0x45, 0x78, 0x61, 0x6D, 0x70, 0x6C, 0x65, 3, 0x63, 0x6F, 0x6D, 0,  // 12: Example.com
        0, 15, 0, 1,  // MX, IN
        0xC0, 12, 0, 15, 0, 1, 0, 0, 0x0E, 0x10,  // Example.com MX IN 3600
        0, 9,  // 9 octets
        0, 10, 4, 0x6D, 0x61, 0x69, 0x6C, 0xC0, 12,  // 10, 43: mail.Example.com
        0xC0, 12, 0, 15, 0, 1, 0, 0, 0x0E, 0x10,  // the same again
        0, 4,  // 4 octets
        0, 20, 0xC0, 20,  // 20, com
        0xC0, 43, 0, 1, 0, 1, 0, 0, 0, 60,  // mail.Example.com A IN 60
        0, 4, 192, 0, 2, 25,  // 192.0.2.25
    ]

    @Test func readsAQueryOfDig() throws {
        let message = try DNSMessage(Self.digQuery.span)
        #expect(message.header == DNSHeader(id: 0x1A2B, recursionDesired: true, isAuthentic: true))
        #expect(message.questions == [DNSQuestion(name: "vm1.netwerk1.lab", type: .a)])
        #expect(message.edns == EDNS(udpPayloadSize: 1232))
    }

    @Test func readsACompressedAnswer() throws {
        let message = try DNSMessage(Self.mailAnswer.span)
        #expect(
            message.answers == [
                DNSRecord(name: "Example.com", ttl: 3600, data: .mx(preference: 10, exchange: "mail.Example.com")),
                DNSRecord(name: "Example.com", ttl: 3600, data: .mx(preference: 20, exchange: "com")),
            ])
        #expect(message.additional == [DNSRecord(name: "mail.Example.com", ttl: 60, data: .a("192.0.2.25"))])
    }

    /// The writer finds every name that the server's answer compressed.
    @Test func writesWhatItRead() throws {
        #expect(try DNSMessage(Self.mailAnswer.span).bytes == Self.mailAnswer)
        #expect(try DNSMessage(Self.digQuery.span).bytes == Self.digQuery)
    }

    /// A message cut short anywhere is refused.
    @Test(arguments: [digQuery, mailAnswer]) func refusesATruncatedMessage(whole: [UInt8]) {
        for count in 0..<whole.count {
            #expect(throws: WireError.self, "\(count) octets") { try DNSMessage(Array(whole.prefix(count)).span) }
        }
        #expect(throws: WireError.malformed(offset: whole.count, field: "end of message")) {
            try DNSMessage((whole + [0]).span)
        }
    }

    /// RDLENGTH and what stands there must agree.
    @Test(
        arguments: [
            // A of three and of five octets
            ([0, 1, 0, 1, 0, 0, 0, 0, 0, 3, 10, 0, 0], false),
            ([0, 1, 0, 1, 0, 0, 0, 0, 0, 5, 10, 0, 0, 1, 0], false),
            ([0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 0, 1], true),
            // A in a class with other addresses (RFC 1035, section 3.3: data may depend on the class)
            ([0, 1, 0, 3, 0, 0, 0, 0, 0, 3, 10, 0, 0], true),
            // TXT without a string, with an empty one, with one that is longer than the data
            ([0, 16, 0, 1, 0, 0, 0, 0, 0, 0], false),
            ([0, 16, 0, 1, 0, 0, 0, 0, 0, 1, 0], true),
            ([0, 16, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0x61], false),
            // PTR to the root, and with an octet too many
            ([0, 12, 0, 1, 0, 0, 0, 0, 0, 1, 0], true),
            ([0, 12, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0], false),
            // a type nobody knows, without data
            ([0xFF, 0, 0, 1, 0, 0, 0, 0, 0, 0], true),
        ] as [([UInt8], Bool)])
    func checksTheLengthOfData(record: [UInt8], valid: Bool) {
        let bytes: [UInt8] = [0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0] + [0] + record
        #expect(((try? DNSMessage(bytes.span)) != nil) == valid)
    }

    /// Messages written and read again are the same, in the same case and with no octet more at the second time.
    @Test(arguments: 0..<200) func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let message = DNSMessage.random(&random)
        let bytes = message.bytes
        let again = try DNSMessage(bytes.span)
        #expect(again == message)
        #expect(again.bytes == bytes)
        #expect(again.questions.map(\.name.description) == message.questions.map(\.name.description))
    }

    /// Octets that are no message at all are refused, and never trap; what can be read can be written.
    @Test(arguments: 0..<200) func survivesAnyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var bytes = random.bytes(upTo: 128)
            // Few records, so that the reader comes beyond the counts.
            for index in [4, 6, 8, 10] where index < bytes.count { bytes[index] = 0 }
            for index in [5, 7, 9, 11] where index < bytes.count { bytes[index] &= 1 }
            _ = try? DNSMessage(bytes.span).bytes
        }
    }

    /// A valid message with a few octets changed never traps either.
    @Test(arguments: 0..<200) func survivesChangedBytes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var bytes = Self.mailAnswer
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            guard let message = try? DNSMessage(bytes.span) else { continue }
            let written = message.bytes
            #expect(try DNSMessage(written.span) == message)
        }
    }
}

extension DNSMessage {
    static func random(_ random: inout SeededGenerator) -> DNSMessage {
        var message = DNSMessage(
            header: DNSHeader(
                id: .random(in: 0...UInt16.max, using: &random), isResponse: .random(using: &random),
                opcode: DNSOpcode(rawValue: .random(in: 0...15, using: &random)),
                isAuthoritative: .random(using: &random), isTruncated: .random(using: &random),
                recursionDesired: .random(using: &random), recursionAvailable: .random(using: &random),
                isAuthentic: .random(using: &random), checkingDisabled: .random(using: &random),
                responseCode: DNSResponseCode(rawValue: .random(in: 0...15, using: &random))))
        message.questions = [DNSQuestion(name: .random(&random), type: .aaaa)]
        for _ in 0..<Int.random(in: 0...8, using: &random) { message.answers.append(.random(&random)) }
        for _ in 0..<Int.random(in: 0...2, using: &random) { message.authority.append(.random(&random)) }
        for _ in 0..<Int.random(in: 0...2, using: &random) { message.additional.append(.random(&random)) }
        return message
    }
}

extension DNSName {
    /// Few different labels, so that names share their ends; in any case.
    static func random(_ random: inout SeededGenerator) -> DNSName {
        let labels = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            ["a", "A", "lab", "LAB", "netwerk1", #"\000\255"#].randomElement(using: &random) ?? "a"
        }
        return DNSName(labels.isEmpty ? "." : labels.joined(separator: ".")) ?? .root
    }
}

extension DNSRecord {
    static func random(_ random: inout SeededGenerator) -> DNSRecord {
        let number = UInt16.random(in: 0...UInt16.max, using: &random)
        let data: DNSRecordData =
            switch Int.random(in: 0...9, using: &random) {
            case 0: .a(IPv4Address(.random(in: 0...UInt32.max, using: &random)))
            case 1: .aaaa(IPv6Address(.random(in: 0...UInt128.max, using: &random)))
            case 2: .ns(.random(&random))
            case 3: .cname(.random(&random))
            case 4: .ptr(.random(&random))
            case 5: .mx(preference: number, exchange: .random(&random))
            case 6: .txt((0...2).map { _ in random.bytes(upTo: 255) })
            case 7: .srv(priority: number, weight: 1, port: 2, target: .random(&random))
            case 8:
                .soa(
                    StartOfAuthority(
                        server: .random(&random), responsible: .random(&random), serial: UInt32(number), refresh: 1,
                        retry: 2,
                        expire: 3, minimum: 4))
            default: .other(DNSRecordType(rawValue: 0xFF00 | number), random.bytes(upTo: 300))
            }
        return DNSRecord(name: .random(&random), ttl: UInt32(number), data: data)
    }
}
