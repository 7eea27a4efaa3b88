internal import NetworkModel

/// Names that mean the same everywhere, so that asking a server of the world about them tells it something and gains nothing.
enum SpecialNames {
    /// `localhost` and everything below it is this machine (RFC 6761, section 6.3).
    static let localhost = DNSName(validWire: [9] + Array("localhost".utf8) + [0])
    static let loopback = NameTree.Node(sets: [
        RecordSet(.a(IPv4Address(0x7F00_0001))), RecordSet(.aaaa(IPv6Address(1))),
    ])

    /// How long it may be remembered that such a name does not exist, in seconds.
    static let negativeTTL: UInt32 = 60

    /// What an empty zone has.
    static let apex = NameTree.Node(sets: ApexRecords.sets(negativeTTL: negativeTTL))

    /// Domains that are answered as empty zones unless somebody is named who knows better.
    static let emptyZones: NameTable<Apex> = {
        var zones = NameTable<Apex>()
        for name in ["invalid", "onion"].compactMap({ DNSName($0) }) { zones[name] = .parent }
        for domain in privateSubnets.flatMap(\.reverseDomains) { zones[domain.name] = domain.apex }
        return zones
    }()

    /// Names that programs look up to find a configuration or a gateway they then trust (CERT VU#598349): a guest must not get
    /// one by calling itself so.
    private static let neverClaimed: Set<DNSName> = Set(
        ["localhost", "invalid", "onion", "wpad", "isatap"].compactMap { DNSName($0) })

    static func mayBeClaimed(_ name: DNSName) -> Bool { name.labelCount == 1 && !neverClaimed.contains(name) }

    /// RFC 6303, section 4, and for 100.64.0.0/10 RFC 7793.
    private static let privateSubnets: [IPSubnet] = [
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  // 4.1: RFC 1918
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16",  // 4.2: this network, loopback, link-local
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  // 4.2: for documentation
        "255.255.255.255/32",  // 4.2: broadcast
        "100.64.0.0/10",  // RFC 7793: shared address space
        "::/128", "::1/128",  // 4.3: unspecified, loopback
        "fd00::/8",  // 4.4: locally assigned
        "fe80::/10",  // 4.5: link-local
        "2001:db8::/32",  // 4.6: for documentation
    ].compactMap { text in
        let parts = text.split(separator: "/")
        guard let base = IPAddress(parts[0]), let length = Int(parts[1]) else { return nil }
        return IPSubnet(containing: base, prefixLength: length)
    }
}
