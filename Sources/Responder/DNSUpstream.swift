internal import DNS
internal import NetworkModel

/// A socket to another server: of one flight of the forwarder, or of none while it waits for another one.
final class DNSUpstream {
    let network: DNSNetwork
    let server: ServiceConfiguration.DNS.Server
    let isStream: Bool
    var stream: DNSStream
    var token: UInt64 = 0
    /// Nil while it is in ``UpstreamPool``.
    var flight: DNSFlightID?
    /// Whether what the flight has come to is what this socket has brought just now.
    var isHeard = false
    /// How many flights it has had.
    var flightCount = 1
    let opened: Duration
    var idleSince: Duration = .zero

    init(
        _ network: DNSNetwork, _ descriptor: Int32, _ flight: DNSFlightID, _ server: ServiceConfiguration.DNS.Server,
        isStream: Bool, now: Duration
    ) {
        self.network = network
        self.flight = flight
        self.server = server
        self.isStream = isStream
        opened = now
        stream = DNSStream(descriptor)
    }
}
