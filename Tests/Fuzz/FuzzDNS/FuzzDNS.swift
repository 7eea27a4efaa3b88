internal import DNS
internal import NetworkModel
internal import TestSupport
internal import Wire

/// libFuzzer calls this with octets that it makes up, as a message from a guest or from another server.
///
/// The first octet says which. A message that can be read is written and read again as the same; every answer is a message
/// that belongs to its question; and whatever another server says, a question of its own is answered afterwards.
@c(LLVMFuzzerTestOneInput)
public func fuzzDNS(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let kind = bytes.first else { return 0 }
    let message = [UInt8](bytes.dropFirst())
    switch kind % 3 {
    case 0: read(message)
    case 1: ask(message)
    default: answer(message)
    }
    return 0
}

private let lab: ServiceConfiguration.DNS = {
    var configuration = ServiceConfiguration.DNS()
    configuration.domain = "lab.test"
    configuration.localOnly = true
    configuration.subnets = ["192.168.150.0/24", "fd00:150::/64"]
    configuration.reverseSubnets = configuration.subnets
    configuration.hosts = [.init(name: "vm1", addresses: ["192.168.150.5", "fd00:150::5"])]
    configuration.texts = [.init(name: "vm1", value: "role=db")]
    configuration.services = [
        .init(name: "_ldap._tcp.lab.test", target: "vm1.lab.test", port: 389, priority: 10, weight: 5)
    ]
    configuration.forwarders = [.init(servers: [.init(address: "9.9.9.9"), .init(address: "149.112.112.112")])]
    configuration.refusesPrivateAddresses = true
    return configuration
}()

private func read(_ bytes: [UInt8]) {
    guard let message = try? DNSMessage(bytes.span) else { return }
    let written = message.bytes
    // One that was compressed further than vnet does may grow beyond what a message can be.
    guard written.count <= 65_535 else { return }
    precondition((try? DNSMessage(written.span)) == message, "another message was written than was read")
}

/// Two guests ask the same, by UDP and by TCP.
private func ask(_ bytes: [UInt8]) {
    var random = SeededGenerator(seed: 1)
    var resolver = DNSResolver(lab, using: &random)
    for (number, transport) in [(1 as UInt64, DNSTransport.udp), (2, .tcp)] {
        let client = guest(number)
        var response = WireWriter()
        var effects: [DNSEffect] = []
        let outcome = resolver.handle(
            bytes.span, from: client, over: transport, now: .seconds(100), using: &random,
            into: &response, effects: &effects)
        guard case .answered = outcome else { continue }
        check(response.bytes, to: bytes)
        precondition(transport == .tcp || response.count <= Int(EDNS.ownPayloadSize), "more than a datagram is to hold")
    }
    for effect in resolver.tick(now: .seconds(200), using: &random) {
        if case .answer(_, let answer, _) = effect { check(answer, to: bytes) }
    }
}

/// Another server says what it likes, with the right number and question or without.
private func answer(_ bytes: [UInt8]) {
    var random = SeededGenerator(seed: 1)
    var resolver = DNSResolver(lab, using: &random)
    let question = query("www.example.org")
    var response = WireWriter()
    var effects: [DNSEffect] = []
    _ = resolver.handle(
        question.span, from: guest(1), over: .udp, now: .seconds(100), using: &random, into: &response,
        effects: &effects)
    guard case .send(let flight, let server, let sent, _) = effects.first else { preconditionFailure("not asked") }
    // What was sent begins with a header, whose number counts, and the question, which ends where EDNS begins.
    var reply = bytes
    if bytes.count > 12, bytes[2] & 0x01 != 0 {
        reply = Array(sent[0..<2])
        reply += bytes[2..<4]
        reply += [0, 1]
        reply += bytes[4..<10]
        reply += sent[12..<question.count]
        reply += bytes[10...]
    }
    for effect in resolver.receive(reply.span, on: flight, from: server, now: .seconds(101), using: &random) {
        // What the records hold is for whoever asked: types that are unknown here are handed on as well.
        guard case .answer(_, let answer, _) = effect else { continue }
        precondition(answer[0..<2] == question[0..<2] && answer[2] & 0x80 != 0, "an answer to something else")
    }
    let again = query("vm1.lab.test")
    var known = WireWriter()
    var none: [DNSEffect] = []
    let outcome = resolver.handle(
        again.span, from: guest(2), over: .udp, now: .seconds(102), using: &random, into: &known,
        effects: &none)
    precondition(outcome == .answered(by: .network) && none.isEmpty)
    check(known.bytes, to: again)
}

private func guest(_ number: UInt64) -> DNSClient {
    DNSClient(
        way: .connection(number), address: .v4(IPv4Address(0xC0A8_9604 + UInt32(number))), askedAt: .seconds(100))
}

private func check(_ answer: [UInt8], to question: [UInt8]) {
    guard let message = try? DNSMessage(answer.span) else { preconditionFailure("an answer that cannot be read") }
    precondition(message.header.isResponse && answer[0..<2] == question[0..<2], "an answer to something else")
}

private func query(_ text: String) -> [UInt8] {
    guard let name = DNSName(text) else { preconditionFailure("no name") }
    var header = DNSHeader(id: 0x1234)
    header.recursionDesired = true
    return DNSMessage(header: header, questions: [DNSQuestion(name: name, type: .a)]).bytes
}
