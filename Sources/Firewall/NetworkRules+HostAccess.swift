internal import NetworkModel

// What guests may open on the host itself.

extension NetworkRules {
    /// Leases come by packet sockets, which no rule here keeps from their packets.
    var hostAccessParts: RuleParts {
        guard hostAccess != .all else { return RuleParts() }
        // Without these no guest finds the host by IPv6 (RFC 4861, sections 4.3 and 4.4).
        var rules = [
            "ct state established,related accept",
            "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
        ]
        if hostAccess == .services { rules += serving }
        return RuleParts(
            chains: [.init(name: "host-\(bridge)", rules: limiting + rules + ["reject"])],
            elements: [.init(container: "from_guests", key: quoted, value: "jump host-\(bridge)")])
    }

    private var serving: [String] {
        // A query that is redirected arrives at its new port.
        let dnsPorts = ([53] + redirects.map(\.port)).map { "\($0)" }.joined(separator: ", ")
        let tcpPorts = dnsPorts + (httpPort.map { ", \($0)" } ?? "")
        return [
            "icmp type echo-request accept",
            "icmpv6 type { echo-request, nd-router-solicit, mld-listener-report, mld2-listener-report } accept",
            "udp dport { 67, 547 } accept",
        ]
            + addresses.flatMap { address in
                let own = "\(address.rulesetFamily.keyword) daddr \(address)"
                return ["\(own) udp dport { \(dnsPorts), 69 } accept", "\(own) tcp dport { \(tcpPorts) } accept"]
            }
    }
}
