internal import DHCP
internal import NetworkModel
internal import TestSupport
internal import Wire

/// libFuzzer calls this with octets that it makes up, as frames and messages of guests and relay agents, ARP among them.
///
/// The first octet says of which protocol they are; then come messages, each behind its length. Whatever they are, no address
/// is leased twice or outside of the ranges, what is to be kept on disk is what the server remembers, and each reply can be
/// read.
@c(LLVMFuzzerTestOneInput)
public func fuzzDHCP(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let kind = bytes.first else { return 0 }
    let rest = [UInt8](bytes.dropFirst())
    switch kind % 4 {
    case 0: readFrames(rest)
    case 1: talk(messages(in: rest))
    case 2: talkIPv6(messages(in: rest))
    default: _ = try? RouterSolicitation(reading: rest.span)
    }
    return 0
}

private let now = WallTime(seconds: 1_700_000_000)

private func readFrames(_ bytes: [UInt8]) {
    if let (_, payload) = UDPFrame.read(bytes.span) { precondition(payload.upperBound <= bytes.count) }
    if let claim = try? NeighbourClaim(reading: bytes.span) {
        precondition(claim.address != .any && !claim.address.isMulticast, "an address that nobody can have")
    }
    if let (_, payload) = UDPv6Frame.read(bytes.span) { precondition(payload.upperBound <= bytes.count) }
}

/// Pieces that begin with their length in two octets.
private func messages(in bytes: [UInt8]) -> [[UInt8]] {
    var found: [[UInt8]] = []
    var rest = bytes[...]
    while rest.count > 2, found.count < 16 {
        let count = Int(rest.removeFirst()) << 8 | Int(rest.removeFirst())
        found.append([UInt8](rest.prefix(count)))
        rest = rest.dropFirst(count)
    }
    return found
}

private let configuration: ServiceConfiguration.DHCP = {
    var configuration = ServiceConfiguration.DHCP(serverAddress: "10.0.0.1", subnet: "10.0.0.0/24")
    configuration.ranges = [.init(start: "10.0.0.100", end: "10.0.0.103", leaseSeconds: 3_600)]
    configuration.reservations = [
        .init(mac: "52:54:00:00:00:01", name: "vm1", address: "10.0.0.9", leaseSeconds: 7_200)
    ]
    configuration.routers = ["10.0.0.1"]
    configuration.nameServers = ["10.0.0.1"]
    return configuration
}()

private func talk(_ messages: [[UInt8]]) {
    var server = DHCPv4Server(configuration: configuration, leases: [])
    var disk: [IPv4Address: Lease] = [:]
    for (index, bytes) in messages.enumerated() {
        let time = WallTime(seconds: now.seconds + Int64(index))
        if let packet = try? ARPPacket(reading: bytes.span) {
            _ = server.sighted(packet.sender, by: packet.senderMAC, now: time)
            continue
        }
        guard let message = try? DHCPv4Message(reading: bytes.span) else { continue }
        let decision = server.handle(message, now: time)
        switch decision {
        case .commitThenReply(let changes, let reply):
            keep(changes, in: &disk)
            check(reply)
        case .commit(let changes): keep(changes, in: &disk)
        case .reply(let reply): check(reply)
        case .ignore: break
        }
        precondition(server.takeIncidents().count <= 2, "news without end")
        precondition(Set(server.leases) == Set(disk.values), "the server remembers other leases than the disk")
        for lease in server.leases {
            precondition(
                lease.address == "10.0.0.9" || ("10.0.0.100"..."10.0.0.103").contains(lease.address),
                "an address that is not given out")
        }
    }
}

private func keep(_ changes: [LeaseChange], in disk: inout [IPv4Address: Lease]) {
    for change in changes {
        switch change {
        case .store(let lease): disk[lease.address] = lease
        case .remove(let address): disk[address] = nil
        default: preconditionFailure("a change of DHCPv6 by DHCP")
        }
    }
}

private func check(_ reply: DHCPv4Reply) {
    precondition((try? DHCPv4Message(reading: reply.payload.span)) != nil, "a reply that cannot be read")
}

private let ipv6Configuration: ServiceConfiguration.DHCPv6 = {
    var configuration = ServiceConfiguration.DHCPv6(
        serverIdentifier: [0, 4, 0xAA], serverAddress: "fd00::1", subnet: "fd00::/64")
    configuration.ranges = [.init(start: "fd00::100", end: "fd00::103", leaseSeconds: 3_600)]
    configuration.delegations = [.init(block: "fd00:1::/62", prefixLength: 64, leaseSeconds: 3_600)]
    configuration.nameServers = ["fd00::1"]
    configuration.domain = "lab.test"
    return configuration
}()

private func talkIPv6(_ messages: [[UInt8]]) {
    var server = DHCPv6Server(configuration: ipv6Configuration, leases: [])
    for (index, bytes) in messages.enumerated() {
        guard let packet = try? DHCPv6Packet(reading: bytes.span) else { continue }
        let origin = DHCPv6Origin(
            source: "fe80::7", mac: index % 2 == 0 ? "52:54:00:00:00:01" : nil, isUnicast: index % 5 == 4)
        let decision = server.handle(packet, from: origin, now: WallTime(seconds: now.seconds + Int64(index)))
        switch decision {
        case .commitThenReply(_, let reply), .reply(let reply):
            var writer = WireWriter()
            reply.packet.write(to: &writer)
            precondition(writer.count <= 65_507, "a reply that fits no datagram")
        case .ignore: break
        }
        precondition(server.takeIncidents().count <= 128, "news without end")
        if let claim = try? NeighbourClaim(reading: bytes.span) {
            _ = server.sighted(claim.address, by: claim.mac, now: now)
        }
        precondition(Set(server.leases.map(\.prefix)).count == server.leases.count, "an address is leased twice")
        for lease in server.leases where lease.kind != .prefix {
            precondition(
                ("fd00::100"..."fd00::103").contains(lease.prefix.base), "an address that is not given out")
        }
    }
}
