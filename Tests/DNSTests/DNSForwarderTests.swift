import DNS
import NetworkModel
import TestSupport
import Testing

/// A forwarder, the clock and the servers it talks to, told as a story.
struct Scene {
    var forwarder: DNSForwarder<String>
    let zone = lab(servers: ["9.9.9.9", "149.112.112.112"])
    var random = SeededGenerator(seed: 1)
    var now: Duration = .seconds(100)

    static let a = ServiceConfiguration.DNS.Server(address: "9.9.9.9")
    static let b = ServiceConfiguration.DNS.Server(address: "149.112.112.112")

    init(_ limits: DNSForwarderLimits = DNSForwarderLimits()) { forwarder = DNSForwarder(limits: limits) }

    /// A guest asks; what the zone would hand over is forwarded.
    mutating func ask(
        _ client: String = "vm1", _ bytes: [UInt8] = query("www.debian.org"), at address: IPAddress = "192.168.150.5",
        over transport: DNSTransport = .udp
    ) -> [DNSForwarder<String>.Effect] {
        guard case .forward(let request) = zone.decide(query: bytes.span, over: transport) else {
            return []
        }
        return forwarder.forward(request, from: client, at: address, over: transport, now: now, using: &random)
    }

    mutating func reply(
        _ bytes: [UInt8], on flight: DNSFlightID, from server: ServiceConfiguration.DNS.Server
    ) -> [DNSForwarder<String>.Effect] {
        forwarder.receive(bytes.span, on: flight, from: server, now: now, using: &random)
    }

    mutating func wait(_ duration: Duration) -> [DNSForwarder<String>.Effect] {
        now += duration
        return forwarder.tick(now: now, using: &random)
    }
}

/// What was sent to a server, where one thing was and nothing else happened.
struct Sent {
    let flight: DNSFlightID
    let server: ServiceConfiguration.DNS.Server
    let bytes: [UInt8]
    let transport: DNSTransport

    init?(_ effects: [DNSForwarder<String>.Effect]) {
        guard effects.count == 1, case .send(let flight, let server, let bytes, let transport) = effects[0] else {
            return nil
        }
        (self.flight, self.server, self.bytes, self.transport) = (flight, server, bytes, transport)
    }

    /// A server's answer to it.
    func answer(_ code: DNSResponseCode = .noError, _ change: (inout DNSMessage) -> Void = { _ in }) throws -> [UInt8] {
        var message = try DNSMessage(bytes.span)
        message.header.isResponse = true
        message.header.recursionAvailable = true
        message.header.responseCode = code
        if code == .noError {
            message.answers = [DNSRecord(name: message.questions[0].name, ttl: 300, data: .a("151.101.2.132"))]
        }
        change(&message)
        return message.bytes
    }
}

extension [UInt8] {
    fileprivate func withID(of other: [UInt8]) -> [UInt8] { Array(other.prefix(2)) + dropFirst(2) }
}

@Suite struct DNSForwarderTests {
    typealias Effect = DNSForwarder<String>.Effect

