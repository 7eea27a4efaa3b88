public import NetworkModel
public import Wire

/// What is to be done about a message that came to port 53.
public enum DNSOutcome: Hashable, Sendable {
    /// Send the answer that was written.
    case answered(by: DNSAnswerer)
    /// The answer comes later, as an effect.
    case pending
    /// It is no query: an answer to it could begin a loop.
    case ignored
}

/// Whose word an answer is.
public enum DNSAnswerer: Hashable, Sendable {
    /// The network's own: its names, what is special, and that a query is none.
    case network
    /// Another server's of earlier.
    case cache
    /// Another server's of so long ago that it may be true no more, for want of a newer one (RFC 8767).
    case stale
    case server(ServiceConfiguration.DNS.Server)
    /// That nobody answers.
    case nobody
}

/// What the executor of a ``DNSResolver`` is to do, in the order in which it is told.
public enum DNSEffect: Hashable, Sendable {
    /// Send `bytes` from a socket that no other flight has, on a port that nobody can foresee, closing the one that this had
    /// before.
    case send(DNSFlightID, to: ServiceConfiguration.DNS.Server, bytes: [UInt8], over: DNSTransport)
    case answer(DNSClient, [UInt8], by: DNSAnswerer)
    /// Close the socket of a flight that is over, or keep it for another one.
    case close(DNSFlightID)
}

/// The name server of one network: its own names, and what it has asked and remembers of all others.
///
/// A state machine without sockets and without a clock. `now` is the time since any fixed moment, on a clock that never goes
/// back. Whoever holds the resolver carries out the effects of each call in their order, and calls ``tick(now:using:)`` at
/// ``nextDeadline``.
public struct DNSResolver: Sendable {
    public typealias Effect = DNSEffect
    public typealias Server = ServiceConfiguration.DNS.Server

    public private(set) var zone: DNSZone
    private var cache: DNSCache
    private var failures = FailureMemory()
    private var forwarder: DNSForwarder
    private let cookies: CookieMaker
    private var refusesPrivateAddresses: Bool

    /// How much a network's cache may hold, in octets.
    public static var defaultCacheLimit: Int { 4 << 20 }

    public init(
        _ configuration: ServiceConfiguration.DNS, leases: [Lease] = [], ipv6Leases: [IPv6Lease] = [],
        limits: DNSForwarderLimits = DNSForwarderLimits(), cacheLimit: Int = defaultCacheLimit,
        using generator: inout some RandomNumberGenerator
    ) {
        zone = DNSZone(configuration, leases: leases, ipv6Leases: ipv6Leases)
        cache = DNSCache(limit: cacheLimit)
        forwarder = DNSForwarder(limits: limits)
        cookies = CookieMaker(using: &generator)
        refusesPrivateAddresses = configuration.refusesPrivateAddresses
    }

    /// How many questions are on their way to other servers.
    public var flightCount: Int { forwarder.count }
    /// When ``tick(now:using:)`` has something to do; nil where nothing is on its way.
    public var nextDeadline: Duration? { forwarder.nextDeadline }
    public var cacheStatistics: DNSCacheStatistics { cache.statistics }

    public mutating func flushCache() {
        cache.removeAll()
        failures.removeAll()
    }

    public mutating func setCacheLimit(_ limit: Int) { cache.setLimit(limit) }

    public mutating func apply(_ change: LeaseChange) { zone.apply(change) }

    /// Takes another configuration; what other servers than before have said is forgotten.
    public mutating func reconfigure(
        _ configuration: ServiceConfiguration.DNS, leases: [Lease], ipv6Leases: [IPv6Lease]
    ) {
        let former = zone.delegations
        zone = DNSZone(configuration, leases: leases, ipv6Leases: ipv6Leases)
        if zone.delegations.forwarders != former.forwarders { flushCache() }
        refusesPrivateAddresses = configuration.refusesPrivateAddresses
    }

    // MARK: Clients

