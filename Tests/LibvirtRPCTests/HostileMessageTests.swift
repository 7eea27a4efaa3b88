internal import LibvirtRPC
internal import NetworkModel
internal import TestSupport
internal import Testing
internal import Wire

/// Octets made to harm whoever reads them: each is refused, nothing is kept of what only promises to be long, and none is a
/// crash.
@Suite struct HostileMessageTests {
    @Test(arguments: [
        // Lengths below the header's, and above the most.
        ("00000000", 28), ("00000004", 28), ("0000001b", 28), ("80000000", 28), ("ffffffff", 28), ("02000005", 28),
    ]) func `a length that none can be ends the connection`(length: String, count: Int) throws {
        var reader = MessageReader()
        reader.append(octets(length) + [UInt8](repeating: 0, count: count - 4))
        #expect(throws: WireError.malformed(offset: 0, field: "length")) { try reader.next() }
    }

    @Test func `a reader's own limit counts`() throws {
        var reader = MessageReader(limit: 64)
        reader.append(octets("00000040 20008086 00000001 00000042 00000000 00000000 00000000"))
        #expect(try reader.next() == nil)
        reader.append([UInt8](repeating: 0, count: 36))
        #expect(try reader.next()?.payload.count == 36)
        reader.append(octets("00000041"))
        #expect(throws: WireError.malformed(offset: 0, field: "length")) { try reader.next() }
    }

    @Test func `a type and a status that there is not end the connection`() throws {
        for header in [
            "0000001c 20008086 00000001 00000042 00000007 00000000 00000000",
            "0000001c 20008086 00000001 00000042 00000000 00000000 00000003",
        ] {
            var reader = MessageReader()
            reader.append(octets(header))
            #expect(throws: WireError.self) { try reader.next() }
        }
    }

    /// However the octets are cut, the same messages come out.
    @Test(arguments: 0..<50) func `messages come in any pieces`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let recordings = Recording.all.shuffled(using: &random)
        let stream = recordings.flatMap(\.bytes)
        var reader = MessageReader()
        var found: [[UInt8]] = []
        var rest = stream[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...700, using: &random))
            rest = rest.dropFirst(piece.count)
            reader.append(piece)
            while let message = try reader.next() { found.append(message.bytes) }
        }
        #expect(found == recordings.map(\.bytes))
    }

    /// Payloads that are no arguments, with the procedure that they are given to.
    @Test(
        arguments: [
            // Text: no length, longer than there is, longer than may be, the longest number.
            (46, ""), (46, "00000004 6c6162"), (46, "00400001 00000000"), (46, "ffffffff 00000000"),
            // Text without its padding, with a NUL, and in no UTF-8: a lone continuation, an overlong NUL, a surrogate.
            (46, "00000003 6c6162"), (46, "00000004 6c006162"), (46, "00000001 80000000"), (46, "00000002 c0800000"),
            (46, "00000003 eda08000"),
            // An optional that is there by its word alone.
            (1, "00000001"), (1, "ffffffff"),
            // A UUID that is too short.
            (47, "11111111 22223333 44445555 555555"),
            // Lists: longer than there is, longer than may be.
            (419, "00000014 00000000"), (419, "00000015"), (419, "7fffffff"),
            // A parameter of no type, of type 0, and without its value.
            (419, "00000001 00000001 61000000 00000008 00000000 00000000"),
            (419, "00000001 00000001 61000000 00000000 00000000 00000000"),
            (419, "00000001 00000001 61000000 00000004 00000000"),
            // More parameters than a port has.
            (408, "00000001 6c000000 11111111222233334444555555555555 11111111222233334444555555555555 00000011"),
        ] as [(Int32, String)]) func `what are no arguments is refused`(number: Int32, payload: String) throws
    {
        let procedure = try #require(Procedures.all.first { $0.number == number })
        let message = Message(.remote, procedure: number, .call, payload: octets(payload))
        #expect(throws: WireError.self) { try procedure.recoded(message) }
    }

    @Test func `what fills up a unit is not looked at`() throws {
        let message = Message(.remote, procedure: 46, .call, payload: octets("00000003 6c6162ff"))
        #expect(try Procedures.networkByName.arguments(of: message) == "lab")
    }

    /// As go-libvirt writes it, and with it Terraform's provider.
    @Test(arguments: ["00000001", "01000000", "ffffffff"]) func `an optional is there by any word but 0`(
        word: String
    ) throws {
        let message = Message(.remote, procedure: 1, .call, payload: octets("\(word) 00000003 6c616200 00000000"))
        let (name, flags) = try Procedures.open.arguments(of: message)
        #expect(name == "lab" && flags == 0)
    }

    @Test func `what is too long for the protocol is not written`() {
        var writer = WireWriter()
        #expect(throws: XDRLimitError.self) {
            try String(repeating: "x", count: 4_194_305).write(to: &writer)
        }
        #expect(throws: XDRLimitError.self) {
            try XDRList<2, Int32>([1, 2, 3]).write(to: &writer)
        }
        let call = Message(
            .remote, procedure: 43, .call, payload: octets("00000000 00000000000000000000000000000000 00000000"))
        let answer = Procedures.networkXML.answer(to: call) { _, _ in String(repeating: "x", count: 5_000_000) }
        #expect(answer.status == .error)
    }

    /// Any octets, for any procedure: refused, or arguments that are written and read again as the same.
    @Test(arguments: 0..<100) func `any octets are survived`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for procedure in Procedures.all {
            var payload = random.bytes(upTo: 96)
            // Small numbers make lengths that fit.
            for index in payload.indices where index % 4 != 3 && Bool.random(using: &random) { payload[index] = 0 }
            let kind: Message.Kind = Bool.random(using: &random) ? .reply : .call
            let message = Message(.remote, procedure: procedure.number, kind, payload: payload)
            guard let first = try? procedure.recoded(message) else { continue }
            #expect(try procedure.recoded(Message(.remote, procedure: procedure.number, kind, payload: first)) == first)
        }
    }

    /// Whatever a client sends, a session has something to say to it or nothing.
    @Test(arguments: 0..<100) func `any messages are survived`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var session = Session(isReadOnly: Bool.random(using: &random))
        for _ in 0..<100 {
            var bytes = Recording.all.randomElement(using: &random)?.bytes ?? []
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 4..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var reader = MessageReader()
            reader.append(bytes)
            guard let message = try? reader.next() else { continue }
            guard case .perform(let call) = session.receive(message) else { continue }
            let procedure = try #require(Procedures.all.first { $0.number == call.procedure })
            #expect(procedure.access != .tells && procedure.access != .always)
        }
    }
}
