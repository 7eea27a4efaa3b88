import DNS
import NetworkModel
import TestSupport
import Testing
import Wire

/// What is remembered of other servers' answers, and for how long.
@Suite struct DNSCacheTests {
    static let www = query("www.debian.org")

    /// RFC 1035, section 7.3, and RFC 2181, section 5.2: all TTLs count down together.
    @Test func countsDown() throws {
        var scene = Scene()
        try scene.learn(Self.www) {
            $0.authority = [DNSRecord(name: "debian.org", ttl: 900, data: .ns("ns.debian.org"))]
        }
        #expect(
            story(scene.ask())
                == "answer vm1 NOERROR ra; www.debian.org 300 A 151.101.2.132; authority: debian.org 900 NS ns.debian.org"
        )
        scene.now += .milliseconds(299_900)
        #expect(
            story(scene.ask())
                == "answer vm1 NOERROR ra; www.debian.org 1 A 151.101.2.132; authority: debian.org 601 NS ns.debian.org"
        )
        scene.now += .milliseconds(100)
        #expect(Sent(scene.ask()) != nil)
    }

    /// Each client has its own id, case, RD, CD and OPT record with every answer.
    @Test func answersInTheClientsTerms() throws {
        var scene = Scene()
        try scene.learn(Self.www)
        let asked = query("wWw.dEbian.org", id: 7, edns: EDNS(udpPayloadSize: 512))
        guard case .answer(_, let bytes, _) = scene.ask("vm2", asked).first else {
            Issue.record("not remembered")
            return
        }
        let answer = try DNSMessage(bytes.span)
        #expect(answer.header == DNSHeader(id: 7, isResponse: true, recursionDesired: true, recursionAvailable: true))
        #expect(answer.questions[0].name.description == "wWw.dEbian.org")
        #expect(answer.answers[0].name.description == "wWw.dEbian.org")
        #expect(answer.edns == EDNS())
        // Without an OPT record, none comes back (RFC 6891, section 7).
        guard case .answer(_, let plain, _) = scene.ask("vm3").first else { return }
        #expect(try DNSMessage(plain.span).additional.isEmpty)
    }

    /// Signatures are for those who ask for them, and unchecked answers for those who check (RFC 4035, sections 3.2.1 and 4.7).
    @Test func keepsAnswersApartByDOAndCD() throws {
        var scene = Scene()
        try scene.learn(Self.www)
        #expect(Sent(scene.ask("vm1", query("www.debian.org", edns: EDNS(dnssecOK: true)))) != nil)
        #expect(Sent(scene.ask("vm1", query("www.debian.org") { $0.header.checkingDisabled = true })) != nil)
        #expect(Sent(scene.ask("vm1", query("www.debian.org", .aaaa))) != nil)
        #expect(story(scene.ask()).hasPrefix("answer"))
    }

    /// RFC 6840, section 5.8: AD only for those who have shown that they know it.
    @Test(arguments: [(false, nil, false), (true, nil, true), (false, false, false)] as [(Bool, Bool?, Bool)])
    func tellsOfAuthenticity(ad: Bool, dnssecOK: Bool?, expected: Bool) throws {
        var scene = Scene()
        try scene.learn(Self.www) { $0.header.isAuthentic = true }
        let asked = query("www.debian.org", edns: dnssecOK.map { EDNS(dnssecOK: $0) }) { $0.header.isAuthentic = ad }
        guard case .answer(_, let bytes, _) = scene.ask("vm1", asked).first else {
            Issue.record("not remembered")
            return
        }
        #expect(try DNSMessage(bytes.span).header.isAuthentic == expected)
    }

    /// A query without RD asks what a server knows by itself: it neither hears nor adds what others have asked.
    @Test func keepsOthersQuestionsToItself() throws {
        var scene = Scene()
        try scene.learn(Self.www)
        let curious = query("www.debian.org") { $0.header.recursionDesired = false }
        let sent = try #require(Sent(scene.ask("vm1", curious)))
        _ = scene.reply(sent, try sent.answer())
        #expect(Sent(scene.ask("vm1", curious)) != nil)
    }

    // MARK: RFC 2308

    /// How long "no" is remembered, in seconds: the least of the SOA record's TTL, its minimum and three hours.
    @Test(
        arguments: [
            // Section 5: the lesser of the two
            (.nameError, 600, 60, 60), (.nameError, 60, 600, 60), (.noError, 600, 60, 60),
            // Section 5: "values of one to three hours have been found to work well"
            (.nameError, 86_400, 86_400, 10_800),
            // Section 5: zero is not to be remembered
            (.nameError, 0, 600, nil), (.noError, 600, 0, nil),
        ] as [(DNSResponseCode, UInt32, UInt32, Int?)])
    func remembersDenials(code: DNSResponseCode, ttl: UInt32, minimum: UInt32, lifetime: Int?) throws {
        var scene = Scene()
        try scene.learn(Self.www) {
            $0.header.responseCode = code
            $0.answers = []
            $0.authority = [denial(ttl: ttl, minimum: minimum)]
        }
        guard let lifetime else {
            #expect(Sent(scene.ask()) != nil)
            return
        }
        let name = code == .nameError ? "NXDOMAIN" : "NOERROR"
        let soa = "authority: debian.org"
        #expect(story(scene.ask()) == "answer vm1 \(name) ra; \(soa) \(lifetime) SOA ns.debian.org \(minimum)")
        scene.now += .seconds(lifetime - 1)
        #expect(story(scene.ask()) == "answer vm1 \(name) ra; \(soa) 1 SOA ns.debian.org \(minimum)")
        scene.now += .seconds(1)
        #expect(Sent(scene.ask()) != nil)
    }

    /// Section 5: that a name does not exist holds for all types, that it has no records of a type for that type alone.
    @Test(arguments: [(DNSResponseCode.nameError, true), (.noError, false)])
    func deniesNamesForAllTypes(code: DNSResponseCode, isForAll: Bool) throws {
        var scene = Scene()
        try scene.learn(Self.www) {
            $0.header.responseCode = code
            $0.answers = []
            $0.authority = [denial(ttl: 60, minimum: 60)]
        }
        #expect((Sent(scene.ask("vm1", query("www.debian.org", .mx))) == nil) == isForAll)
        // Only this name: nothing is concluded about others.
        #expect(Sent(scene.ask("vm1", query("debian.org"))) != nil)
        #expect(Sent(scene.ask("vm1", query("a.www.debian.org"))) != nil)
    }

    /// Section 2.1: NXDOMAIN at the end of an alias is about the alias's target, and other types may end elsewhere.
    @Test func deniesNoNameThatIsAnAlias() throws {
        var scene = Scene()
        try scene.learn(Self.www) {
            $0.header.responseCode = .nameError
            $0.answers = [DNSRecord(name: "www.debian.org", ttl: 300, data: .cname("gone.debian.org"))]
            $0.authority = [denial(ttl: 60, minimum: 60)]
        }
        #expect(story(scene.ask()).hasPrefix("answer vm1 NXDOMAIN ra; www.debian.org 60 CNAME") == false)
        #expect(story(scene.ask()).hasPrefix("answer vm1 NXDOMAIN ra; www.debian.org 300 CNAME gone.debian.org"))
        #expect(Sent(scene.ask("vm1", query("www.debian.org", .mx))) != nil)
    }

    /// A name that has come into being is denied no longer.
    @Test func forgetsADenialThatIsContradicted() throws {
        var scene = Scene()
        try scene.learn(query("www.debian.org", .mx)) {
            $0.header.responseCode = .nameError
            $0.answers = []
            $0.authority = [denial(ttl: 600, minimum: 600)]
        }
        scene.now += .seconds(601)
        try scene.learn(Self.www)
        scene.now += .seconds(-300)
        #expect(Sent(scene.ask("vm1", query("www.debian.org", .mx))) != nil)
    }

    @Test(
        arguments: [
            // Section 5: a denial without an SOA record, which may be a referral
            { (message: inout DNSMessage) in message.answers = [] },
            {
                $0.answers = []
                $0.authority = [DNSRecord(name: "debian.org", ttl: 300, data: .ns("ns.debian.org"))]
            },
            // an alias whose target nobody spoke of
            { $0.answers = [DNSRecord(name: "www.debian.org", ttl: 300, data: .cname("debian.map.fastly.net"))] },
            // RFC 1035, section 3.2.1: TTL zero
            { $0.answers[0].ttl = 0 },
            // RFC 2181, section 8: a TTL with its first bit set is zero
            { $0.answers[0].ttl = 0x8000_0001 },
            // failures
            { $0.header.responseCode = DNSResponseCode(rawValue: 9) },
        ] as [@Sendable (inout DNSMessage) -> Void])
    func doesNotRemember(change: @Sendable (inout DNSMessage) -> Void) throws {
        var scene = Scene()
        try scene.learn(Self.www, change)
        #expect(Sent(scene.ask()) != nil)
    }

    /// RFC 2181, section 8, and the limit of a day: what is handed on is what is believed here.
    @Test(
        arguments: [(0x8000_0001, 0), (0x7FFF_FFFF, 86_400), (86_401, 86_400), (86_400, 86_400)] as [(UInt32, UInt32)])
    func capsTTLs(ttl: UInt32, expected: UInt32) throws {
        var scene = Scene()
        let sent = try #require(Sent(scene.ask()))
        let effects = scene.reply(sent, try sent.answer { $0.answers[0].ttl = ttl })
        #expect(story(effects) == "answer vm1 NOERROR ra; www.debian.org \(expected) A 151.101.2.132 | close 0")
    }

    // MARK: Joining, renewing

    @Test func joinsThoseWhoAskTheSame() throws {
        var scene = Scene()
        let sent = try #require(Sent(scene.ask("vm1", query("www.debian.org", id: 1), at: "192.168.150.5")))
        #expect(scene.ask("vm2", query("WWW.debian.org", id: 2), at: "192.168.150.6") == [])
        #expect(scene.ask("vm3", query("www.debian.org", id: 3, edns: EDNS()), at: "192.168.150.7") == [])
        let effects = scene.reply(sent, try sent.answer())
        let ids = effects.compactMap { effect -> UInt8? in
            if case .answer(_, let bytes, _) = effect { bytes[1] } else { nil }
        }
        #expect(ids == [1, 2, 3])
    }

    /// What is asked for again and again is asked for anew in the last tenth of its time, and nobody waits for that.
    @Test func renewsWhatIsPopular() throws {
        var scene = Scene()
        try scene.learn(Self.www)
        for _ in 0..<3 { #expect(scene.ask().count == 1) }
        scene.now += .seconds(269)
        #expect(scene.ask().count == 1)
        scene.now += .seconds(1)
        let effects = scene.ask()
        #expect(story(effects) == "answer vm1 NOERROR ra; www.debian.org 30 A 151.101.2.132 | send 1")
        #expect(scene.ask().count == 1, "once is enough")
        let sent = try #require(Sent([effects[1]]))
        #expect(story(scene.reply(sent, try sent.answer { $0.answers[0].data = .a("151.101.2.133") })) == "close 1")
        #expect(story(scene.ask()) == "answer vm1 NOERROR ra; www.debian.org 300 A 151.101.2.133")
        #expect(scene.resolver.cacheStatistics.prefetches == 1)
    }

    // MARK: RFC 8767

    /// Section 5: after a while without an answer the client gets what was true once, with a TTL of 30 seconds, and for
    /// another while the servers are left alone.
    @Test func servesStaleAnswersWhileNobodyAnswers() throws {
        var scene = Scene()
        try scene.learn(Self.www)
        scene.now += .seconds(3600)
        let sent = try #require(Sent(scene.ask()))
        let late = scene.wait(.milliseconds(1500))
        #expect(story(late) == "answer vm1 NOERROR ra; www.debian.org 30 A 151.101.2.132 | send 1")
        #expect(story(scene.ask("vm2")) == "answer vm2 NOERROR ra; www.debian.org 30 A 151.101.2.132")
        // Nobody comes to know of the rest.
        for _ in 0..<2 { _ = scene.wait(.milliseconds(1500)) }
        #expect(story(scene.wait(.milliseconds(1500))) == "close \(sent.flight.ordinal)")
        scene.now += .seconds(30)
        let again = try #require(Sent(scene.ask("vm3")))
        // An answer after all is newer than what is kept.
        let effects = scene.reply(again, try again.answer { $0.answers[0].data = .a("151.101.2.133") })
        #expect(story(effects).hasPrefix("answer vm3 NOERROR ra; www.debian.org 300 A 151.101.2.133"))
    }

    /// RFC 9520, section 3.2: who asks what nobody could be reached for is told so at once, for a second.
    @Test func remembersThatNobodyAnswers() throws {
        var scene = Scene(servers: ["9.9.9.9"])
        _ = try #require(Sent(scene.ask()))
        _ = scene.wait(.milliseconds(1500))
        #expect(story(scene.wait(.milliseconds(1500))).hasPrefix("answer vm1 SERVFAIL"))
        #expect(story(scene.ask("vm2")).hasPrefix("answer vm2 SERVFAIL"))
        // Another question is another matter.
        #expect(Sent(scene.ask("vm2", query("www.debian.org", .aaaa))) != nil)
        scene.now += .seconds(1)
        #expect(Sent(scene.ask("vm2")) != nil)
    }

    /// Servers that fail or refuse are as good as none.
    @Test(arguments: [DNSResponseCode.serverFailure, .refused]) func servesStaleAnswersOnFailure(
        code: DNSResponseCode
    ) throws {
        var scene = Scene(servers: ["9.9.9.9"])
        try scene.learn(Self.www)
        scene.now += .seconds(3600)
        let sent = try #require(Sent(scene.ask()))
        #expect(
            story(scene.reply(sent, try sent.answer(code)))
                == "answer vm1 NOERROR ra; www.debian.org 30 A 151.101.2.132 | close 1")
    }

    /// Section 5: not for ever.
    @Test func forgetsWhatIsTooOld() throws {
        var scene = Scene(servers: ["9.9.9.9"])
        try scene.learn(Self.www)
        scene.now += .seconds(300 + 86_400)
        let sent = try #require(Sent(scene.ask()))
        #expect(story(scene.reply(sent, try sent.answer(.serverFailure))) == "answer vm1 SERVFAIL ra | close 1")
    }

    // MARK: Room

    @Test func staysWithinItsLimit() throws {
        var scene = Scene(cacheLimit: 100_000)
        for number in 0..<2000 { try scene.learn(query(DNSName("n\(number).debian.org") ?? .root)) }
        let statistics = scene.resolver.cacheStatistics
        #expect(statistics.size <= 100_000)
        #expect(statistics.size > 90_000)
        #expect(statistics.entries + statistics.evictions == 2000)
        // The newest are there, the oldest are not.
        #expect(scene.ask("vm1", query("n1999.debian.org")).count == 1)
        #expect(story(scene.ask("vm1", query("n1999.debian.org"))).hasPrefix("answer"))
        #expect(Sent(scene.ask("vm1", query("n0.debian.org"))) != nil)
    }

    /// A guest that asks for ever new names does not push out what everybody asks for.
    @Test func keepsWhatIsAskedForAgain() throws {
        var scene = Scene(cacheLimit: 100_000)
        let popular = (0..<50).map { query(DNSName("popular\($0).debian.org") ?? .root) }
        for bytes in popular {
            try scene.learn(bytes)
            _ = scene.ask("vm1", bytes)
        }
        for number in 0..<5000 { try scene.learn(query(DNSName("n\(number).debian.org") ?? .root)) }
        for bytes in popular { #expect(story(scene.ask("vm1", bytes)).hasPrefix("answer")) }
    }

    /// One answer does not take the room of all others.
    @Test func takesNothingTooLarge() throws {
        var scene = Scene(cacheLimit: 10_000)
        try scene.learn(Self.www)
        let texts = [[UInt8]](repeating: [UInt8](repeating: 0x61, count: 250), count: 20)
        try scene.learn(query("www.debian.org", .txt)) {
            $0.answers = [DNSRecord(name: "www.debian.org", ttl: 300, data: .txt(texts))]
        }
        #expect(scene.resolver.cacheStatistics.entries == 1)
        #expect(Sent(scene.ask("vm1", query("www.debian.org", .txt))) != nil)
    }

    @Test func flushes() throws {
        var scene = Scene()
        try scene.learn(Self.www)
        scene.resolver.flushCache()
        #expect(scene.resolver.cacheStatistics.entries == 0)
        #expect(scene.resolver.cacheStatistics.size == 0)
        #expect(Sent(scene.ask()) != nil)
    }

    /// What other servers said is not what these would say.
    @Test func forgetsWhereTheServersChange() throws {
        var scene = Scene()
        try scene.learn(Self.www)
        scene.resolver.reconfigure(
            labConfiguration(servers: ["9.9.9.9", "149.112.112.112"]), leases: [], ipv6Leases: [])
        #expect(story(scene.ask()).hasPrefix("answer"))
        scene.resolver.reconfigure(labConfiguration(servers: ["1.1.1.1"]), leases: [], ipv6Leases: [])
        #expect(Sent(scene.ask())?.server.address == "1.1.1.1")
    }

    /// The cache against a dictionary that never forgets: what is there is right, and the sums are.
    @Test(arguments: 0..<30) func agreesWithADictionary(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var scene = Scene(cacheLimit: 20_000)
        var known: [DNSName: (address: IPv4Address, at: Duration)] = [:]
        for step in 0..<400 {
            let name = DNSName("n\(Int.random(in: 0..<80, using: &random)).debian.org") ?? .root
            let effects = scene.ask("vm1", query(name))
            if let sent = Sent(effects) {
                let address = IPv4Address(0x0808_0000 + UInt32(step))
                _ = scene.reply(sent, try sent.answer { $0.answers[0].data = .a(address) })
                known[name] = (address, scene.now)
            } else {
                let entry = try #require(known[name])
                let left = 300 - (scene.now - entry.at).components.seconds
                #expect(left > 0)
                #expect(story([effects[0]]) == "answer vm1 NOERROR ra; \(name) \(left) A \(entry.address)")
                if let sent = Sent(Array(effects.dropFirst())) {
                    let address = IPv4Address(0x0808_0000 + UInt32(step))
                    _ = scene.reply(sent, try sent.answer { $0.answers[0].data = .a(address) })
                    known[name] = (address, scene.now)
                }
            }
            scene.now += .seconds(Int.random(in: 0...9, using: &random))
            #expect(scene.resolver.cacheStatistics.size <= 20_000)
        }
    }
}