    /// Decides about one message from a guest, whatever its octets are.
    ///
    /// The answer takes the place of what `response` held: where that has room enough, and the names are known here or
    /// remembered, nothing is allocated. `effects` are appended to.
    public mutating func handle(
        _ message: Span<UInt8>, from client: DNSClient, over transport: DNSTransport,
        now: Duration, using generator: inout some RandomNumberGenerator, into response: inout WireWriter,
        effects: inout [Effect]
    ) -> DNSOutcome {
        var query: Query
        switch zone.read(message) {
        case .ignore: return .ignored
        case .refuse(let code, let header):
            Reply.writeHeader(code, to: header, recursionAvailable: zone.canForward, into: &response)
            return .answered(by: .network)
        case .query(let read): query = read
        }
        grantCookie(to: &query, at: client.address, now)
        switch zone.resolve(query, in: message) {
        case .reply(let reply):
            reply.write(to: query, in: message, over: transport, into: &response)
            return .answered(by: .network)
        case .ask(let servers):
            return lookUp(query, in: message, servers, client, transport, now, &generator, &response, &effects)
        case .follow(let reply, let target, let servers):
            guard let alias = ForeignAlias(reply, to: target, asked: query, in: message, over: transport) else {
                reply.write(to: query, in: message, over: transport, into: &response)
                return .answered(by: .network)
            }
            let outcome = lookUp(
                alias.query, in: alias.message.span, of: alias, servers, client, .tcp, now, &generator, &response,
                &effects)
            if case .answered = outcome { alias.join(&response) }
            return outcome
        }
    }

    /// Answers what others know from memory, or asks them; `alias` is whose target the query is about.
    private mutating func lookUp(
        _ query: Query, in message: Span<UInt8>, of alias: ForeignAlias? = nil, _ servers: [Server],
        _ client: DNSClient, _ transport: DNSTransport, _ now: Duration,
        _ generator: inout some RandomNumberGenerator, _ response: inout WireWriter, _ effects: inout [Effect]
    ) -> DNSOutcome {
        let seconds = now.wholeSeconds
        switch cache.find(query, in: message, now: seconds) {
        case .fresh(let entry):
            cache.write(entry, to: query, in: message, over: transport, into: &response)
            return .answered(by: .cache)
        case .lastResort(let entry):
            cache.write(entry, to: query, in: message, over: transport, into: &response)
            return .answered(by: .stale)
        case .expiring(let entry):
            cache.write(entry, to: query, in: message, over: transport, into: &response)
            let question = ForeignQuestion(query, in: message)
            carryOut(forwarder.renew(question, servers, now: now, using: &generator), now, &effects)
            return .answered(by: .cache)
        case .stale, .nothing:
            cache.countMiss()
            let question = ForeignQuestion(query, in: message)
            if failures.holds(question, now: now) {
                Self.failure(Self.noReachableServer)
                    .write(to: query, in: message, over: transport, into: &response)
                return .answered(by: .nobody)
            }
            var reader = WireReader(message)
            let waiter = Waiter(
                client: client, transport: transport, message: reader.rest(), query: query, alias: alias)
            carryOut(forwarder.ask(question, servers, for: waiter, now: now, using: &generator), now, &effects)
            return .pending
        }
    }

    private func grantCookie(to query: inout Query, at address: IPAddress, _ now: Duration) {
        guard let cookie = query.cookie else { return }
        let time = UInt32(truncatingIfNeeded: now.wholeSeconds)
        // RFC 9018, section 4.3: one that is young goes back as it came.
        if let server = cookie.server, time &- server.time < CookieMaker.lifetime / 2,
            cookies.accepts(server, for: cookie.client, at: address, time: time)
        {
            query.cookie?.granted = server
        } else {
            query.cookie?.granted = cookies.cookie(for: cookie.client, at: address, time: time)
        }
    }

    // MARK: Servers

