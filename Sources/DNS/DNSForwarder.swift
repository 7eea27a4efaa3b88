internal import NetworkModel
internal import Wire

/// Questions on their way to other servers and back, as a state machine without sockets, without a clock and without memory
/// of answers.
///
/// A forged answer must guess the port, which the executor chooses so that nobody can foresee it, the cookie, where the server
/// has them, the id, and the case of each letter of the name, which are chosen here (RFC 5452, section 9.2). Clients that ask the same wait
/// for one flight.
struct DNSForwarder: Sendable {
    typealias Server = ServiceConfiguration.DNS.Server

    enum Step {
        /// Send `bytes` from a socket that no other flight has, closing the one that this had before.
        case send(DNSFlightID, to: Server, bytes: [UInt8], over: DNSTransport)
        /// The flight is over: its waiters are to be told, and its socket to be closed.
        case landed(DNSFlightID, Flight, ServerAnswer?)
        /// This waiter is not waited with any more.
        case givenUp(Waiter)
    }

    let limits: DNSForwarderLimits
    private var flights = FlightTable()
    private var flightsByQuestion: [ForeignQuestion: DNSFlightID] = [:]
    private var waitersOfAddress: [IPAddress: Int] = [:]
    private var waiterCount = 0
    private var deadlines = DeadlineQueue()
    private(set) var health = ServerHealth()
    private var cookies = CookieJar()

    init(limits: DNSForwarderLimits) { self.limits = limits }

    /// How many questions are on their way.
    var count: Int { flights.count }
    /// When ``tick(now:using:)`` has something to do; nil where nothing is on its way.
    var nextDeadline: Duration? { deadlines.first?.deadline }