    @Test func passesAnAnswerOn() throws {
        var scene = Scene()
        let asked = query("www.Debian.org", edns: EDNS(dnssecOK: true))
        let sent = try #require(Sent(scene.ask("vm1", asked)))
        #expect(sent.server == Scene.a)
        #expect(sent.transport == .udp)
        #expect(sent.bytes.dropFirst(2) == asked.dropFirst(2))
        #expect(scene.forwarder.nextDeadline == scene.now + .milliseconds(1500))

        let reply = try sent.answer()
        #expect(
            scene.reply(reply, on: sent.flight, from: Scene.a) == [
                .answer("vm1", reply.withID(of: asked)), .close(sent.flight),
            ])
        #expect(scene.forwarder.count == 0)
        #expect(scene.forwarder.nextDeadline == nil)
        // The same answer once more is nobody's.
        #expect(scene.reply(reply, on: sent.flight, from: Scene.a) == [])
    }

    /// RFC 5452, section 9.2: ids cannot be told in advance; here they only have to differ from the client's and each other.
    @Test func drawsIDs() {
        var scene = Scene()
        let ids = (0..<50).compactMap { _ in Sent(scene.ask())?.bytes.prefix(2) }
        #expect(ids.count == 50)
        #expect(Set(ids).count > 45)
    }

    @Test func passesTruncationOnAndFollowsOverTCP() throws {
        var scene = Scene()
        let first = try #require(Sent(scene.ask()))
        let reply = try first.answer { $0.header.isTruncated = true }
        #expect(
            scene.reply(reply, on: first.flight, from: Scene.a).first
                == .answer("vm1", reply.withID(of: query("www.debian.org"))))
        let second = try #require(Sent(scene.ask(over: .tcp)))
        #expect(second.transport == .tcp)
        #expect(second.flight != first.flight)
    }

    /// RFC 5452, section 9.1: what does not match is ignored, and the answer may still come.
    @Test(arguments: Forgery.allCases) func ignoresForgeries(forgery: Forgery) throws {
        var scene = Scene()
        let sent = try #require(Sent(scene.ask()))
        #expect(scene.reply(try sent.answer(.noError, forgery.apply), on: sent.flight, from: Scene.a) == [])
        #expect(scene.reply(try sent.answer(), on: sent.flight, from: Scene.a).count == 2)
    }

    /// One thing that is wrong with an answer.
    enum Forgery: CaseIterable {
        case id, query, opcode, name, type, recordClass, noQuestion, twoQuestions

        func apply(to message: inout DNSMessage) {
            switch self {
            case .id: message.header.id ^= 1
            case .query: message.header.isResponse = false
            case .opcode: message.header.opcode = .notify
            case .name: message.questions[0].name = "www.debian.com"
            case .type: message.questions[0].type = .aaaa
            case .recordClass: message.questions[0].recordClass = .chaos
            case .noQuestion: message.questions = []
            case .twoQuestions: message.questions += message.questions
            }
        }
    }

    @Test func ignoresOthersAndGarbage() throws {
        var scene = Scene()
        let sent = try #require(Sent(scene.ask()))
        let other = try #require(Sent(scene.ask("vm2")))
        let reply = try sent.answer()
        #expect(scene.reply(reply, on: sent.flight, from: Scene.b) == [])
        #expect(scene.reply(reply, on: other.flight, from: Scene.a) == [])
        // Cut within the header or the question.
        for count in 0..<32 { #expect(scene.reply(Array(reply.prefix(count)), on: sent.flight, from: Scene.a) == []) }
        #expect(scene.reply(reply, on: sent.flight, from: Scene.a).count == 2)
    }

    /// A server may answer in another case (RFC 4343).
    @Test func comparesNamesWithoutCase() throws {
        var scene = Scene()
        let sent = try #require(Sent(scene.ask()))
        let reply = try sent.answer { $0.questions[0].name = "WWW.Debian.ORG" }
        #expect(scene.reply(reply, on: sent.flight, from: Scene.a).count == 2)
    }

    @Test func asksEachServerTwiceAndGivesUp() throws {
        var scene = Scene()
        let first = try #require(Sent(scene.ask()))
        #expect(scene.wait(.milliseconds(1499)) == [])
        var sent = [first]
        for server in [Scene.b, Scene.a, Scene.b] {
            let next = try #require(Sent(scene.wait(sent.count == 1 ? .milliseconds(1) : .milliseconds(1500))))
            #expect(next.flight == first.flight)
            #expect(next.server == server)
            sent.append(next)
        }
        // The first server's answer comes too late: its socket is closed, and its id is not the last one.
        #expect(scene.reply(try first.answer(), on: first.flight, from: Scene.a) == [])
        let effects = scene.wait(.milliseconds(1500))
        guard case .answer("vm1", let bytes) = effects.first else {
            Issue.record("no answer")
            return
        }
        #expect(text(of: bytes) == "SERVFAIL ra")
        #expect(effects.dropFirst() == [.close(first.flight)])
        #expect(bytes.prefix(2) == query("www.debian.org").prefix(2))
        #expect(scene.forwarder.nextDeadline == nil)
    }

    @Test func takesTheSecondServersAnswer() throws {
        var scene = Scene()
        _ = scene.ask()
        let second = try #require(Sent(scene.wait(.seconds(2))))
        let reply = try second.answer()
        #expect(
            scene.reply(reply, on: second.flight, from: Scene.b).first
                == .answer("vm1", reply.withID(of: query("www.debian.org"))))
    }

    /// A server that says that it cannot or will not is not waited for.
    @Test(arguments: [DNSResponseCode.serverFailure, .refused]) func goesOnAtOnce(code: DNSResponseCode) throws {
        var scene = Scene()
        let first = try #require(Sent(scene.ask()))
        let second = try #require(Sent(scene.reply(try first.answer(code), on: first.flight, from: Scene.a)))
        #expect(second.server == Scene.b)
        // Nobody is left who has not said so: the last one's answer goes to the client.
        let last = try second.answer(code)
        #expect(
            scene.reply(last, on: second.flight, from: Scene.b) == [
                .answer("vm1", last.withID(of: query("www.debian.org"))), .close(first.flight),
            ])
    }

    /// Of two servers one is silent and one refuses: the silent one has its second chance.
    @Test func givesASilentServerItsSecondChance() throws {
        var scene = Scene()
        _ = scene.ask()
        let second = try #require(Sent(scene.wait(.milliseconds(1500))))
        let third = try #require(Sent(scene.reply(try second.answer(.refused), on: second.flight, from: Scene.b)))
        #expect(third.server == Scene.a)
        #expect(scene.wait(.milliseconds(1500)).last == .close(third.flight))
    }

    /// NXDOMAIN is an answer.
    @Test(arguments: [DNSResponseCode.nameError, .formatError, .notImplemented])
    func passesOtherCodesOn(code: DNSResponseCode) throws {
        var scene = Scene()
        let sent = try #require(Sent(scene.ask()))
        #expect(scene.reply(try sent.answer(code), on: sent.flight, from: Scene.a).last == .close(sent.flight))
    }

    @Test func goesOnWhereAServerCannotBeReached() throws {
        var scene = Scene()
        let first = try #require(Sent(scene.ask()))
        for server in [Scene.b, Scene.a, Scene.b] {
            let effects = scene.forwarder.unreachable(first.flight, now: scene.now, using: &scene.random)
            #expect(try #require(Sent(effects)).server == server)
        }
        let effects = scene.forwarder.unreachable(first.flight, now: scene.now, using: &scene.random)
        #expect(effects.last == .close(first.flight))
        #expect(scene.forwarder.unreachable(first.flight, now: scene.now, using: &scene.random) == [])
    }

    /// The failure has the client's question, and an OPT record where the client sent one.
    @Test func failsInKind() throws {
        var scene = Scene(DNSForwarderLimits(flightsPerAddress: 0))
        guard case .answer(_, let bytes) = scene.ask("vm1", query("www.debian.org", edns: EDNS(dnssecOK: true))).first
        else {
            Issue.record("no answer")
            return
        }
        let failure = try DNSMessage(bytes.span)
        #expect(failure.questions == [DNSQuestion(name: "www.debian.org", type: .a)])
        #expect(failure.edns == EDNS(dnssecOK: true))
        #expect(failure.header.recursionDesired)
        #expect(!failure.header.isAuthoritative)
    }
}