/// DNS rebinding: what outside servers may say about inside addresses.
@Suite struct DNSRebindingTests {
    @Test(
        arguments: [
            (.a("10.1.2.3"), true), (.a("172.31.0.1"), true), (.a("172.32.0.1"), false), (.a("192.168.1.1"), true),
            (.a("127.0.0.1"), true), (.a("169.254.169.254"), true), (.a("100.64.0.1"), true), (.a("0.0.0.0"), true),
            (.a("9.9.9.9"), false), (.aaaa("::1"), true), (.aaaa("::"), true), (.aaaa("fd00::1"), true),
            (.aaaa("fe80::1"), true), (.aaaa("::ffff:10.0.0.1"), true), (.aaaa("::ffff:9.9.9.9"), false),
            (.aaaa("2620:fe::fe"), false),
        ] as [(DNSRecordData, Bool)])
    func refusesPrivateAddressesWhereToldSo(data: DNSRecordData, isPrivate: Bool) throws {
        for isStrict in [false, true] {
            var scene = Scene { $0.refusesPrivateAddresses = isStrict }
            let asked = query("www.evil.example", data.type)
            let sent = try #require(Sent(scene.ask("vm1", asked)))
            let effects = scene.reply(
                sent, try sent.answer { $0.answers = [DNSRecord(name: "www.evil.example", ttl: 300, data: data)] })
            #expect(story(effects).hasPrefix("answer vm1 REFUSED ra") == (isStrict && isPrivate))
            #expect((Sent(scene.ask("vm1", asked)) != nil) == (isStrict && isPrivate))
        }
    }
}

