internal import CLinux
internal import DHCP
internal import Glibc
internal import NetworkModel
internal import Wire

/// Sends the router advertisements of one network: when it starts, when a guest asks, every few minutes, and when it ends.
final class Advertiser {
    let socket: Int32
    private let interfaceIndex: Int32
    private var advertisement: RouterAdvertisement
    private(set) var next: ContinuousClock.Instant
    private var last: ContinuousClock.Instant?
    /// How many of the first ones are still to come.
    private var initial = 3

    /// Between advertisements that nobody asked for: MaxRtrAdvInterval's third (RFC 4861, section 6.2.1).
    private static let interval: Duration = .seconds(200)
    /// Between the first ones: MAX_INITIAL_RTR_ADVERT_INTERVAL (RFC 4861, sections 6.2.4 and 10).
    private static let initialInterval: Duration = .seconds(16)
    /// Between any two to all nodes: MIN_DELAY_BETWEEN_RAS (RFC 4861, section 10).
    private static let leastDelay: Duration = .seconds(3)

    init?(_ configuration: ServiceConfiguration, interfaceIndex: Int32, socket: Int32) {
        guard let advertisement = RouterAdvertisement(of: configuration) else { return nil }
        self.socket = socket
        self.interfaceIndex = interfaceIndex
        self.advertisement = advertisement
        next = .now
    }

    /// Takes what is to be advertised from now on, and lets guests know where it is something else.
    func reconfigure(_ configuration: ServiceConfiguration) {
        guard let new = RouterAdvertisement(of: configuration), new != advertisement else { return }
        advertisement = new
        solicited(.now)
    }

    /// A guest asks: the answer goes to all nodes, at once unless one has just gone.
    func solicited(_ now: ContinuousClock.Instant) {
        next = min(next, max(now, last.map { $0 + Self.leastDelay } ?? now))
    }

    func advertiseIfDue(_ now: ContinuousClock.Instant) {
        guard now >= next else { return }
        send(advertisement)
        last = now
        if initial > 0 { initial -= 1 }
        next = now + (initial > 0 ? Self.initialInterval : Self.interval)
    }

    /// Tells guests that there is no router here any more (RFC 4861, section 6.2.5).
    ///
    /// Should there be one all the same, they hear of it again in the usual time.
    func retire() { send(advertisement.last) }

    private func send(_ advertisement: RouterAdvertisement) {
        var writer = WireWriter()
        advertisement.write(to: &writer)
        _ = unsafe clinux_send_to_all_nodes(socket, interfaceIndex, writer.bytes, writer.count)
    }
}
