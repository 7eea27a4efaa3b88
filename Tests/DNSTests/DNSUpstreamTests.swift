import DNS
import NetworkModel
import TestSupport
import Testing

/// Questions on their way to other servers, and what comes back.
@Suite struct DNSUpstreamTests {
    @Test func passesAnAnswerOn() throws {
        var scene = Scene()
        let asked = query("www.Debian.org", id: 0x1234, edns: EDNS(dnssecOK: true))
        let sent = try #require(Sent(scene.ask("vm1", asked)))
        #expect(sent.server == Scene.a)
        #expect(sent.transport == .udp)
        #expect(scene.resolver.nextDeadline == scene.now + .milliseconds(1500))

        let effects = scene.reply(sent, try sent.answer())
        #expect(
            story(effects)
                == "answer vm1 NOERROR ra; www.Debian.org 300 A 151.101.2.132 | close \(sent.flight.ordinal)")
        guard case .answer(_, let bytes, _) = effects[0] else { return }
        // The client's own id and case.
        #expect(Array(bytes.prefix(2)) == [0x12, 0x34])
        #expect(try DNSMessage(bytes.span).questions[0].name.description == "www.Debian.org")
        #expect(scene.resolver.flightCount == 0)
        #expect(scene.resolver.nextDeadline == nil)
        // The same answer once more is nobody's.
        #expect(scene.reply(sent, try sent.answer()) == [])
    }

    /// Nothing of a query is the client's but its question, RD, CD and DO: what else it says is between the client and us.
    @Test(arguments: [false, true]) func asksInItsOwnWords(isPlain: Bool) throws {
        var scene = Scene()
        let option: [UInt8] = [0, 8, 0, 8, 0, 1, 24, 0, 192, 168, 150, 0]  // client subnet
        let opt = DNSRecord(
            name: .root, recordClass: DNSClass(rawValue: 4096), ttl: 0x8000, data: .other(.opt, option))
        let asked = query("www.debian.org", .aaaa) {
            if !isPlain { $0.additional = [opt] }
            $0.header.checkingDisabled = true
        }
        let bytes = try #require(Sent(scene.ask("vm1", asked))).bytes
        let sent = try DNSMessage(bytes.span)
        #expect(sent.questions == [DNSQuestion(name: "www.debian.org", type: .aaaa)])
        #expect(sent.edns == EDNS(dnssecOK: !isPlain))
        #expect(sent.additional.count == 1)
        #expect(sent.additional[0].data == .other(.opt, [0, 10, 0, 8] + (try UpstreamCookieTests.cookie(bytes) ?? [])))
        #expect(
            sent.header
                == DNSHeader(id: sent.header.id, recursionDesired: true, isAuthentic: true, checkingDisabled: true))
    }

    /// RFC 5452, section 9.2: ids cannot be told in advance, and neither can the case of letters.
    @Test func drawsIDsAndCase() {
        var scene = Scene()
        let sent = (0..<50).compactMap {
            Sent(scene.ask("vm1", query(DNSName("abcdefghijklmnop.n\($0)x.org") ?? .root)))
        }
        #expect(sent.count == 50)
        #expect(Set(sent.map { $0.bytes.prefix(2) }).count > 45)
        #expect(Set(sent.map { $0.bytes[13..<29] }).count > 45)
        #expect(sent.allSatisfy { $0.bytes[29] == 3 || $0.bytes[29] == 4 })
    }

    /// RFC 5452, section 9.1: what does not match is ignored, and the answer may still come.
    @Test(arguments: Forgery.allCases) func ignoresForgeries(forgery: Forgery) throws {
        var scene = Scene()
        let sent = try #require(Sent(scene.ask()))
        #expect(scene.reply(sent, try sent.answer(.noError, forgery.apply)) == [])
        #expect(scene.reply(sent, try sent.answer()).count == 2)
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

    /// Kaminsky's attack: what a forger adds about other names is never found under those, whoever believes the rest.
    @Test func remembersNothingBesideTheQuestion() throws {
        var scene = Scene()
        try scene.learn(query("x1.debian.org")) {
            $0.authority = [DNSRecord(name: "debian.org", ttl: 9999, data: .ns("www.debian.org"))]
            $0.additional += [DNSRecord(name: "www.debian.org", ttl: 9999, data: .a("6.6.6.6"))]
        }
        #expect(Sent(scene.ask("vm1", query("www.debian.org"))) != nil)
        #expect(Sent(scene.ask("vm1", query("debian.org", .ns))) != nil)
    }

    @Test func ignoresOthersAndGarbage() throws {
        var scene = Scene()
        let sent = try #require(Sent(scene.ask()))
        let other = try #require(Sent(scene.ask("vm2", query("www.debian.net"))))
        let reply = try sent.answer()
        #expect(scene.reply(reply, on: sent.flight, from: Scene.b) == [])
        #expect(scene.reply(reply, on: other.flight, from: Scene.a) == [])
        // Cut within the header or the question.
        for count in 0..<32 { #expect(scene.reply(sent, Array(reply.prefix(count))) == []) }
        #expect(scene.reply(sent, reply).count == 2)
    }

    /// A server that does not keep the case is asked again where nobody can forge; there its answer counts.
    @Test func asksOverTCPWhereTheCaseIsLost() throws {
        var scene = Scene()
        let sent = try #require(Sent(scene.ask()))
        let again = try #require(Sent(scene.reply(sent, try sent.answer { $0.questions[0].name = "www.debian.org" })))
        #expect(again.transport == .tcp)
        #expect(again.server == Scene.a)
        #expect(again.flight == sent.flight)
        let effects = scene.reply(again, try again.answer { $0.questions[0].name = "www.debian.org" })
        #expect(story(effects).hasPrefix("answer vm1 NOERROR ra; "))
        #expect(effects.last == .close(sent.flight))
    }

    /// RFC 7766, section 5: what is truncated is asked for again over TCP; the client hears of it only where it must.
    @Test(arguments: [false, true]) func fetchesTruncatedAnswersOverTCP(isSmall: Bool) throws {
        var scene = Scene()
        let sent = try #require(Sent(scene.ask("vm1", query("www.debian.org", .txt))))
        let again = try #require(
            Sent(
                scene.reply(
                    sent,
                    try sent.answer {
                        $0.header.isTruncated = true
                        $0.answers = []
                    })))
        #expect(again.transport == .tcp)
        let texts = [[UInt8]](repeating: [UInt8](repeating: 0x61, count: 200), count: isSmall ? 1 : 20)
        let effects = scene.reply(
            again,
            try again.answer {
                $0.answers = [DNSRecord(name: $0.questions[0].name, ttl: 60, data: .txt(texts))]
            })
        #expect(
            story(effects).hasPrefix(isSmall ? "answer vm1 NOERROR ra; www.debian.org" : "answer vm1 NOERROR tc ra |"))
        // The client comes again over TCP, and nobody is asked twice.
        let whole = story(scene.ask("vm1", query("www.debian.org", .txt), over: .tcp))
        #expect(whole.hasPrefix("answer vm1 NOERROR ra; www.debian.org 60 TXT"))
    }

    /// RFC 6891, section 7: FORMERR or NOTIMP without an OPT record, with the question or without, means no EDNS.
    @Test(arguments: [DNSResponseCode.formatError, .notImplemented], [false, true])
    func goesWithoutEDNS(code: DNSResponseCode, hasQuestion: Bool) throws {
        var scene = Scene(servers: ["9.9.9.9"])
        let sent = try #require(Sent(scene.ask()))
        let plain = try #require(
            Sent(
                scene.reply(
                    sent,
                    try sent.answer(code) {
                        $0.additional = []
                        if !hasQuestion { $0.questions = [] }
                    })))
        #expect(try DNSMessage(plain.bytes.span).additional.isEmpty)
        #expect(scene.reply(plain, try plain.answer()).count == 2)
        // It is known from now on.
        let next = try #require(Sent(scene.ask("vm1", query("ftp.debian.org"))))
        #expect(try DNSMessage(next.bytes.span).additional.isEmpty)
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
        #expect(scene.reply(first, try first.answer()) == [])
        #expect(story(scene.wait(.milliseconds(1500))) == "answer vm1 SERVFAIL ra | close 0")
        #expect(scene.resolver.nextDeadline == nil)
    }

    /// A server that says that it cannot or will not is not waited for.
    @Test(arguments: [DNSResponseCode.serverFailure, .refused]) func goesOnAtOnce(code: DNSResponseCode) throws {
        var scene = Scene()
        let first = try #require(Sent(scene.ask()))
        let second = try #require(Sent(scene.reply(first, try first.answer(code))))
        #expect(second.server == Scene.b)
        // Nobody is left who has not said so: the first one's answer goes to the client.
        let name = code == .refused ? "REFUSED" : "SERVFAIL"
        let effects = scene.reply(second, try second.answer(code))
        #expect(story(effects) == "answer vm1 \(name) ra | close 0")
        guard case .answer(_, _, let answerer) = effects.first else { return }
        #expect(answerer == .server(first.server))
    }

    /// RFC 8914, section 4.7: what a checking server finds wrong is not asked of one that may not check.
    @Test func believesASignatureChecker() throws {
        var scene = Scene()
        let first = try #require(Sent(scene.ask("vm1", query("www.debian.org", edns: EDNS()))))
        let bogus: [UInt8] = [0, 15, 0, 2, 0, 6]
        let effects = scene.reply(
            first,
            try first.answer(.serverFailure) {
                $0.additional = [
                    DNSRecord(name: .root, recordClass: DNSClass(rawValue: 1232), ttl: 0, data: .other(.opt, bogus))
                ]
            })
        guard case .answer(let client, let bytes, _) = effects.first, client.name == "vm1" else {
            Issue.record("no answer: \(story(effects))")
            return
        }
        let answer = try DNSMessage(bytes.span)
        #expect(answer.header.responseCode == .serverFailure)
        #expect(answer.additional.map(\.data) == [.other(.opt, bogus)])
    }

    /// Of two servers one is silent and one refuses: the silent one has its second chance.
    @Test func givesASilentServerItsSecondChance() throws {
        var scene = Scene()
        _ = scene.ask()
        let second = try #require(Sent(scene.wait(.milliseconds(1500))))
        let third = try #require(Sent(scene.reply(second, try second.answer(.refused))))
        #expect(third.server == Scene.a)
        #expect(story(scene.wait(.milliseconds(1500))) == "answer vm1 REFUSED ra | close 0")
    }

    /// Codes that are answers, though not pleasant ones.
    @Test(arguments: [DNSResponseCode.nameError, .formatError, .notImplemented, DNSResponseCode(rawValue: 9)])
    func passesOtherCodesOn(code: DNSResponseCode) throws {
        var scene = Scene()
        let sent = try #require(Sent(scene.ask()))
        var effects = scene.reply(sent, try sent.answer(code))
        // It may be the cookie that was not understood.
        if let again = Sent(effects) { effects = scene.reply(again, try again.answer(code)) }
        #expect(effects.count == 2)
        guard case .answer(_, let bytes, _) = effects[0] else { return }
        #expect(try DNSMessage(bytes.span).header.responseCode == code)
    }

    @Test func goesOnWhereAServerCannotBeReached() throws {
        var scene = Scene()
        let first = try #require(Sent(scene.ask()))
        for server in [Scene.b, Scene.a, Scene.b] {
            let effects = scene.resolver.unreachable(first.flight, now: scene.now, using: &scene.random)
            #expect(try #require(Sent(effects)).server == server)
        }
        let effects = scene.resolver.unreachable(first.flight, now: scene.now, using: &scene.random)
        #expect(story(effects) == "answer vm1 SERVFAIL ra | close 0")
        #expect(scene.resolver.unreachable(first.flight, now: scene.now, using: &scene.random) == [])
    }

    /// The failure has the client's question, and an OPT record that says why where the client sent one (RFC 8914).
    @Test func failsInKind() throws {
        var scene = Scene(DNSForwarderLimits(waitersPerAddress: 0))
        guard
            case .answer(_, let bytes, _) = scene.ask("vm1", query("www.debian.org", edns: EDNS(dnssecOK: true))).first
        else {
            Issue.record("no answer")
            return
        }
        let failure = try DNSMessage(bytes.span)
        #expect(failure.questions == [DNSQuestion(name: "www.debian.org", type: .a)])
        #expect(failure.edns == EDNS(dnssecOK: true))
        #expect(failure.additional.map(\.data) == [.other(.opt, [0, 15, 0, 2, 0, 22])])
        #expect(failure.header.recursionDesired)
        #expect(!failure.header.isAuthoritative)
    }

    /// An answer that cannot be read, or lies about its records, is as good as none.
    @Test func takesDamageForAFailure() throws {
        var scene = Scene()
        let first = try #require(Sent(scene.ask()))
        let second = try #require(Sent(scene.reply(first, try first.answer() + [0])))
        #expect(second.server == Scene.b)
    }

    // MARK: Health

    /// Two queries that a server leaves unanswered put it behind the others, and a copy of a query looks after it.
    @Test func goesAroundAServerThatIsDown() throws {
        var scene = Scene()
        for name in ["a.org", "b.org"] as [DNSName] {
            _ = scene.ask("vm1", query(name))
            let second = try #require(Sent(scene.wait(.milliseconds(1500))))
            #expect(second.server == Scene.b)
            _ = scene.reply(second, try second.answer())
        }
        scene.now += .seconds(5)
        let effects = scene.ask("vm1", query("c.org"))
        #expect(effects.count == 2)
        let asked = try #require(Sent([effects[0]]))
        let probe = try #require(Sent([effects[1]]))
        #expect(asked.server == Scene.b)
        #expect(probe.server == Scene.a)
        _ = scene.reply(asked, try asked.answer())
        // Not looked after by every query.
        let next = try #require(Sent(scene.ask("vm1", query("d.org"))))
        #expect(next.server == Scene.b)
        // It is there again.
        #expect(story(scene.reply(probe, try probe.answer())) == "close \(probe.flight.ordinal)")
        #expect(try #require(Sent(scene.ask("vm1", query("e.org")))).server == Scene.a)
    }

    /// Much slower than another is as bad as gone.
    @Test func prefersTheFasterOfTwoWhereTheDifferenceIsLarge() throws {
        var scene = Scene()
        let slow = try #require(Sent(scene.ask("vm1", query("a.org"))))
        scene.now += .milliseconds(900)
        _ = scene.reply(slow, try slow.answer(.refused))
        let fast = try #require(Sent(scene.ask("vm1", query("b.org"))))
        #expect(fast.server == Scene.a, "nothing is known of the other yet")
        _ = scene.resolver.unreachable(fast.flight, now: scene.now, using: &scene.random)
        var other = try #require(Sent(scene.ask("vm1", query("c.org"))))
        scene.now += .milliseconds(950)
        other = try #require(Sent(scene.reply(other, try other.answer(.refused))))
        scene.now += .milliseconds(5)
        _ = scene.reply(other, try other.answer())
        #expect(try #require(Sent(scene.ask("vm1", query("d.org")))).server == Scene.b)
    }
}
