import DNS
import NetworkModel
import TestSupport
import Testing

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