extension DNSRebindingTests {
    /// What another network here says of its guests comes from inside.
    @Test func believesPeers() throws {
        let peer = ServiceConfiguration.DNS.Server(address: "192.168.151.1")
        var scene = Scene {
            $0.refusesPrivateAddresses = true
            $0.forwarders.append(.init(peer: "netwerk2.lab", servers: [peer]))
        }
        let sent = try #require(Sent(scene.ask("vm1", query("vm1.netwerk2.lab"))))
        #expect(sent.server == peer)
        let effects = scene.reply(sent, try sent.answer { $0.answers[0].data = .a("192.168.151.5") })
        #expect(story(effects) == "answer vm1 NOERROR ra; vm1.netwerk2.lab 300 A 192.168.151.5 | close 0")
    }
}

/// RFC 7873: DNS cookies.
@Suite struct DNSCookieTests {
    private static func asking(_ cookie: [UInt8]) -> [UInt8] {
        query("vm1") {
            $0.additional = [
                DNSRecord(
                    name: .root, recordClass: DNSClass(rawValue: 1232), ttl: 0,
                    data: .other(.opt, [0, 10, 0, UInt8(cookie.count)] + cookie))
            ]
        }
    }

    private static func cookie(in effects: [DNSEffect]) throws -> [UInt8]? {
        guard case .answer(_, let bytes, _) = effects.first, let answer = try? DNSMessage(bytes.span),
            case .other(_, let options)? = answer.additional.first?.data, options.count == 28
        else { return nil }
        return Array(options.dropFirst(4))
    }

