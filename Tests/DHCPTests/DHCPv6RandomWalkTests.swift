import DHCP
import NetworkModel
import TestSupport
import Testing

/// Many guests that do anything in any order, honest or not, while time passes and the configuration changes.
@Suite struct DHCPv6RandomWalkTests {
    @Test(arguments: 0..<40) func rulesHoldOnAnyPath(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var walk = IPv6Walk(using: &random)
        for _ in 0..<400 {
            walk.step(using: &random)
            guard walk.brokenRules().isEmpty else { break }
        }
        #expect(walk.brokenRules() == [])
        #expect(walk.granted > 20)
    }
}

private struct IPv6Walk {
    var server: DHCPv6Server
    var disk: [IPv6Subnet: IPv6Lease] = [:]
    var now = noon
    var granted = 0
    let guests: [IPv6Guest]
    var complaints: [String] = []

    init(using random: inout SeededGenerator) {
        server = DHCPv6Server(Self.configuration(using: &random))
        // Some share a DUID, some an Ethernet address, some a name; some want a prefix or a temporary address.
        guests = (0..<24 as Range<UInt8>).map { number in
            var guest = IPv6Guest(number: number % 18)
            guest.duid = [0, 4, number % 15]
            guest.iaid = UInt32(number % 2)
            guest.kind = number % 7 == 0 ? .prefix : number % 5 == 0 ? .temporary : .address
            if number % 2 == 0 { guest.name = "vm\(number % 8)" }
            if number % 11 == 0 { guest.mac = nil }
            return guest
        }
    }

    /// Few addresses, so that they run out and are used again.
    static func configuration(using random: inout SeededGenerator) -> ServiceConfiguration.DHCPv6 {
        func address() -> IPv6Address {
            IPv6Address(IPv6Address("fd00::").value + UInt128(Int.random(in: 0...20, using: &random)))
        }
        return ipv6Configuration {
            let ends = [address(), address()].sorted()
            $0.ranges = [
                .init(start: ends[0], end: ends[1], leaseSeconds: 300),
                .init(start: "fd00::12", end: "fd00::16", leaseSeconds: .max),
            ]
            $0.delegations = [.init(block: "fd10::/62", prefixLength: 64, leaseSeconds: 200)]
            $0.reservations = (0..<4).map { number in
                .init(
                    duid: number < 2 ? [0, 4, .random(in: 0..<15, using: &random)] : nil,
                    name: "vm\(Int.random(in: 0..<8, using: &random))", address: address(), leaseSeconds: 200)
            }
            $0.machines = [.init(mac: "52:54:00:00:00:03", name: "vm4")]
        }
    }

    mutating func step(using random: inout SeededGenerator) {
        now = now + Int64.random(in: 0...20, using: &random)
        let guest = guests[Int.random(in: 0..<guests.count, using: &random)]
        let held = disk.values.filter { $0.duid == guest.duid }.map(\.prefix).sorted()
        let any = IPv6Subnet(
            IPv6Address(IPv6Address("fd00::").value + UInt128(Int.random(in: 0...30, using: &random))))
        let claim = Bool.random(using: &random) ? held.randomElement(using: &random) ?? any : any
        let packet: DHCPv6Packet
        switch Int.random(in: 0..<100, using: &random) {
        case 0: return replay(server.reconfigure(Self.configuration(using: &random)), onto: &disk)
        case 1..<4: return replay(server.expire(now: now), onto: &disk)
        case 4:
            server = DHCPv6Server(configuration: server.configuration, leases: Array(disk.values))
            return
        case 5..<8: packet = guest.decline(claim)
        case 8..<14: packet = guest.release(claim)
        case 14..<20: packet = guest.confirm(claim)
        case 20..<40: packet = guest.solicit
        case 40..<45: packet = guest.message(.solicit) { $0.options.append(.rapidCommit) }
        case 45..<70: packet = guest.request(claim)
        case 70..<85: packet = guest.renew(claim)
        default: packet = guest.rebind(claim)
        }
        let decision = server.handle(packet, from: guest, now: now)
        replay(decision.changes, onto: &disk)
        guard decision.reply?.packet.message.kind == .reply else { return }
        for association in decision.reply?.packet.message.options.associations ?? [] {
            for part in association.parts where part.validLifetime > 0 {
                granted += 1
                let lease = disk[part.prefix]
                if lease?.duid != guest.duid || lease?.iaid != association.iaid || lease?.mac != guest.mac {
                    complaints.append("\(part.prefix) was given without a lease")
                }
            }
        }
    }

    func brokenRules() -> [String] {
        var broken = complaints
        if server.leases.sorted(by: { $0.prefix < $1.prefix }) != disk.values.sorted(by: { $0.prefix < $1.prefix }) {
            broken.append("disk and memory differ")
        }
        let live = server.leases.filter { !($0.expiry.map { [now] in $0 <= now } ?? false) }
        let identities = live.map { "\($0.kind) \($0.duid) \($0.iaid) \($0.mac?.description ?? "-")" }
        for (what, keys) in [("association", identities), ("name", server.leases.compactMap(\.hostName))]
        where Set(keys).count != keys.count {
            broken.append("two leases have one \(what)")
        }
        for lease in live where lease.kind != .prefix {
            let address = lease.prefix.base
            let reservations = server.configuration.reservations.filter { $0.address == address }
            let isInRange = server.configuration.ranges.contains { $0.start <= address && address <= $0.end }
            if reservations.isEmpty, !isInRange { broken.append("\(address) is not given out") }
            let isForHolder = reservations.contains { reservation in
                lease.kind == .address
                    && reservation.duid.map { $0 == lease.duid } ?? (reservation.name == lease.hostName)
            }
            if !reservations.isEmpty, !isForHolder { broken.append("\(address) is reserved for another") }
            if address == server.configuration.serverAddress || address == "fd00::" {
                broken.append("\(address) is the router's")
            }
        }
        return broken
    }
}