    /// Asks `servers`, which are not empty, for a client.
    ///
    /// A guest that waits for too many answers is given up. Where there are too many flights, it is the one that has taken
    /// longest that is given up: its server is the likeliest not to answer.
    mutating func ask(
        _ question: ForeignQuestion, _ servers: [Server], for waiter: Waiter, now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> [Step] {
        guard limits.flights > 0, waiterCount < limits.waiters,
            waitersOfAddress[waiter.client.address, default: 0] < limits.waitersPerAddress
        else { return [.givenUp(waiter)] }
        waiterCount += 1
        waitersOfAddress[waiter.client.address, default: 0] += 1
        if let id = flightsByQuestion[question] {
            _ = flights.with(id) { $0.waiters.append(waiter) }
            return []
        }
        var flight = Flight(question, servers: rounds(of: servers))
        flight.waiters = [waiter]
        var steps: [Step] = []
        launch(flight, now, &generator, &steps)
        probe(question, servers, now, &generator, &steps)
        return steps
    }

    /// Asks again what nobody waits for yet, unless that is under way or there is no room.
    mutating func renew(
        _ question: ForeignQuestion, _ servers: [Server], now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> [Step] {
        var steps: [Step] = []
        guard flightsByQuestion[question] == nil, flights.count < limits.flights / 2 else { return steps }
        launch(Flight(question, servers: rounds(of: servers)), now, &generator, &steps)
        return steps
    }

    private func rounds(of servers: [Server]) -> ArraySlice<Server> {
        let order = health.order(servers)
        var rounds: [Server] = []
        rounds.reserveCapacity(order.count * limits.rounds)
        for _ in 0..<limits.rounds { rounds += order }
        return rounds[...]
    }

    private mutating func probe(
        _ question: ForeignQuestion, _ servers: [Server], _ now: Duration,
        _ generator: inout some RandomNumberGenerator, _ steps: inout [Step]
    ) {
        guard flights.count < limits.flights / 2, let server = health.dueProbe(among: servers, now: now) else { return }
        var flight = Flight(question, servers: [server])
        flight.isProbe = true
        launch(flight, now, &generator, &steps)
    }

    private mutating func launch(
        _ flight: Flight, _ now: Duration, _ generator: inout some RandomNumberGenerator,
        _ steps: inout [Step]
    ) {
        if flights.count >= limits.flights, let oldest = flights.oldest { land(oldest, with: nil, &steps) }
        let id = flights.insert(flight)
        if !flight.isProbe { flightsByQuestion[flight.question] = id }
        askNext(id, now, &generator, &steps)
    }

    /// Takes octets that came on a flight's socket from `server`.
    ///
    /// What does not answer the query that was sent last is ignored, and the wait goes on (RFC 5452, section 9.1). A server
    /// that fails or refuses is not asked again; what it said is passed on where nobody else is left to ask.
    mutating func receive(
        _ message: Span<UInt8>, on id: DNSFlightID, from server: Server, now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> [Step] {
        var steps: [Step] = []
        var (transport, sentAt, isProbe) = (DNSTransport.udp, now, false)
        let reply = flights.with(id) { flight in
            (transport, sentAt, isProbe) = (flight.transport, flight.sentAt, flight.isProbe)
            return flight.server == server ? flight.read(message) : .foreign
        }
        guard let reply else { return steps }
        if case .foreign = reply { return steps }
        if transport == .udp { health.answered(server, after: now - sentAt) }
        switch reply {
        case .foreign: break
        case .doubtful, .truncated: send(id, to: server, over: .tcp, now, &generator, &steps)
        case .plainOnly:
            health.failedWithEDNS(server)
            send(id, to: server, over: transport, now, &generator, &steps)
        case .cookieless:
            cookies.refuse(server)
            send(id, to: server, over: transport, now, &generator, &steps)
        case .badCookie(let content):
            cookies.learn(content, from: server)
            // RFC 7873, section 5.3: once more, and then over TCP.
            let isFirst = flights.with(id) { flight in
                defer { flight.hasBadCookie = true }
                return !flight.hasBadCookie
            }
            send(id, to: server, over: isFirst == true ? .udp : .tcp, now, &generator, &steps)
        case .damaged: askOther(than: server, id, now, &generator, &steps)
        case .answer(let answer, let cookie):
            if let cookie { cookies.learn(cookie, from: server) }
            let word = ServerAnswer(answer: answer, server: server)
            guard answer.isRefusal, !isProbe else {
                land(id, with: word, &steps)
                break
            }
            _ = flights.with(id) { $0.refusal = $0.refusal ?? word }
            askOther(than: server, id, now, &generator, &steps)
        }
        return steps
    }

    /// Goes on to the next server of a flight whose socket says that this one cannot be reached.
    mutating func unreachable(
        _ id: DNSFlightID, now: Duration, using generator: inout some RandomNumberGenerator
    ) -> [Step] {
        var steps: [Step] = []
        if let server = flights.with(id, { $0.server }) ?? nil { health.failed(server, now: now) }
        askNext(id, now, &generator, &steps)
        return steps
    }

    mutating func abandon(_ id: DNSFlightID) -> [Step] {
        var steps: [Step] = []
        land(id, with: nil, &steps)
        return steps
    }

    // MARK: Time

    /// Takes the next flight whose wait is over; ``goOn(_:now:using:)`` is to follow.
    mutating func nextLate(now: Duration) -> DNSFlightID? {
        while let due = deadlines.first, due.deadline <= now {
            deadlines.removeFirst()
            if flights.deadline(of: due.flight) == due.deadline { return due.flight }
        }
        dropStaleDeadlines()
        return nil
    }

    mutating func waiters(of id: DNSFlightID) -> [Waiter] { flights.with(id) { $0.waiters } ?? [] }

    /// Lets a flight go on although nobody waits for it any more.
    mutating func removeWaiters(of id: DNSFlightID) {
        let waiters = flights.with(id) { flight in
            defer { flight.waiters = [] }
            return flight.waiters
        }
        forget(waiters ?? [])
    }

    /// Asks the next server, since the one that was asked did not answer in time.
    mutating func goOn(_ id: DNSFlightID, now: Duration, using generator: inout some RandomNumberGenerator) -> [Step] {
        unreachable(id, now: now, using: &generator)
    }

    private mutating func askOther(
        than server: Server, _ id: DNSFlightID, _ now: Duration, _ generator: inout some RandomNumberGenerator,
        _ steps: inout [Step]
    ) {
        _ = flights.with(id) { $0.untried.removeAll { $0 == server } }
        askNext(id, now, &generator, &steps)
    }

    private mutating func askNext(
        _ id: DNSFlightID, _ now: Duration, _ generator: inout some RandomNumberGenerator, _ steps: inout [Step]
    ) {
        guard let next = flights.with(id, { (server: $0.untried.popFirst(), refusal: $0.refusal) }) else { return }
        guard let server = next.server else { return land(id, with: next.refusal, &steps) }
        send(id, to: server, over: .udp, now, &generator, &steps)
    }

    private mutating func send(
        _ id: DNSFlightID, to server: Server, over transport: DNSTransport, _ now: Duration,
        _ generator: inout some RandomNumberGenerator, _ steps: inout [Step]
    ) {
        let (deadline, hasEDNS) = (now + limits.timeout, !health.isPlain(server))
        let cookie = hasEDNS ? cookies.cookie(for: server, using: &generator) : nil
        let bytes = flights.with(id) {
            $0.ask(server, over: transport, withEDNS: hasEDNS, cookie, at: now, until: deadline, using: &generator)
        }
        guard let bytes else { return }
        deadlines.append(DeadlineQueue.Entry(deadline: deadline, flight: id))
        dropStaleDeadlines()
        steps.append(.send(id, to: server, bytes: bytes, over: transport))
    }

    private mutating func land(_ id: DNSFlightID, with answer: ServerAnswer?, _ steps: inout [Step]) {
        guard let flight = flights.remove(id) else { return }
        if !flight.isProbe { flightsByQuestion[flight.question] = nil }
        forget(flight.waiters)
        dropStaleDeadlines()
        steps.append(.landed(id, flight, answer))
    }

    private mutating func forget(_ waiters: [Waiter]) {
        waiterCount -= waiters.count
        for waiter in waiters {
            let left = waitersOfAddress[waiter.client.address, default: 1] - 1
            waitersOfAddress[waiter.client.address] = left == 0 ? nil : left
        }
    }

    /// Keeps ``nextDeadline`` that of a flight that still waits for it, and the queue not much longer than there are flights.
    private mutating func dropStaleDeadlines() {
        while let first = deadlines.first, flights.deadline(of: first.flight) != first.deadline {
            deadlines.removeFirst()
        }
        if deadlines.count > 2 * flights.count + 64 {
            deadlines.removeAll { [flights] in flights.deadline(of: $0.flight) != $0.deadline }
        }
    }
}

extension ForeignAnswer {
    /// Whether another server may know better.
    ///
    /// Not where a server that checks signatures says that they are wrong (RFC 8914, sections 4.6 to 4.13): one that does not
    /// check them would hide that.
    fileprivate var isRefusal: Bool {
        switch responseCode {
        case .serverFailure: !(5...12).contains(extendedError ?? 0)
        case .refused: true
        default: false
        }
    }
}
