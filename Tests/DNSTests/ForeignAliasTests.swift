import DNS
import NetworkModel
import TestSupport
import Testing

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
