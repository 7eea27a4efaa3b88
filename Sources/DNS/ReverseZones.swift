internal import NetworkModel

/// Where the SOA record of a zone stands, seen from the suffix of a name that shows that the name is in the zone.
enum Apex: Sendable {
    /// At the suffix.
    case here
    /// One label above it: what lies beside the suffix belongs to somebody else.
    case parent
}

/// A domain that holds reverse names of a subnet, and of nothing else.
struct ReverseDomain: Sendable {
    let name: DNSName
    let apex: Apex
}

extension IPSubnet {
    /// The domains that together hold the subnet's reverse names (RFC 1035, section 3.5; RFC 3596, section 2.5).
    ///
    /// A label stands for 8 bits of an IPv4 address, 4 of an IPv6 address. A prefix that ends within a label gives up to 128
    /// (IPv6: 8) domains side by side. Where that would be the last label, each domain is the name of one address, and the
    /// zone it stands in begins one label above.
    var reverseDomains: [ReverseDomain] {
        let (labelBits, width) =
            switch self {
            case .v4: (8, 32)
            case .v6: (4, 128)
            }
        let labels = max(1, (prefixLength + labelBits - 1) / labelBits)
        let keptBits = labels * labelBits
        // Only the subnet /0 has fewer bits than the one label kept here; it gives as many domains as a label has values.
        return (0..<UInt128(1) << (keptBits - prefixLength)).compactMap { index in
            let text = address(adding: index << (width - keptBits)).reverseName
            let dropped = width / labelBits - labels
            guard let name = DNSName(text.split(separator: ".").dropFirst(dropped).joined(separator: ".")) else {
                return nil
            }
            return ReverseDomain(name: name, apex: keptBits == width ? .parent : .here)
        }
    }

    private func address(adding offset: UInt128) -> IPAddress {
        switch self {
        case .v4(let subnet): .v4(IPv4Address(subnet.base.value | UInt32(truncatingIfNeeded: offset)))
        case .v6(let subnet): .v6(IPv6Address(subnet.base.value | offset))
        }
    }
}
