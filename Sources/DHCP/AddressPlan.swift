internal import NetworkModel

/// What a configuration says of each address: whether it is given out, to whom, and for how long.
///
/// Addresses of the ranges are also numbered from 0 on, in ascending order, each once however the ranges overlap.
///
/// A class, as it is asked many times for each message, and a copy of all that a configuration has would cost more than an
/// answer.
final class AddressPlan: Plannable {
    typealias Binding = Lease
    typealias Reservation = ServiceConfiguration.DHCP.Reservation

    let configuration: ServiceConfiguration.DHCP
    /// How many addresses the ranges hold.
    let rangeCount: Int
    private let blocks: [Block]
    private let reservedAt: [IPv4Address: [Reservation]]
    private let reservedForMAC: [MACAddress: [Reservation]]
    private let reservedForName: [String: [Reservation]]
    /// Who may have a name that stands in a reservation.
    private let owners: [String: [Reservation]]

    /// Consecutive addresses of the ranges, the first of which has the number `start`.
    private struct Block: Sendable {
        var addresses: ClosedRange<UInt32>
        var start: Int
    }

    init(_ configuration: ServiceConfiguration.DHCP) {
        self.configuration = configuration
        var blocks: [Block] = []
        var count = 0
        for addresses in Self.usableRanges(of: configuration).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            var rest = addresses
            if let last = blocks.last?.addresses.upperBound, last >= rest.lowerBound {
                guard last < rest.upperBound else { continue }
                rest = last + 1...rest.upperBound
            }
            blocks.append(Block(addresses: rest, start: count))
            count += rest.count
        }
        self.blocks = blocks
        rangeCount = count

        let reservations = Self.usableReservations(of: configuration)
        reservedAt = Dictionary(grouping: reservations, by: \.address)
        reservedForMAC = reservations.grouped { $0.mac }
        reservedForName = reservations.grouped { $0.mac == nil ? $0.label : nil }
        owners = reservations.grouped(by: \.label)
    }

    /// Whether a client could have the address at all: one of the subnet's hosts, and not the server itself.
    private static func isUsable(_ address: IPv4Address, in configuration: ServiceConfiguration.DHCP) -> Bool {
        let subnet = configuration.subnet
        guard subnet.contains(address), address != configuration.serverAddress else { return false }
        // Subnets of one or two addresses have neither network nor broadcast address (RFC 3021).
        return subnet.prefixLength >= 31 || address != subnet.base && address != subnet.broadcast
    }

    /// Those of addresses that a client could have.
    ///
    /// A name stands for one client: where a reservation by name is not the only one that has the name, the others
    /// prevail, and its address is then kept for nobody.
    private static func usableReservations(of configuration: ServiceConfiguration.DHCP) -> [Reservation] {
        var names = Set(configuration.reservations.lazy.filter { $0.mac != nil }.compactMap(\.label))
        return configuration.reservations.filter { isUsable($0.address, in: configuration) }.map { reservation in
            guard reservation.mac == nil, let label = reservation.label, !names.insert(label).inserted else {
                return reservation
            }
            return Reservation(
                mac: nil, name: nil, address: reservation.address, leaseSeconds: reservation.leaseSeconds)
        }
    }

    private static func usableRanges(of configuration: ServiceConfiguration.DHCP) -> [ClosedRange<UInt32>] {
        let subnet = configuration.subnet
        let margin: UInt32 = subnet.prefixLength >= 31 ? 0 : 1
        let hosts = subnet.base.value + margin...subnet.broadcast.value - margin
        return configuration.ranges.compactMap { range in
            guard range.start <= range.end, range.end.value >= hosts.lowerBound, range.start.value <= hosts.upperBound
            else { return nil }
            return (range.start.value...range.end.value).clamped(to: hosts)
        }
    }

    func number(of address: IPv4Address) -> Int? {
        blocks.first { $0.addresses.contains(address.value) }
            .map { $0.start + Int(address.value - $0.addresses.lowerBound) }
    }

    /// The address of a number below ``rangeCount``.
    func address(numbered number: Int) -> IPv4Address {
        let block = blocks.last { $0.start <= number }
        precondition(block != nil && number < rangeCount, "address \(number) of \(rangeCount)")
        return IPv4Address(block.map { $0.addresses.lowerBound + UInt32(number - $0.start) } ?? 0)
    }

    /// The addresses of the ranges that are not for every client: the server's own and the reserved.
    var numbersKept: [Int] { (reservedAt.keys + [configuration.serverAddress]).compactMap(number) }

    /// Whether the address is for any client that has none reserved.
    func isForAll(_ address: IPv4Address) -> Bool {
        number(of: address) != nil && reservedAt[address] == nil && address != configuration.serverAddress
    }

    /// Whether the client may hold the address, as far as other clients allow: it is reserved for this client, or for
    /// all.
    func permits(_ address: IPv4Address, to client: Client) -> Bool {
        isForAll(address) || reservation(of: address, for: client) != nil
    }

    /// Whether a relay agent can have the address: it must be on the subnet, since no other is served.
    func mayBeRelay(_ address: IPv4Address) -> Bool { Self.isUsable(address, in: configuration) }

    func isReserved(_ address: IPv4Address) -> Bool { reservedAt[address] != nil }

    func reservation(of address: IPv4Address, for client: Client) -> Reservation? {
        reservedAt[address]?.first { $0.isMeant(for: client) }
    }

    /// The client's reservations in the order of the configuration; those by MAC address first.
    func reservations(for client: Client) -> [Reservation] {
        (reservedForMAC[client.mac] ?? []) + (client.name.flatMap { reservedForName[$0] } ?? [])
    }

    /// Whether the name is free of reservations, or reserved for this client.
    func permits(name: String, to client: Client) -> Bool {
        owners[name].map { $0.contains { $0.isMeant(for: client) } } ?? true
    }

    /// How long the client may keep an address that is permitted to it.
    func times(of address: IPv4Address, for client: Client, requested: UInt32?) -> LeaseTimes {
        let range = configuration.ranges.first { $0.start <= address && address <= $0.end }
        let offered = reservation(of: address, for: client)?.leaseSeconds ?? range?.leaseSeconds ?? 0
        return LeaseTimes(offered: offered, requested: requested)
    }
}

extension ServiceConfiguration.DHCP.Reservation {
    /// The name as a client states it and DNS has it.
    var label: String? { name.flatMap(HostName.label) }

    /// By MAC address, or by name where there is no MAC address.
    fileprivate func isMeant(for client: Client) -> Bool {
        if let mac { mac == client.mac } else { label != nil && label == client.name }
    }
}

extension Sequence {
    /// The elements by their key, without those that have none.
    func grouped<Key: Hashable>(by key: (Element) -> Key?) -> [Key: [Element]] {
        reduce(into: [:]) { groups, element in
            if let key = key(element) { groups[key, default: []].append(element) }
        }
    }
}
