import DNS
import NetworkModel
import TestSupport
import Testing

/// Cookies of queries to other servers.
@Suite struct UpstreamCookieTests {
    /// The content of the COOKIE option in a message.
    static func cookie(_ bytes: [UInt8]) throws -> [UInt8]? {
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

    /// A server that wants another cookie even over TCP is of no use, and no client hears of a code that is between us.
    @Test func goesOnWhereNoCookieIsRight() throws {
        var scene = Scene(servers: ["9.9.9.9"])
        var sent = try #require(Sent(scene.ask()))
        let given = try #require(try Self.cookie(sent.bytes)) + [9, 9, 9, 9, 9, 9, 9, 9]
        for transport in [DNSTransport.udp, .tcp] {
            sent = try #require(Sent(scene.reply(sent, try Self.answer(sent, .badCookie, cookie: given))))
            #expect(sent.transport == transport)
        }
        let effects = scene.reply(sent, try Self.answer(sent, .badCookie, cookie: given))
        #expect(story(effects) == "answer vm1 SERVFAIL ra | close 0")
    }

    /// That a server which has cookies knows none, or no EDNS, is believed only where nobody can forge it.
    @Test func believesNoForgerThatCookiesAreNotUnderstood() throws {
        let forgeries: [(inout DNSMessage) -> Void] = [
            { $0.additional = [EDNS().record] }, { $0.additional = [] },
            {
                $0.additional = []
                $0.questions = []
            },
        ]
        for forge in forgeries {
            var scene = Scene(servers: ["9.9.9.9"])
            let first = try #require(Sent(scene.ask()))
            let given = try #require(try Self.cookie(first.bytes)) + [9, 9, 9, 9, 9, 9, 9, 9]
            _ = scene.reply(first, try Self.answer(first, cookie: given))
            let second = try #require(Sent(scene.ask("vm1", query("ftp.debian.org"))))
            let again = try #require(Sent(scene.reply(second, try second.answer(.formatError, forge))))
            #expect(again.transport == .tcp)
            #expect(try Self.cookie(again.bytes) == given)
            #expect(scene.reply(again, try Self.answer(again, cookie: given)).count == 2)
        }
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
}
