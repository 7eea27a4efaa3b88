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
        #expect(sent.additional[0].data == .other(.opt, [0, 10, 0, 8] + (try Self.cookie(bytes) ?? [])))
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

    /// The content of the COOKIE option in a message.
    private static func cookie(_ bytes: [UInt8]) throws -> [UInt8]? {
        guard let options = try DNSMessage(bytes.span).additional.first(where: { $0.type == .opt }),
            case .other(_, let data) = options.data
        else { return nil }
        return data.starts(with: [0, 10]) ? Array(data[4...]) : nil
    }

    /// An answer with another COOKIE option than the query's; nil for none.
    private static func answer(_ sent: Sent, _ code: DNSResponseCode = .noError, cookie: [UInt8]?) throws -> [UInt8] {
        try sent.answer(code) {
            var edns = EDNS()
            edns.extendedResponseCode = UInt8(code.rawValue >> 4)
            let option = cookie.map { [0, 10, 0, UInt8($0.count)] + $0 } ?? []
            $0.additional = [
                DNSRecord(
                    name: .root, recordClass: edns.record.recordClass, ttl: edns.record.ttl, data: .other(.opt, option))
            ]
            $0.header.responseCode = DNSResponseCode(rawValue: code.rawValue & 0xF)
        }
    }

    /// RFC 7873, sections 5.1 and 5.3: each server has a cookie of ours, gives one of its own, which goes with the next query,
    /// and an answer that does not have ours is somebody else's.
    @Test func exchangesCookies() throws {
        var scene = Scene(servers: ["9.9.9.9"])
        let first = try #require(Sent(scene.ask("vm1", query("a.debian.org"))))
        let ours = try #require(try Self.cookie(first.bytes))
        #expect(ours.count == 8)
        let theirs: [UInt8] = Array(1...16)
        for wrong in [
            [UInt8](repeating: 0, count: 8) + theirs, ours + [1, 2, 3], ours + [UInt8](repeating: 0, count: 33), [],
        ] {
            #expect(scene.reply(first, try Self.answer(first, cookie: wrong)) == [], "\(wrong)")
        }
        #expect(scene.reply(first, try Self.answer(first, cookie: ours + theirs)).count == 2)
        let second = try #require(Sent(scene.ask("vm1", query("b.debian.org"))))
        #expect(try Self.cookie(second.bytes) == ours + theirs)
        // It may change its own; without any, or with no more than ours, it is asked where nobody can forge.
        #expect(scene.reply(second, try Self.answer(second, cookie: ours + theirs.reversed())).count == 2)
        for cookie in [nil, ours] {
            let third = try #require(Sent(scene.ask("vm1", query("c.debian.org"))))
            #expect(try Self.cookie(third.bytes) == ours + theirs.reversed())
            let again = try #require(Sent(scene.reply(third, try Self.answer(third, cookie: cookie))))
            #expect(again.transport == .tcp)
            #expect(scene.reply(again, try Self.answer(again, .serverFailure, cookie: nil)).count == 2)
            scene.now += .seconds(2)
        }
        // Another server has another.
        var other = Scene()
        other.random = SeededGenerator(seed: 7)
        let toA = try #require(Sent(other.ask("vm1", query("a.debian.org"))))
        let toB = try #require(Sent(other.reply(toA, try Self.answer(toA, .refused, cookie: nil))))
        #expect(toB.server == Scene.b)
        #expect(try Self.cookie(toA.bytes) != Self.cookie(toB.bytes))
    }

    /// RFC 7873, section 5.3: BADCOOKIE is answered once over UDP, and then over TCP.
    @Test func asksAgainWithTheRightCookie() throws {
        var scene = Scene(servers: ["9.9.9.9"])
        let first = try #require(Sent(scene.ask()))
        let ours = try #require(try Self.cookie(first.bytes))
        let given = ours + [9, 9, 9, 9, 9, 9, 9, 9]
        let second = try #require(Sent(scene.reply(first, try Self.answer(first, .badCookie, cookie: given))))
        #expect(second.transport == .udp)
        #expect(try Self.cookie(second.bytes) == given)
        let third = try #require(Sent(scene.reply(second, try Self.answer(second, .badCookie, cookie: given))))
        #expect(third.transport == .tcp)
        #expect(scene.reply(third, try Self.answer(third, cookie: given)).count == 2)
    }

    /// A server that finds a cookie wrong in form gets none any more, and what it says without counts.
    @Test func leavesCookiesOut() throws {
        var scene = Scene(servers: ["9.9.9.9"])
        let first = try #require(Sent(scene.ask()))
        let second = try #require(Sent(scene.reply(first, try Self.answer(first, .formatError, cookie: nil))))
        #expect(try Self.cookie(second.bytes) == nil)
        #expect(try DNSMessage(second.bytes.span).additional.count == 1)
        #expect(scene.reply(second, try Self.answer(second, cookie: nil)).count == 2)
        let next = try #require(Sent(scene.ask("vm1", query("ftp.debian.org"))))
        #expect(try Self.cookie(next.bytes) == nil)
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
        #expect(story(scene.reply(second, try second.answer(code))) == "answer vm1 \(name) ra | close 0")
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

/// Aliases of the network's own whose targets are others' names.
@Suite struct ForeignAliasTests {
    static let away = ServiceConfiguration.DNS.Alias(name: "away", target: "Www.debian.org")

    private static func scene() -> Scene {
        Scene(servers: ["9.9.9.9"]) { $0.aliases = [away, .init(name: "far", target: "away")] }
    }

    /// RFC 1034, section 4.3.2: the target is asked for, and the client hears of both; the next one from memory.
    @Test func asksForTheTarget() throws {
        var scene = Self.scene()
        let sent = try #require(Sent(scene.ask("vm1", query("Far.netwerk1.lab"))))
        #expect(try DNSMessage(sent.bytes.span).questions == [DNSQuestion(name: "www.debian.org", type: .a)])
        let answer =
            "NOERROR aa ra; Far.netwerk1.lab 0 CNAME away.netwerk1.lab; away.netwerk1.lab 0 CNAME Www.debian.org;"
        let told = story(scene.reply(sent, try sent.answer()))
        #expect(told.lowercased() == "answer vm1 \(answer) www.debian.org 300 A 151.101.2.132 | close 0".lowercased())
        scene.now += .seconds(10)
        let again = story(scene.ask("vm2", query("away"), over: .tcp)).lowercased()
        #expect(again == "answer vm2 noerror aa ra; away 0 cname www.debian.org; www.debian.org 290 a 151.101.2.132")
        #expect(scene.resolver.flightCount == 0)
        // Whoever asks about the target itself gets the same one.
        #expect(story(scene.ask("vm3", query("www.debian.org"))).contains("www.debian.org 290 A"))
    }

    /// The code is the last name's (RFC 6604, section 3); where nobody answers there is none to be told.
    @Test func tellsTheTargetsCode() throws {
        var scene = Self.scene()
        let sent = try #require(Sent(scene.ask("vm1", query("away"))))
        let reply = try sent.answer(.nameError) { $0.authority = [denial(ttl: 60, minimum: 60)] }
        #expect(story(scene.reply(sent, reply)).hasPrefix("answer vm1 NXDOMAIN aa ra; away 0 CNAME"))
        #expect(story(scene.ask("vm2", query("away"))).hasPrefix("answer vm2 NXDOMAIN aa ra; away 0 CNAME"))
    }

    @Test func saysThatNobodyAnswers() throws {
        var scene = Self.scene()
        _ = try #require(Sent(scene.ask("vm1", query("away"))))
        _ = scene.wait(.milliseconds(1500))
        #expect(story(scene.wait(.milliseconds(1500))) == "answer vm1 SERVFAIL ra | close 0")
    }

    /// Who does not want us to ask others is told no more than what is known here, and so is who asks for the alias itself.
    @Test func followsOnlyWhereItIsWanted() {
        var scene = Self.scene()
        let plain = query("away") { $0.header.recursionDesired = false }
        #expect(story(scene.ask("vm1", plain)).lowercased().hasSuffix("away 0 cname www.debian.org"))
        #expect(story(scene.ask("vm1", query("away", .cname))).lowercased().hasSuffix("away 0 cname www.debian.org"))
    }

    /// More than the client can take is cut, the alias with it (RFC 2181, section 9).
    @Test func cutsWhatIsTooLong() throws {
        var scene = Self.scene()
        let sent = try #require(Sent(scene.ask("vm1", query("away", .txt))))
        let texts = [[UInt8]](repeating: [UInt8](repeating: 0x61, count: 200), count: 5)
        let effects = scene.reply(
            sent,
            try sent.answer { $0.answers = [DNSRecord(name: $0.questions[0].name, ttl: 60, data: .txt(texts))] })
        #expect(story(effects) == "answer vm1 NOERROR aa tc ra | close 0")
        #expect(story(scene.ask("vm1", query("away", .txt), over: .tcp)).contains("CNAME"))
    }
}

/// What one guest, or all of them, can take.
@Suite struct DNSForwarderLimitsTests {
    static func ask(_ scene: inout Scene, _ client: String, at address: IPAddress) -> [DNSEffect] {
        scene.ask(client, query(DNSName("\(client).debian.org") ?? .root), at: address)
    }

    /// A full table gives up the query that has waited longest.
    @Test func failsTheOldest() throws {
        var scene = Scene(DNSForwarderLimits(flights: 2))
        let first = try #require(Sent(Self.ask(&scene, "vm1", at: "192.168.150.1")))
        _ = Self.ask(&scene, "vm2", at: "192.168.150.2")
        #expect(
            story(Self.ask(&scene, "vm3", at: "192.168.150.3")) == "answer vm1 SERVFAIL ra | close 0 | send 2")
        #expect(scene.reply(first, try first.answer()) == [])
        #expect(
            story(Self.ask(&scene, "vm4", at: "192.168.150.4")) == "answer vm2 SERVFAIL ra | close 1 | send 3")
        #expect(scene.resolver.flightCount == 2)
    }

    /// The oldest is the one that came first, however often it was sent.
    @Test func knowsTheOldestAfterARetry() throws {
        var scene = Scene(DNSForwarderLimits(flights: 2))
        _ = Self.ask(&scene, "vm1", at: "192.168.150.1")
        _ = scene.wait(.milliseconds(1500))
        _ = Self.ask(&scene, "vm2", at: "192.168.150.2")
        #expect(
            story(Self.ask(&scene, "vm3", at: "192.168.150.3")) == "answer vm1 SERVFAIL ra | close 0 | send 2")
    }

    /// One guest's own queries fail where it has too many, and nobody else's.
    @Test func limitsEachAddress() throws {
        var scene = Scene(DNSForwarderLimits(flights: 10, waitersPerAddress: 2))
        let first = try #require(Sent(Self.ask(&scene, "a", at: "192.168.150.1")))
        _ = Self.ask(&scene, "b", at: "192.168.150.1")
        #expect(story(Self.ask(&scene, "c", at: "192.168.150.1")) == "answer c SERVFAIL ra")
        #expect(story(Self.ask(&scene, "d", at: "192.168.150.2")) == "send 2")
        // An answer makes room.
        _ = scene.reply(first, try first.answer())
        #expect(story(Self.ask(&scene, "e", at: "192.168.150.1")) == "send 3")
        #expect(story(Self.ask(&scene, "f", at: "192.168.150.1")) == "answer f SERVFAIL ra")
    }

    /// However many ask the same: they wait for one answer, and are limited too.
    @Test func limitsThoseWhoWaitTogether() throws {
        var scene = Scene(DNSForwarderLimits(waiters: 3))
        let sent = try #require(Sent(scene.ask("a", at: "192.168.150.1")))
        #expect(scene.ask("b", at: "192.168.150.2") == [])
        #expect(scene.ask("c", at: "192.168.150.3") == [])
        #expect(story(scene.ask("d", at: "192.168.150.4")) == "answer d SERVFAIL ra")
        #expect(scene.reply(sent, try sent.answer()).count == 4)
    }

    @Test func forwardsNothingWithoutRoom() {
        var scene = Scene(DNSForwarderLimits(flights: 0))
        #expect(story(scene.ask()) == "answer vm1 SERVFAIL ra")
    }

    /// Whatever happens, every query is answered once, no wait is forgotten and nothing is left at the end.
    @Test(arguments: 0..<100) func answersEveryQueryOnce(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var scene = Scene(DNSForwarderLimits(flights: 20, waiters: 30, waitersPerAddress: 8))
        var open: [DNSFlightID: Sent] = [:]
        var answered: [String: Int] = [:]
        var asked = 0
        func note(_ effects: [DNSEffect]) {
            for effect in effects {
                if let sent = Sent([effect]) { open[sent.flight] = sent }
                if case .close(let flight) = effect { open[flight] = nil }
                if case .answer(let client, _, _) = effect { answered[client.name, default: 0] += 1 }
            }
        }
        for _ in 0..<300 {
            switch Int.random(in: 0...5, using: &random) {
            case 0, 1:
                let address = IPAddress.v4(IPv4Address(0xC0A8_9600 + .random(in: 1...4, using: &random)))
                let name = DNSName("n\(Int.random(in: 0..<30, using: &random)).debian.org") ?? .root
                note(scene.ask("c\(asked)", query(name), at: address))
                asked += 1
            case 2:
                guard let sent = open.values.min(by: { $0.flight < $1.flight }) else { break }
                let codes = [DNSResponseCode.noError, .serverFailure, .nameError]
                note(scene.reply(sent, try sent.answer(codes.randomElement(using: &random) ?? .noError)))
            case 3:
                guard let sent = open.values.max(by: { $0.flight < $1.flight }) else { break }
                var bytes = try sent.answer()
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1
                note(scene.reply(sent, bytes))
            case 4:
                guard let flight = open.keys.min() else { break }
                note(scene.resolver.unreachable(flight, now: scene.now, using: &scene.random))
            default: note(scene.wait(.milliseconds(.random(in: 0...700, using: &random))))
            }
            #expect(scene.resolver.flightCount == open.count)
            #expect((scene.resolver.nextDeadline == nil) == open.isEmpty)
            if let deadline = scene.resolver.nextDeadline { #expect(deadline <= scene.now + .milliseconds(1500)) }
        }
        for _ in 0..<5 { note(scene.wait(.milliseconds(1500))) }
        #expect(open.isEmpty)
        #expect(scene.resolver.nextDeadline == nil)
        #expect(answered.count == asked)
        #expect(answered.values.allSatisfy { $0 == 1 })
    }
}
