public import NetworkModel

/// Queries on their way to other servers and back, as a state machine without sockets and without a clock.
///
/// `Client` is whatever the executor needs to send an answer back. `now` is the time since any fixed moment, on a clock that never
/// goes back. Whoever holds the forwarder carries out the effects of each call in their order, and calls ``tick(now:using:)`` at
/// ``nextDeadline``.
///
/// A forged answer must guess the port, which is the executor's to choose anew for each ``Effect/send(_:to:bytes:over:)``, and the
/// id, which is chosen here (RFC 5452, section 9.2).
public struct DNSForwarder<Client: Hashable & Sendable>: Sendable {
    public typealias Server = ServiceConfiguration.DNS.Server

    public enum Effect: Hashable, Sendable {
        /// Send `bytes` from a socket of its own, closing the one that the flight had before.
        case send(DNSFlightID, to: Server, bytes: [UInt8], over: DNSTransport)
        case answer(Client, [UInt8])
        /// Close the socket of a flight that is over.
        case close(DNSFlightID)
    }

    public let limits: DNSForwarderLimits
    private var flights: [DNSFlightID: Flight<Client>] = [:]
    private var flightsOfAddress: [IPAddress: Int] = [:]
    private var deadlines = DeadlineQueue()
    private var nextID = DNSFlightID(rawValue: 0)
    /// The oldest flight, or the next where there is none.
    private var oldestID = DNSFlightID(rawValue: 0)

    public init(limits: DNSForwarderLimits = DNSForwarderLimits()) { self.limits = limits }

    /// How many queries are on their way.
    public var count: Int { flights.count }

    /// When ``tick(now:using:)`` has something to do; nil where nothing is on its way.
    public var nextDeadline: Duration? { deadlines.first?.deadline }

    /// Takes over a query that came from `client`, a program on the guest with `address`.
    ///
    /// A guest with too many queries on their way gets SERVFAIL. Where all guests together have too many, it is the query that has
    /// waited longest which fails: its server is the likeliest not to answer.
    public mutating func forward(
        _ request: DNSForwardRequest, from client: Client, at address: IPAddress, over transport: DNSTransport,
        now: Duration, using generator: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard limits.flights > 0, flightsOfAddress[address, default: 0] < limits.flightsPerAddress else {
            return [.answer(client, request.failure)]
        }
        var effects: [Effect] = []
        if flights.count >= limits.flights, let oldest = flights[oldestID] {
            effects += end(oldestID, with: oldest.request.failure)
        }
        let id = nextID
        nextID = id.next
        flightsOfAddress[address, default: 0] += 1
        let rounds = repeatElement(request.servers, count: limits.rounds).joined()
        let flight = Flight(
            client: client, address: address, transport: transport, request: request, untried: Array(rounds)[...])
        return effects + askNext(flight, id, now, &generator)
    }

    /// Takes octets that came on a flight's socket from `server`.
    ///
    /// What does not answer the query that was sent last is ignored, and the wait goes on (RFC 5452, section 9.1). An answer
    /// goes to the client as it came but for its id. A server that failed or refused is not asked again; its answer is passed on
    /// where nobody else is left to ask.
    public mutating func receive(
        _ reply: Span<UInt8>, on id: DNSFlightID, from server: Server, now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard var flight = flights[id] else { return [] }
        guard let responseCode = flight.responseCode(of: reply, from: server) else { return [] }
        if responseCode == .serverFailure || responseCode == .refused {
            flight.untried.removeAll { $0 == server }
            if !flight.untried.isEmpty { return askNext(flight, id, now, &generator) }
        }
        return end(id, with: flight.restoringID(in: reply))
    }

    /// Goes on to the next server of a flight whose socket says that this one cannot be reached.
    public mutating func unreachable(
        _ id: DNSFlightID, now: Duration, using generator: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard let flight = flights[id] else { return [] }
        return askNext(flight, id, now, &generator)
    }

    /// Goes on to the next server wherever one did not answer in time.
    public mutating func tick(now: Duration, using generator: inout some RandomNumberGenerator) -> [Effect] {
        var effects: [Effect] = []
        while let due = deadlines.first, due.deadline <= now {
            deadlines.removeFirst()
            if let flight = flights[due.flight], flight.deadline == due.deadline {
                effects += askNext(flight, due.flight, now, &generator)
            }
            dropStaleDeadlines()
        }
        return effects
    }

    private mutating func askNext(
        _ flight: Flight<Client>, _ id: DNSFlightID, _ now: Duration, _ generator: inout some RandomNumberGenerator
    ) -> [Effect] {
        var flight = flight
        guard let server = flight.untried.popFirst() else {
            flights[id] = flight
            return end(id, with: flight.request.failure)
        }
        flight.server = server
        flight.queryID = UInt16.random(in: .min ... .max, using: &generator)
        flight.deadline = now + limits.timeout
        flights[id] = flight
        deadlines.append(DeadlineQueue.Entry(deadline: flight.deadline, flight: id))
        dropStaleDeadlines()
        return [.send(id, to: server, bytes: flight.queryBytes, over: flight.transport)]
    }

    private mutating func end(_ id: DNSFlightID, with answer: [UInt8]) -> [Effect] {
        guard let flight = flights.removeValue(forKey: id) else { return [] }
        let left = flightsOfAddress[flight.address, default: 1] - 1
        flightsOfAddress[flight.address] = left == 0 ? nil : left
        while oldestID < nextID, flights[oldestID] == nil { oldestID = oldestID.next }
        dropStaleDeadlines()
        return [.answer(flight.client, answer), .close(id)]
    }

    /// Keeps ``nextDeadline`` that of a flight that still waits for it, and the queue not much longer than there are flights.
    private mutating func dropStaleDeadlines() {
        while let first = deadlines.first, flights[first.flight]?.deadline != first.deadline { deadlines.removeFirst() }
        if deadlines.count > 2 * flights.count + 64 {
            deadlines.removeAll { [flights] in flights[$0.flight]?.deadline != $0.deadline }
        }
    }
}