    /// Takes octets that came on a flight's socket from `server`.
    public mutating func receive(
        _ message: Span<UInt8>, on flight: DNSFlightID, from server: Server, now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> [Effect] {
        var effects: [Effect] = []
        carryOut(forwarder.receive(message, on: flight, from: server, now: now, using: &generator), now, &effects)
        return effects
    }

    /// Goes on to the next server of a flight whose socket says that this one cannot be reached.
    public mutating func unreachable(
        _ flight: DNSFlightID, now: Duration, using generator: inout some RandomNumberGenerator
    ) -> [Effect] {
        var effects: [Effect] = []
        carryOut(forwarder.unreachable(flight, now: now, using: &generator), now, &effects)
        return effects
    }

    /// Gives up a flight that there is no room for.
    public mutating func abandon(_ flight: DNSFlightID, now: Duration) -> [Effect] {
        var effects: [Effect] = []
        carryOut(forwarder.abandon(flight), now, &effects)
        return effects
    }

    /// Does what time asks for.
    public mutating func tick(now: Duration, using generator: inout some RandomNumberGenerator) -> [Effect] {
        var effects: [Effect] = []
        while let late = forwarder.nextLate(now: now) {
            // RFC 8767, section 5: a client has waited long enough for what may never come, and the asking goes on.
            let waiters = forwarder.waiters(of: late)
            let answers = waiters.compactMap { stale(for: $0, now) }
            if answers.count == waiters.count {
                effects += answers
                forwarder.removeWaiters(of: late)
            }
            carryOut(forwarder.goOn(late, now: now, using: &generator), now, &effects)
        }
        return effects
    }

    private mutating func carryOut(
        _ steps: [DNSForwarder.Step], _ now: Duration, _ effects: inout [Effect]
    ) {
        for step in steps {
            switch step {
            case .send(let flight, let server, let bytes, let transport):
                effects.append(.send(flight, to: server, bytes: bytes, over: transport))
            case .givenUp(let waiter): effects.append(failure(for: waiter, Self.noReachableServer))
            case .landed(let id, let flight, let answer):
                if !flight.isProbe { conclude(flight, answer, now, &effects) }
                effects.append(.close(id))
            }
        }
    }

    /// Remembers what a flight has brought, and tells those who wait for it.
    private mutating func conclude(
        _ flight: Flight, _ word: ServerAnswer?, _ now: Duration, _ effects: inout [Effect]
    ) {
        guard let word else {
            failures.remember(flight.question, now: now)
            for waiter in flight.waiters {
                effects.append(stale(for: waiter, now) ?? failure(for: waiter, Self.noReachableServer))
            }
            return
        }
        let answer = word.answer
        if refusesPrivateAddresses, answer.hasPrivateAddress, !zone.delegations.peers.contains(word.server) {
            for waiter in flight.waiters { effects.append(failure(for: waiter, Self.filtered, .refused)) }
            return
        }
        let isAnswer = answer.responseCode == .noError || answer.responseCode == .nameError
        if isAnswer { cache.store(answer, to: flight.question, now: now.wholeSeconds) }
        for waiter in flight.waiters {
            if !isAnswer, let effect = stale(for: waiter, now) {
                effects.append(effect)
                continue
            }
            var response = WireWriter(reserving: answer.bytes.count + 64)
            answer.write(
                to: waiter.query, in: waiter.message.span, age: .seconds(0), over: waiter.transport, into: &response)
            waiter.alias?.join(&response)
            effects.append(.answer(waiter.client, response.bytes, by: .server(word.server)))
        }
    }

    /// What was true once, for a client that would else get nothing (RFC 8767); nil where nothing is known.
    private mutating func stale(for waiter: Waiter, _ now: Duration) -> Effect? {
        let seconds = now.wholeSeconds
        let entry: DNSCache.Entry
        var answerer = DNSAnswerer.cache
        switch cache.find(waiter.query, in: waiter.message.span, now: seconds) {
        case .stale(let found):
            entry = found
            answerer = .stale
            cache.postpone(found, now: seconds)
        case .fresh(let found), .expiring(let found), .lastResort(let found): entry = found
        case .nothing: return nil
        }
        var response = WireWriter(reserving: 512)
        cache.write(entry, to: waiter.query, in: waiter.message.span, over: waiter.transport, into: &response)
        waiter.alias?.join(&response)
        return .answer(waiter.client, response.bytes, by: answerer)
    }

    private func failure(
        for waiter: Waiter, _ reason: UInt16, _ code: DNSResponseCode = .serverFailure
    ) -> Effect {
        var response = WireWriter(reserving: waiter.message.count + 32)
        Self.failure(reason, code)
            .write(to: waiter.query, in: waiter.message.span, over: waiter.transport, into: &response)
        waiter.alias?.join(&response)
        return .answer(waiter.client, response.bytes, by: .nobody)
    }

    private static func failure(_ reason: UInt16, _ code: DNSResponseCode = .serverFailure) -> Reply {
        Reply(responseCode: code, isAuthoritative: false, recursionAvailable: true, extendedError: reason)
    }

    /// RFC 8914, sections 4.23 and 4.18.
    private static var noReachableServer: UInt16 { 22 }
    private static var filtered: UInt16 { 17 }
}

extension Duration {
    fileprivate var wholeSeconds: Int { Int(components.seconds) }
}
