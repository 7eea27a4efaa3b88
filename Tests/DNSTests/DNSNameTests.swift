import DNS
import TestSupport
import Testing
import Wire

/// RFC 1035, sections 2.3.4, 3.1 and 5.1: names as text.
@Suite struct DNSNameTextTests {
    @Test(
        arguments: [
            // the text, the octets on the wire, the text again
            (".", [0], "."),
            ("a", [1, 0x61, 0], "a"),
            ("a.", [1, 0x61, 0], "a"),
            ("Vm1.lab", [3, 0x56, 0x6D, 0x31, 3, 0x6C, 0x61, 0x62, 0], "Vm1.lab"),
            // a dot within a label
            (#"a\.b.c"#, [3, 0x61, 0x2E, 0x62, 1, 0x63, 0], #"a\.b.c"#),
            // an octet by number, printable or not
            (#"\065\000"#, [2, 0x41, 0, 0], #"A\000"#),
            (#"\\"#, [1, 0x5C, 0], #"\\"#),
            (#"\a"#, [1, 0x61, 0], "a"),
            // RFC 2181, section 11: any octet
            ("é", [2, 0xC3, 0xA9, 0], #"\195\169"#),
        ] as [(String, [UInt8], String)])
    func reads(text: String, wire: [UInt8], again: String) {
        #expect(DNSName(text)?.wire == wire)
        #expect(DNSName(text)?.description == again)
    }

    @Test(arguments: [
        "",  // the root is "."
        "..", ".a", "a..b", "a..",  // an empty label
        String(repeating: "a", count: 64),  // a label of 64 octets
        String(repeating: "a.", count: 128),  // 257 octets on the wire
        #"a\"#, #"\25"#, #"\256"#, #"\1x2"#,  // no octet
    ])
    func refuses(text: String) { #expect(DNSName(text) == nil) }

    /// RFC 1035, section 2.3.4: "names 255 octets or less", counted with lengths and root.
    @Test func limitsTheWholeName() {
        let label = String(repeating: "a", count: 63)
        let longest = "\(label).\(label).\(label).\(String(repeating: "a", count: 61))"
        #expect(DNSName(longest)?.wire.count == 255)
        #expect(DNSName(longest + "a") == nil)
        #expect(DNSName(longest)?.appending("b") == nil)
        #expect(DNSName(String(repeating: "a.", count: 127))?.labelCount == 127)
    }

    @Test func knowsWhatIsBelowWhat() {
        #expect(("vm1.netwerk1.LAB" as DNSName).isWithin("Netwerk1.lab"))
        #expect(("netwerk1.lab" as DNSName).isWithin("netwerk1.lab"))
        #expect(("netwerk1.lab" as DNSName).isWithin(.root))
        #expect(!("xnetwerk1.lab" as DNSName).isWithin("netwerk1.lab"))
        #expect(!("lab" as DNSName).isWithin("netwerk1.lab"))
        #expect(("a.b" as DNSName).parent == "b")
        #expect(("b" as DNSName).parent == .root)
        #expect(DNSName.root.parent == nil)
        #expect(("vm1" as DNSName).appending("lab") == "vm1.lab")
    }
}

/// RFC 4343: case.
@Suite struct DNSNameCaseTests {
    @Test(
        arguments: [
            ("vm1.lab", "VM1.Lab", true),
            ("vm1.lab", "vm1.lap", false),
            ("vm1.lab", "vm1.lab.lab", false),
            // the octets beside the letters differ from each other by the same bit, and are no letters
            ("@", "`", false), ("[", "{", false),
            // the same octets in other labels
            (#"a\.b"#, "a.b", false),
            // section 3.1: only ASCII has case
            (#"\192"#, #"\224"#, false),
        ] as [(DNSName, DNSName, Bool)])
    func compares(a: DNSName, b: DNSName, equal: Bool) {
        #expect((a == b) == equal)
        #expect((Set([a, b]).count == 1) == equal)
    }

    @Test func isPreserved() { #expect(("VM1.Lab" as DNSName).description == "VM1.Lab") }
}

/// RFC 1035, section 4.1.4: compression.
@Suite struct DNSNameReadingTests {
    /// Twelve octets for a header, so that names may be pointed at.
    static let header = [UInt8](repeating: 0, count: 12)

    static func read(_ body: [UInt8], at offset: Int) throws(WireError) -> (name: DNSName, end: Int) {
        let message = header + body
        var reader = WireReader(message.span)
        try reader.seek(to: offset)
        let name = try DNSName(reading: &reader)
        return (name, reader.offset)
    }

    @Test func followsPointersBackwards() throws {
        // The names of the section's example: F.ISI.ARPA, FOO.F.ISI.ARPA, ARPA and the root.
        let body: [UInt8] = [
            1, 0x46, 3, 0x49, 0x53, 0x49, 4, 0x41, 0x52, 0x50, 0x41, 0,  // 12: F.ISI.ARPA
            3, 0x46, 0x4F, 0x4F, 0xC0, 12,  // 24: FOO, and the name at 12
            0xC0, 18,  // 30: the name at 18, ARPA
            0,  // 32: the root
            0xC0, 24,  // 33: a name that ends with a pointer itself
        ]
        for (offset, name, end) in [
            (12, "F.ISI.ARPA", 24), (24, "FOO.F.ISI.ARPA", 30), (30, "ARPA", 32), (32, ".", 33),
            (33, "FOO.F.ISI.ARPA", 35),
        ] as [(Int, DNSName, Int)] {
            let read = try Self.read(body, at: offset)
            #expect(read.name == name)
            #expect(read.end == end)
        }
    }

    @Test(
        arguments: [
            // a pointer to itself
            ([0xC0, 12], 12, .malformed(offset: 12, field: "compression pointer")),
            // two pointers to each other
            ([0xC0, 14, 0xC0, 12], 14, .malformed(offset: 12, field: "compression pointer")),
            // a label, then a pointer to that label: an endless name
            ([1, 0x61, 0xC0, 12], 12, .malformed(offset: 14, field: "compression pointer")),
            // forwards
            ([0xC0, 14, 0], 12, .malformed(offset: 12, field: "compression pointer")),
            // into the header
            ([0xC0, 4], 12, .malformed(offset: 12, field: "compression pointer")),
            // beyond the message
            ([0xFF, 0xFF], 12, .malformed(offset: 12, field: "compression pointer")),
            // half a pointer
            ([0xC0], 12, .truncated(offset: 13, needed: 1, available: 0)),
            // RFC 6891, section 5: extended label types are gone
            ([0x41, 0], 12, .malformed(offset: 12, field: "label type")),
            ([0x80, 0], 12, .malformed(offset: 12, field: "label type")),
            // a label longer than the message, and a name without an end
            ([5, 0x61], 12, .truncated(offset: 13, needed: 5, available: 1)),
            ([1, 0x61], 12, .truncated(offset: 14, needed: 1, available: 0)),
        ] as [([UInt8], Int, WireError)])
    func refuses(body: [UInt8], offset: Int, expected: WireError) {
        let error = #expect(throws: WireError.self) { try Self.read(body, at: offset) }
        #expect(error == expected)
    }

    /// A name of 255 octets is read, one of 256 is not, whether it stands in one piece or in two.
    @Test func limitsTheWholeName() throws {
        let label = [63] + [UInt8](repeating: 0x61, count: 63)
        let rest: (UInt8) -> [UInt8] = { [$0] + [UInt8](repeating: 0x61, count: Int($0)) }
        #expect(try Self.read(label + label + label + rest(61) + [0], at: 12).name.wire.count == 255)
        #expect(throws: WireError.malformed(offset: 204, field: "domain name length")) {
            try Self.read(label + label + label + rest(62) + [0], at: 12)
        }
        let tail = label + label + label + [0]
        #expect(try Self.read(tail + rest(61) + [0xC0, 12], at: 12 + tail.count).name.wire.count == 255)
        #expect(throws: WireError.malformed(offset: 140, field: "domain name length")) {
            try Self.read(tail + rest(62) + [0xC0, 12], at: 12 + tail.count)
        }
    }

    /// Pointers to pointers are followed, though not without end: a name has at most 127 labels.
    @Test(arguments: [(1, true), (127, true), (128, false)]) func limitsTheHops(count: Int, valid: Bool) {
        // 12: the name `a`. From 15 on pointers, each to what is before it.
        var body: [UInt8] = [1, 0x61, 0]
        var target = 12
        for hop in 0..<count {
            body += [0xC0 | UInt8(target >> 8), UInt8(target & 0xFF)]
            target = 15 + 2 * hop
        }
        #expect(((try? Self.read(body, at: target)) != nil) == valid)
    }
}
