import DNS
import NetworkModel
import TestSupport
import Wire

/// A resolver, the clock, and the servers that it talks to, told as a story.
struct Scene {
    var resolver: DNSResolver
    var random = SeededGenerator(seed: 1)
    var now: Duration = .seconds(100)

    typealias Effect = DNSEffect
    static let a = ServiceConfiguration.DNS.Server(address: "9.9.9.9")
    static let b = ServiceConfiguration.DNS.Server(address: "149.112.112.112")

    init(
        _ limits: DNSForwarderLimits = DNSForwarderLimits(), servers: [IPAddress] = ["9.9.9.9", "149.112.112.112"],
        cacheLimit: Int = DNSResolver.defaultCacheLimit,
        _ change: (inout ServiceConfiguration.DNS) -> Void = { _ in }
    ) {
        resolver = DNSResolver(
            labConfiguration(servers: servers, change), limits: limits, cacheLimit: cacheLimit, using: &random)
    }

    /// A guest asks; an answer that is known at once is the first effect.
    mutating func ask(
        _ client: String = "vm1", _ bytes: [UInt8] = query("www.debian.org"), at address: IPAddress = "192.168.150.5",
        over transport: DNSTransport = .udp
    ) -> [Effect] {
        let client = DNSClient(client, at: address)
        var response = WireWriter()
        var effects: [Effect] = []
        let outcome = resolver.handle(
            bytes.span, from: client, over: transport, now: now, using: &random, into: &response,
            effects: &effects)
        guard case .answered(let answerer) = outcome else { return effects }
        return [.answer(client, response.bytes, by: answerer)] + effects
    }

    mutating func reply(
        _ bytes: [UInt8], on flight: DNSFlightID, from server: ServiceConfiguration.DNS.Server
    )
        -> [Effect]
    {
        resolver.receive(bytes.span, on: flight, from: server, now: now, using: &random)
    }

    /// The server that was asked answers.
    mutating func reply(_ sent: Sent, _ bytes: [UInt8]) -> [Effect] { reply(bytes, on: sent.flight, from: sent.server) }

    /// A guest asks, and the first server answers at once.
    mutating func learn(_ bytes: [UInt8], _ change: (inout DNSMessage) -> Void = { _ in }) throws {
        guard let sent = Sent(ask("teacher", bytes)) else { return }
        _ = reply(sent, try sent.answer(.noError, change))
    }

    mutating func wait(_ duration: Duration) -> [Effect] {
        now += duration
        return resolver.tick(now: now, using: &random)
    }
}

/// What was sent to a server, where one thing was and nothing else happened.
struct Sent {
    let flight: DNSFlightID
    let server: ServiceConfiguration.DNS.Server
    let bytes: [UInt8]
    let transport: DNSTransport

    init?(_ effects: [DNSEffect]) {
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
        message.header.isAuthentic = false
        message.header.responseCode = code
        if code == .noError {
            message.answers = [DNSRecord(name: message.questions[0].name, ttl: 300, data: .a("151.101.2.132"))]
        }
        change(&message)
        return message.bytes
    }
}

/// The effects in short: `answer vm1 NOERROR ra; … | send 2 | close 1`.
func story(_ effects: [DNSEffect]) -> String {
    effects.map { effect in
        switch effect {
        case .send(let flight, _, _, let transport): "send \(flight.ordinal)" + (transport == .tcp ? " over TCP" : "")
        case .answer(let client, let bytes, _): "answer \(client.name) \(text(of: bytes))"
        case .close(let flight): "close \(flight.ordinal)"
        }
    }.joined(separator: " | ")
}

extension DNSClient {
    /// One by a name of at most eight ASCII characters, which takes the place of a connection's number.
    init(_ name: String, at address: IPAddress = "192.168.150.5") {
        precondition(name.utf8.count <= 8)
        let number = name.utf8.reduce(0) { $0 << 8 | UInt64($1) }
        self.init(way: .connection(number), address: address, askedAt: .zero)
    }

    var name: String {
        guard case .connection(let number) = way else { return "?" }
        let octets = stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
        return String(decoding: octets.drop { $0 == 0 }, as: UTF8.self)
    }
}

extension DNSFlightID {
    /// How many flights there were before it.
    var ordinal: UInt64 { rawValue >> 16 - 1 }
}

/// The SOA record of example.org's authority section in a negative answer.
func denial(ttl: UInt32, minimum: UInt32) -> DNSRecord {
    DNSRecord(
        name: "debian.org", ttl: ttl,
        data: .soa(
            StartOfAuthority(
                server: "ns.debian.org", responsible: "hostmaster.debian.org", serial: 1, refresh: 2, retry: 3,
                expire: 4, minimum: minimum)))
}