/// What one guest, or all of them, can take.
@Suite struct DNSForwarderLimitsTests {
    /// The effects without their octets.
    static func kinds(_ effects: [DNSForwarder<String>.Effect]) -> [String] {
        effects.map { effect in
            switch effect {
            case .send(let flight, _, _, _): "send \(flight.rawValue)"
            case .answer(let client, let bytes): "answer \(client) \(text(of: bytes))"
            case .close(let flight): "close \(flight.rawValue)"
            }
        }
    }

    /// A full table gives up the query that has waited longest.
    @Test func failsTheOldest() throws {
        var scene = Scene(DNSForwarderLimits(flights: 2))
        let first = try #require(Sent(scene.ask("vm1", at: "192.168.150.1")))
        _ = scene.ask("vm2", at: "192.168.150.2")
        #expect(
            Self.kinds(scene.ask("vm3", at: "192.168.150.3")) == ["answer vm1 SERVFAIL ra", "close 0", "send 2"])
        #expect(scene.reply(try first.answer(), on: first.flight, from: Scene.a) == [])
        #expect(
            Self.kinds(scene.ask("vm4", at: "192.168.150.4")) == ["answer vm2 SERVFAIL ra", "close 1", "send 3"])
        #expect(scene.forwarder.count == 2)
    }

    /// The oldest is the one that came first, however often it was sent.
    @Test func knowsTheOldestAfterARetry() throws {
        var scene = Scene(DNSForwarderLimits(flights: 2))
        _ = scene.ask("vm1", at: "192.168.150.1")
        _ = scene.wait(.milliseconds(1500))
        _ = scene.ask("vm2", at: "192.168.150.2")
        #expect(
            Self.kinds(scene.ask("vm3", at: "192.168.150.3")) == ["answer vm1 SERVFAIL ra", "close 0", "send 2"])
    }

    /// One guest's own queries fail where it has too many, and nobody else's.
    @Test func limitsEachAddress() throws {
        var scene = Scene(DNSForwarderLimits(flights: 10, flightsPerAddress: 2))
        let first = try #require(Sent(scene.ask("a", at: "192.168.150.1")))
        _ = scene.ask("b", at: "192.168.150.1")
        #expect(Self.kinds(scene.ask("c", at: "192.168.150.1")) == ["answer c SERVFAIL ra"])
        #expect(Self.kinds(scene.ask("d", at: "192.168.150.2")) == ["send 2"])
        // An answer makes room.
        _ = scene.reply(try first.answer(), on: first.flight, from: Scene.a)
        #expect(Self.kinds(scene.ask("e", at: "192.168.150.1")) == ["send 3"])
        #expect(Self.kinds(scene.ask("f", at: "192.168.150.1")) == ["answer f SERVFAIL ra"])
    }

    @Test func forwardsNothingWithoutRoom() {
        var scene = Scene(DNSForwarderLimits(flights: 0))
        #expect(Self.kinds(scene.ask()) == ["answer vm1 SERVFAIL ra"])
    }

    /// Whatever happens, every query is answered once, no wait is forgotten and nothing is left at the end.
    @Test(arguments: 0..<100) func answersEveryQueryOnce(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var scene = Scene(DNSForwarderLimits(flights: 20, flightsPerAddress: 8))
        var open: [DNSFlightID: Sent] = [:]
        var answered: [String: Int] = [:]
        var asked = 0
        func note(_ effects: [DNSForwarder<String>.Effect]) {
            for effect in effects {
                if let sent = Sent([effect]) { open[sent.flight] = sent }
                if case .close(let flight) = effect { open[flight] = nil }
                if case .answer(let client, _) = effect { answered[client, default: 0] += 1 }
            }
        }
        for _ in 0..<300 {
            switch Int.random(in: 0...5, using: &random) {
            case 0, 1:
                let address = IPAddress.v4(IPv4Address(0xC0A8_9600 + .random(in: 1...4, using: &random)))
                note(scene.ask("client \(asked)", at: address))
                asked += 1
            case 2:
                guard let sent = open.values.min(by: { $0.flight < $1.flight }) else { break }
                let code =
                    [DNSResponseCode.noError, .serverFailure, .nameError].randomElement(using: &random) ?? .noError
                note(scene.reply(try sent.answer(code), on: sent.flight, from: sent.server))
            case 3:
                guard let sent = open.values.max(by: { $0.flight < $1.flight }) else { break }
                var bytes = try sent.answer()
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1
                note(scene.reply(bytes, on: sent.flight, from: sent.server))
            case 4:
                guard let flight = open.keys.min() else { break }
                note(scene.forwarder.unreachable(flight, now: scene.now, using: &scene.random))
            default: note(scene.wait(.milliseconds(.random(in: 0...700, using: &random))))
            }
            #expect(scene.forwarder.count == open.count)
            #expect((scene.forwarder.nextDeadline == nil) == open.isEmpty)
            if let deadline = scene.forwarder.nextDeadline { #expect(deadline <= scene.now + .milliseconds(1500)) }
        }
        for _ in 0..<4 { note(scene.wait(.milliseconds(1500))) }
        #expect(open.isEmpty)
        #expect(scene.forwarder.nextDeadline == nil)
        #expect(answered.count == asked)
        #expect(answered.values.allSatisfy { $0 == 1 })
    }
}
