internal import NetworkModel
internal import Wire

/// Questions on their way to other servers and back, as a state machine without sockets, without a clock and without memory
/// of answers.
///
/// A forged answer must guess the port, which is the executor's to choose anew for each ``Step/send(_:to:bytes:over:)``, the
/// id, and the case of each letter of the name, which are chosen here (RFC 5452, section 9.2). Clients that ask the same wait
/// for one flight.
struct DNSForwarder<Client: Hashable & Sendable>: Sendable {
    typealias Server = ServiceConfiguration.DNS.Server

    enum Step {
        /// Send `bytes` from a socket of its own, closing the one that the flight had before.
        case send(DNSFlightID, to: Server, bytes: [UInt8], over: DNSTransport)
        /// The flight is over: its waiters are to be told, and its socket to be closed.
        case landed(DNSFlightID, Flight<Client>, ForeignAnswer?)
        /// This waiter is not waited with any more.
        case givenUp(Waiter<Client>)
    }

    let limits: DNSForwarderLimits
    private var flights: [DNSFlightID: Flight<Client>] = [:]
    private var flightsByQuestion: [ForeignQuestion: DNSFlightID] = [:]
    private var waitersOfAddress: [IPAddress: Int] = [:]
    private var waiterCount = 0
    private var deadlines = DeadlineQueue()
    private var nextID = DNSFlightID(rawValue: 0)
    /// The oldest flight, or the next where there is none.
    private var oldestID = DNSFlightID(rawValue: 0)
    private(set) var health = ServerHealth()

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
        _ question: ForeignQuestion, _ servers: [Server], for waiter: Waiter<Client>, now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> [Step] {
        guard limits.flights > 0, waiterCount < limits.waiters,
            waitersOfAddress[waiter.address, default: 0] < limits.waitersPerAddress
        else { return [.givenUp(waiter)] }
        waiterCount += 1
        waitersOfAddress[waiter.address, default: 0] += 1
        if let id = flightsByQuestion[question] {
            flights[id]?.waiters.append(waiter)
            return []
        }
        var flight = Flight<Client>(question, servers: rounds(of: servers))
        flight.waiters = [waiter]
        return launch(flight, now, &generator) + probe(question, servers, now, &generator)
    }

