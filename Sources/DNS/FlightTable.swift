/// The flights of a ``DNSForwarder``, each in a place of its own, where it is changed without being copied.
struct FlightTable: Sendable {
    private var places: [Place] = []
    private var freePlaces: [UInt16] = []
    private var lastNumber: UInt64 = 0
    private(set) var count = 0

    private struct Place: Sendable {
        var id: DNSFlightID
        /// Nil where the place is free.
        var flight: Flight?
    }

    /// The one that is longest under way; nil where there is none.
    var oldest: DNSFlightID? { places.lazy.filter { $0.flight != nil }.map(\.id).min() }

    mutating func insert(_ flight: Flight) -> DNSFlightID {
        let index = freePlaces.popLast() ?? UInt16(places.count)
        lastNumber += 1
        // Ids grow, so that an older flight has a lesser one.
        let id = DNSFlightID(rawValue: lastNumber << 16 | UInt64(index))
        let place = Place(id: id, flight: flight)
        if Int(index) < places.count { places[Int(index)] = place } else { places.append(place) }
        count += 1
        return id
    }

    mutating func remove(_ id: DNSFlightID) -> Flight? {
        guard let index = index(of: id), let flight = places[index].flight.take() else { return nil }
        freePlaces.append(UInt16(index))
        count -= 1
        return flight
    }

    /// When the wait of a flight ends; nil where there is no such flight.
    func deadline(of id: DNSFlightID) -> Duration? {
        guard let index = index(of: id) else { return nil }
        return places[index].flight?.deadline
    }

    /// Reads or changes a flight where it is; nil where there is no such flight.
    mutating func with<Result>(_ id: DNSFlightID, _ body: (inout Flight) -> Result) -> Result? {
        guard let index = index(of: id) else { return nil }
        return places[index].flight?.withSelf(body)
    }

    private func index(of id: DNSFlightID) -> Int? {
        let index = Int(id.rawValue & 0xFFFF)
        return index < places.count && places[index].id == id ? index : nil
    }
}

extension Flight {
    fileprivate mutating func withSelf<Result>(_ body: (inout Self) -> Result) -> Result { body(&self) }
}
