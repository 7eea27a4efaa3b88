public import DNS
import NetworkModel
import TestSupport

// In tests a name is written as text, and a typing mistake stops the run.
extension DNSName: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard let name = Self(text) else { preconditionFailure("not a domain name: \(text)") }
        self = name
    }
}

extension DNSRecordType {
    static let caa = Self(rawValue: 257)
}

/// The octets of a query as `dig` sends it: RD set, and an OPT record where `edns` is given.
func query(
    _ name: DNSName, _ type: DNSRecordType = .a, id: UInt16 = 0x1A2B, edns: EDNS? = nil,
    _ change: (inout DNSMessage) -> Void = { _ in }
) -> [UInt8] {
    var message = DNSMessage(
        header: DNSHeader(id: id, recursionDesired: true), questions: [DNSQuestion(name: name, type: type)],
        additional: edns.map { [$0.record] } ?? [])
    change(&message)
    return message.bytes
}

/// What a zone decides, as text: the answer in the form of ``text(of:)``, `forward to ADDRESS …`, or `ignore`.
func decision(_ zone: DNSZone, _ query: [UInt8], over transport: DNSTransport = .udp) -> String {
    switch zone.decide(query: query.span, over: transport) {
    case .answer(let bytes): text(of: bytes)
    case .forward(let servers): "forward to " + servers.map(\.address.description).joined(separator: " ")
    case .ignore: "ignore"
    }
}

func decision(_ zone: DNSZone, _ name: DNSName, _ type: DNSRecordType = .a) -> String {
    decision(zone, query(name, type))
}

/// The answer in one line: response code and flags, then the records of each section.
///
/// `NOERROR aa rd ra: vm1 0 A 10.0.0.5; authority: lab 0 SOA`
func text(of answer: [UInt8]) -> String {
    guard let message = try? DNSMessage(answer.span) else { return "malformed" }
    let header = message.header
    let extended = UInt16(message.edns?.extendedResponseCode ?? 0) << 4
    var text = "\(DNSResponseCode(rawValue: extended | header.responseCode.rawValue))"
    if header.isAuthoritative { text += " aa" }
    if header.isTruncated { text += " tc" }
    if header.recursionAvailable { text += " ra" }
    for record in message.answers { text += "; " + line(record) }
    for record in message.authority { text += "; authority: " + line(record) }
    for record in message.additional where record.type != .opt { text += "; additional: " + line(record) }
    return text
}

private func line(_ record: DNSRecord) -> String {
    "\(record.name) \(record.ttl) \(record.type)\(text(of: record.data))"
}

/// The data as in a zone file; of an SOA record only its name server and the negative TTL.
private func text(of data: DNSRecordData) -> String {
    switch data {
    case .a(let address): " \(address)"
    case .aaaa(let address): " \(address)"
    case .ns(let name), .cname(let name), .ptr(let name): " \(name)"
    case .mx(let preference, let exchange): " \(preference) \(exchange)"
    case .txt(let strings): strings.map { " \"\(String(decoding: $0, as: UTF8.self))\"" }.joined()
    case .srv(let priority, let weight, let port, let target): " \(priority) \(weight) \(port) \(target)"
    case .soa(let soa): " \(soa.server) \(soa.minimum)"
    case .other(_, let bytes): " \\# \(bytes.count)"
    }
}

/// The network the tests ask about: one guest with a fixed address, one with a lease, forwarding to 9.9.9.9.
func lab(
    servers: [IPAddress] = ["9.9.9.9"], _ change: (inout ServiceConfiguration.DNS) -> Void = { _ in }
) -> DNSZone {
    DNSZone(
        labConfiguration(servers: servers, change),
        leases: [Lease(address: "192.168.150.20", mac: "52:54:00:00:00:20", hostName: "vm2")])
}

func labConfiguration(
    servers: [IPAddress] = ["9.9.9.9"], _ change: (inout ServiceConfiguration.DNS) -> Void = { _ in }
) -> ServiceConfiguration.DNS {
    var configuration = ServiceConfiguration.DNS()
    configuration.domain = "netwerk1.lab"
    configuration.localOnly = true
    configuration.subnets = ["192.168.150.0/24", "fd00:150::/64"]
    configuration.reverseSubnets = configuration.subnets
    configuration.hosts = [
        .init(name: "gateway", addresses: ["192.168.150.1", "fd00:150::1"]),
        .init(name: "vm1", addresses: ["192.168.150.5", "fd00:150::5"]),
        .init(name: "www.example.com", addresses: ["192.168.150.5"]),
    ]
    configuration.texts = [.init(name: "vm1", value: "role=db"), .init(name: "key.example.com", value: "abc")]
    configuration.services = [
        .init(name: "_ldap._tcp.netwerk1.lab", target: "vm1.netwerk1.lab", port: 389, priority: 10, weight: 5),
        .init(name: "_imap._tcp.netwerk1.lab", target: ".", port: 0, priority: 0, weight: 0),
    ]
    configuration.forwarders =
        servers.isEmpty ? [] : [.init(servers: servers.map { ServiceConfiguration.DNS.Server(address: $0) })]
    change(&configuration)
    return configuration
}