    static let client: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]

    /// Section 5.2: the client's part comes back, with a server's part that is the address's own and does not change at once.
    @Test func givesCookies() throws {
        var scene = Scene()
        let first = try #require(try Self.cookie(in: scene.ask("vm1", Self.asking(Self.client))))
        #expect(Array(first.prefix(8)) == Self.client)
        scene.now += .seconds(60)
        // Handed in again while it is young, it is the same; from elsewhere, or altered, or old, it is another.
        #expect(try Self.cookie(in: scene.ask("vm1", Self.asking(first))) == first)
        let elsewhere = try Self.cookie(in: scene.ask("vm1", Self.asking(first), at: "192.168.150.6"))
        #expect(elsewhere != first && elsewhere?.count == 24)
        var altered = first
        altered[23] ^= 1
        #expect(try Self.cookie(in: scene.ask("vm1", Self.asking(altered))) != altered)
        scene.now += .seconds(3600)
        #expect(try Self.cookie(in: scene.ask("vm1", Self.asking(first))) != first)
    }

    /// Section 5.2.2: lengths that no cookie has.
    @Test(arguments: [(0, false), (7, false), (8, true), (9, false), (15, false), (16, true), (40, true), (41, false)])
    func refusesMalformedCookies(count: Int, isFine: Bool) {
        var scene = Scene()
        let effects = scene.ask("vm1", Self.asking([UInt8](repeating: 9, count: count)))
        #expect(story(effects).hasPrefix("answer vm1 FORMERR") == !isFine)
    }
}