    /// Asks again what nobody waits for yet, unless that is under way or there is no room.
    mutating func renew(
        _ question: ForeignQuestion, _ servers: [Server], now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> [Step] {
        guard flightsByQuestion[question] == nil, flights.count < limits.flights / 2 else { return [] }
        return launch(Flight(question, servers: rounds(of: servers)), now, &generator)
    }

    private func rounds(of servers: [Server]) -> ArraySlice<Server> {
        Array(repeatElement(health.order(servers), count: limits.rounds).joined())[...]
    }

    private mutating func probe(
        _ question: ForeignQuestion, _ servers: [Server], _ now: Duration,
        _ generator: inout some RandomNumberGenerator
    ) -> [Step] {
        guard flights.count < limits.flights / 2, let server = health.dueProbe(among: servers, now: now) else {
            return []
        }
        var flight = Flight<Client>(question, servers: [server])
        flight.isProbe = true
        return launch(flight, now, &generator)
    }

    private mutating func launch(
        _ flight: Flight<Client>, _ now: Duration, _ generator: inout some RandomNumberGenerator
    ) -> [Step] {
        var steps: [Step] = []
        if flights.count >= limits.flights { steps += land(oldestID, with: nil) }
        let id = nextID
        nextID = id.next
        if !flight.isProbe { flightsByQuestion[flight.question] = id }
        return steps + askNext(flight, id, now, &generator)
    }

    /// Takes octets that came on a flight's socket from `server`.
    ///
    /// What does not answer the query that was sent last is ignored, and the wait goes on (RFC 5452, section 9.1). A server
    /// that fails or refuses is not asked again; what it said is passed on where nobody else is left to ask.
    mutating func receive(
        _ message: Span<UInt8>, on id: DNSFlightID, from server: Server, now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> [Step] {
        guard var flight = flights[id], flight.server == server else { return [] }
        let reply = flight.read(message)
        if case .foreign = reply { return [] }
        if flight.transport == .udp { health.answered(server, after: now - flight.sentAt) }
        switch reply {
        case .foreign: return []
        case .doubtful, .truncated:
            flight.transport = .tcp
            return send(flight, id, to: server, now, &generator)
        case .plainOnly:
            health.failedWithEDNS(server)
            flight.hasEDNS = false
            return send(flight, id, to: server, now, &generator)
        case .damaged: return askOther(than: server, flight, id, now, &generator)
        case .answer(let answer):
            guard answer.isRefusal, !flight.isProbe else { return land(id, with: answer) }
            flight.refusal = flight.refusal ?? answer
            return askOther(than: server, flight, id, now, &generator)
        }
    }

    /// Goes on to the next server of a flight whose socket says that this one cannot be reached.
    mutating func unreachable(
        _ id: DNSFlightID, now: Duration, using generator: inout some RandomNumberGenerator
    ) -> [Step] {
        guard let flight = flights[id] else { return [] }
        if let server = flight.server { health.failed(server, now: now) }
        return askNext(flight, id, now, &generator)
    }

    mutating func abandon(_ id: DNSFlightID) -> [Step] { land(id, with: nil) }

    // MARK: Time

    /// Takes the next flight whose wait is over; ``goOn(_:now:using:)`` is to follow.
    mutating func nextLate(now: Duration) -> DNSFlightID? {
        while let due = deadlines.first, due.deadline <= now {
            deadlines.removeFirst()
            if flights[due.flight]?.deadline == due.deadline { return due.flight }
        }
        dropStaleDeadlines()
        return nil
    }

    func waiters(of id: DNSFlightID) -> [Waiter<Client>] { flights[id]?.waiters ?? [] }

    /// Lets a flight go on although nobody waits for it any more.
    mutating func removeWaiters(of id: DNSFlightID) {
        guard let waiters = flights[id]?.waiters else { return }
        flights[id]?.waiters = []
        forget(waiters)
    }

    /// Asks the next server, since the one that was asked did not answer in time.
    mutating func goOn(_ id: DNSFlightID, now: Duration, using generator: inout some RandomNumberGenerator) -> [Step] {
        unreachable(id, now: now, using: &generator)
    }

    private mutating func askOther(
        than server: Server, _ flight: Flight<Client>, _ id: DNSFlightID, _ now: Duration,
        _ generator: inout some RandomNumberGenerator
    ) -> [Step] {
        var flight = flight
        flight.untried.removeAll { $0 == server }
        return askNext(flight, id, now, &generator)
    }

    private mutating func askNext(
        _ flight: Flight<Client>, _ id: DNSFlightID, _ now: Duration, _ generator: inout some RandomNumberGenerator
    ) -> [Step] {
        var flight = flight
        guard let server = flight.untried.popFirst() else {
            flights[id] = flight
            return land(id, with: flight.refusal)
        }
        flight.transport = .udp
        flight.hasEDNS = !health.isPlain(server)
        return send(flight, id, to: server, now, &generator)
    }

    private mutating func send(
        _ flight: Flight<Client>, _ id: DNSFlightID, to server: Server, _ now: Duration,
        _ generator: inout some RandomNumberGenerator
    ) -> [Step] {
        var flight = flight
        flight.server = server
        flight.queryID = UInt16.random(in: .min ... .max, using: &generator)
        flight.sentName = flight.question.name.withRandomCase(using: &generator)
        flight.sentAt = now
        flight.deadline = now + limits.timeout
        flights[id] = flight
        deadlines.append(DeadlineQueue.Entry(deadline: flight.deadline, flight: id))
        dropStaleDeadlines()
        return [.send(id, to: server, bytes: flight.queryBytes, over: flight.transport)]
    }

    private mutating func land(_ id: DNSFlightID, with answer: ForeignAnswer?) -> [Step] {
        guard let flight = flights.removeValue(forKey: id) else { return [] }
        if !flight.isProbe { flightsByQuestion[flight.question] = nil }
        forget(flight.waiters)
        while oldestID < nextID, flights[oldestID] == nil { oldestID = oldestID.next }
        dropStaleDeadlines()
        return [.landed(id, flight, answer)]
    }

    private mutating func forget(_ waiters: [Waiter<Client>]) {
        waiterCount -= waiters.count
        for waiter in waiters {
            let left = waitersOfAddress[waiter.address, default: 1] - 1
            waitersOfAddress[waiter.address] = left == 0 ? nil : left
        }
    }

    /// Keeps ``nextDeadline`` that of a flight that still waits for it, and the queue not much longer than there are flights.
    private mutating func dropStaleDeadlines() {
        while let first = deadlines.first, flights[first.flight]?.deadline != first.deadline { deadlines.removeFirst() }
        if deadlines.count > 2 * flights.count + 64 {
            deadlines.removeAll { [flights] in flights[$0.flight]?.deadline != $0.deadline }
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
