import DHCP
import NetworkModel
import TestSupport
import Testing

/// Many guests that do anything in any order, honest or not, while time passes and the configuration changes.
@Suite struct RandomWalkTests {
    @Test(arguments: 0..<60) func rulesHoldOnAnyPath(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var walk = Walk(using: &random)
        for _ in 0..<600 {
            walk.step(using: &random)
            guard walk.brokenRules().isEmpty else { break }
        }
        #expect(walk.brokenRules() == [])
        #expect(walk.acknowledged > 20)
    }
}

private struct Walk {
    var server: DHCPv4Server
    var disk: [IPv4Address: Lease] = [:]
    var now = noon
    var acknowledged = 0
    let guests: [Guest]
    /// The last address each guest heard of.
    var heard: [IPv4Address]
    var complaints: [String] = []

    init(using random: inout SeededGenerator) {
        server = DHCPv4Server(Self.configuration(using: &random))
        // Some share a MAC address, some an identifier, some a name.
        guests = (0..<24).map { number in
            var guest = Guest(number: number % 18)
            if number % 3 == 0 { guest.identifier = [0xFF, UInt8(number % 15)] }
            if number % 2 == 0 { guest.name = "vm\(number % 8)" }
            return guest
        }
        heard = Array(repeating: "10.0.0.9", count: 24)
    }

    /// Few addresses, so that they run out and are used again.
    static func configuration(using random: inout SeededGenerator) -> ServiceConfiguration.DHCP {
        DHCPTests.configuration {
            let start = UInt32.random(in: 8...12, using: &random)
            let end = start + UInt32.random(in: 4...14, using: &random)
            $0.ranges = [
                .init(start: IPv4Address(0x0A00_0000 + start), end: IPv4Address(0x0A00_0000 + end), leaseSeconds: 300),
                .init(start: "10.0.0.18", end: "10.0.0.22", leaseSeconds: .max),
            ]
            $0.reservations = (0..<4).map { number in
                let address = IPv4Address(0x0A00_0000 + UInt32.random(in: 6...20, using: &random))
                return number < 2
                    ? reservation(mac: MACAddress(0x5254_0000_0000 + .random(in: 0..<18, using: &random)), address)
                    : reservation(name: "vm\(Int.random(in: 0..<8, using: &random))", address, leaseSeconds: 200)
            }
        }
    }

    mutating func step(using random: inout SeededGenerator) {
        now = now + Int64.random(in: 0...20, using: &random)
        let number = Int.random(in: 0..<guests.count, using: &random)
        let guest = guests[number]
        let address =
            Bool.random(using: &random)
            ? heard[number] : IPv4Address(0x0A00_0000 + UInt32.random(in: 0...30, using: &random))
        let message: DHCPv4Message
        switch Int.random(in: 0..<100, using: &random) {
        case 0: return commit(server.reconfigure(Self.configuration(using: &random)))
        case 1..<4: return commit(server.expire(now: now))
        case 4: return restart()
        case 5..<8: message = guest.decline(address)
        case 8..<14: message = guest.release(address)
        case 14..<20: message = guest.message(.inform) { $0.ciaddr = address }
        case 20..<22: message = guest.select(address, of: "10.0.0.2")
        case 22..<50: message = guest.discover(wanting: Bool.random(using: &random) ? address : nil)
        case 50..<54: message = guest.message(.discover) { $0.options[.rapidCommit] = [] }
        case 54..<80: message = guest.select(address)
        case 80..<90: message = guest.renew(address)
        default: message = guest.reboot(address)
        }
        let decision = server.handle(message, now: now)
        commit(decision.changes)
        switch decision.outcome {
        case .offer(let address): heard[number] = address
        case .ack(let address):
            heard[number] = address
            acknowledged += 1
            if disk[address]?.mac != guest.mac {
                complaints.append("\(guest.mac) was given \(address) without a lease")
            }
        case .other: complaints.append("unexpected decision on \(message.kind): \(decision)")
        default: break
        }
    }

    private mutating func commit(_ changes: [LeaseChange]) { replay(changes, onto: &disk) }

    /// Only what is on disk is left.
    private mutating func restart() {
        server = DHCPv4Server(configuration: server.configuration, leases: Array(disk.values))
    }

    func brokenRules() -> [String] {
        var broken = complaints
        let leases = server.leases
        if leases != disk.values.sorted(by: { $0.address < $1.address }) { broken.append("disk and memory differ") }

        let live = leases.filter { !$0.isExpired(at: now) }
        for (what, keys) in [
            ("address", leases.map { "\($0.address)" }), ("MAC address", live.map { "\($0.mac)" }),
            ("name", leases.compactMap(\.hostName)),
        ] where Set(keys).count != keys.count {
            broken.append("two leases have one \(what)")
        }

        let configuration = server.configuration
        for lease in leases {
            let reservations = configuration.reservations.filter { $0.address == lease.address }
            let isInRange = configuration.ranges.contains { $0.start <= lease.address && lease.address <= $0.end }
            if reservations.isEmpty, !isInRange { broken.append("\(lease.address) is not given out") }
            let isForHolder = reservations.contains { reservation in
                reservation.mac.map { $0 == lease.mac } ?? (reservation.name == lease.hostName)
            }
            if !reservations.isEmpty, !isForHolder, !lease.isExpired(at: now) {
                broken.append("\(lease.address) is reserved for another")
            }
            if lease.address == configuration.serverAddress { broken.append("the server's own address is leased") }
        }
        return broken
    }
}
