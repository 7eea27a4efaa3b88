internal import NetworkModel
internal import TestSupport

extension SeededGenerator {
    /// `value` in about every other case.
    mutating func maybe<T>(_ value: (inout Self) -> T) -> T? { Bool.random(using: &self) ? value(&self) : nil }

    mutating func list<T>(upTo limit: Int, _ item: (inout Self, Int) -> T) -> [T] {
        (0..<Int.random(in: 0...limit, using: &self)).map { item(&self, $0) }
    }

    mutating func pick<T>(_ values: T...) -> T { values[Int.random(in: values.indices, using: &self)] }

    mutating func name(_ alphabet: String, _ count: ClosedRange<Int>) -> String {
        let letters = Array(alphabet)
        return String(
            (0..<Int.random(in: count, using: &self)).map { _ in letters[Int.random(in: letters.indices, using: &self)]
            })
    }

    mutating func domainName() -> String {
        (0..<Int.random(in: 1...4, using: &self)).map { _ in name("abcXYZ019-_", 1...63) }.joined(separator: ".")
    }

    mutating func address() -> IPAddress {
        pick(
            .v4(IPv4Address(UInt32.random(in: .min ... .max, using: &self))),
            .v6(IPv6Address(UInt128(next()) << 64 | 1 << 63)))
    }
}

extension NetworkDefinition {
    /// Any definition that can be read, as libvirt would hold it.
    static func random(using random: inout SeededGenerator) -> Self {
        var network = Self(name: random.name("aé .&<>'\"-_Z", 1...40), uuid: .random(using: &random))
        // A name of blanks is one; one that begins with a dot is not.
        if network.name.utf8.first == UInt8(ascii: ".") { network.name = "x" + network.name }
        network.metadata = random.maybe { random in
            random.pick(
                "<metadata/>",
                "<metadata a=\"it's\">\n    <x:y xmlns:x=\"urn:x\"/>\n  </metadata>",
                "<metadata>\n    <x:y xmlns:x=\"urn:x\">text &lt;</x:y>\n    <z xmlns=\"urn:z\">\n      <z/>\n    </z>\n  </metadata>"
            )
        }
        network.bridge = Bridge(
            name: random.maybe { $0.pick("virbr%d", "br-\($0.name("abc09._-", 1...12))") },
            stp: .random(using: &random), delay: .random(in: 0...30, using: &random))
        network.mac = random.maybe { .random(using: &$0) }
        network.mtu = random.maybe { .random(in: 68...65_535, using: &$0) }
        network.domain = random.maybe { random in
            Domain(name: random.domainName(), localOnly: random.maybe { .random(using: &$0) })
        }
        network.dns = random.maybe { .random(using: &$0) }.flatMap { $0 == DNS() ? nil : $0 }
        network.ips = IP.randomList(using: &random)
        if !network.ips.isEmpty {
            network.forward = random.maybe { random in
                let mode = random.pick(Forward.Mode.nat, .route, .open)
                return Forward(mode: mode, device: mode == .open ? nil : random.maybe { $0.pick("eth0", "wlan0.1") })
            }
        }
        return network
    }
}

extension NetworkDefinition.DNS {
    static func random(using random: inout SeededGenerator) -> Self {
        var dns = Self()
        dns.enable = random.maybe { .random(using: &$0) }
        dns.forwardPlainNames = random.maybe { .random(using: &$0) }
        if dns.enable == false { return dns }
        dns.forwarders = random.list(upTo: 3) { random, _ in
            let domain = random.maybe { $0.domainName() }
            return Forwarder(domain: domain, address: domain == nil ? random.address() : random.maybe { $0.address() })
        }
        dns.texts = random.list(upTo: 3) { random, _ in
            Text(name: random.domainName(), value: random.name("aé &<>'\",;=", 0...300))
        }
        dns.services = random.list(upTo: 3) { random, _ in
            var service = Service(service: random.name("az09_-+/*", 1...62), proto: random.name("az09-+/", 1...62))
            service.domain = random.maybe { $0.domainName() }
            service.target = random.maybe { $0.pick(".", $0.domainName()) }
            guard service.target != nil else { return service }
            service.port = random.maybe { .random(in: 1 ... .max, using: &$0) }
            service.priority = random.maybe { .random(in: 1 ... .max, using: &$0) }
            service.weight = random.maybe { .random(in: 1 ... .max, using: &$0) }
            return service
        }
        dns.hosts = random.list(upTo: 3) { random, _ in
            Host(
                address: random.address(),
                names: [random.domainName()] + random.list(upTo: 2) { random, _ in random.domainName() })
        }
        return dns
    }
}

extension NetworkDefinition.IP {
    /// Up to three subnets, of which one IPv4 subnet at most has DHCP: 10.N.0.0 with 16 to 24 bits, and fd00:N::/64.
    static func randomList(using random: inout SeededGenerator) -> [Self] {
        var hasDHCP = false
        return random.list(upTo: 3) { random, index in
            let isIPv4 = Bool.random(using: &random)
            let length = Int.random(in: 16...24, using: &random)
            let base = UInt32(0x0A00_0000 + index << 16)
            let netmask = IPv4Address(~0 << (32 - UInt32(length)))
            var ip =
                isIPv4
                ? Self(
                    address: .v4(IPv4Address(base + 1)), mask: random.pick(.prefix(length), .netmask(netmask), .none))
                : Self(
                    address: .v6(IPv6Address(0xFD00 << 112 | UInt128(index) << 96 | 1)),
                    mask: random.pick(.prefix(64), .none))
            ip.family = isIPv4 ? random.maybe { _ in .ipv4 } : .ipv6
            ip.localPtr = random.maybe { .random(using: &$0) }
            guard isIPv4, !hasDHCP else { return ip }
            ip.ranges = random.list(upTo: 4) { random, index in
                let start = base + 50 + UInt32(index) * 40
                return Range(
                    start: .v4(IPv4Address(start)), end: .v4(IPv4Address(start + .random(in: 0...39, using: &random))),
                    lease: random.maybe { .random(using: &$0) })
            }
            ip.hosts = random.list(upTo: 4) { random, index in
                let mac = random.maybe { random in
                    let text = MACAddress.random(using: &random).description
                    return random.pick(text, text.uppercased())
                }
                let name = random.maybe { $0.pick("", "x.") + "a\(index)" + $0.name("b-_", 0...9) }
                return Reservation(
                    mac: mac, name: mac == nil ? "only\(index)" : name,
                    address: .v4(IPv4Address(base + 10 + UInt32(index))),
                    lease: random.maybe { .random(using: &$0) })
            }
            hasDHCP = !ip.ranges.isEmpty || !ip.hosts.isEmpty
            return ip
        }
    }
}

extension NetworkDefinition.IP.LeaseTime {
    /// From two minutes on; 0, for ever, has the default's unit.
    static func random(using random: inout SeededGenerator) -> Self {
        random.pick(
            Self(expiry: 0), Self(expiry: .random(in: 120 ... .max, using: &random), unit: .seconds),
            Self(expiry: .random(in: 2...1_000_000, using: &random), unit: .minutes),
            Self(expiry: .random(in: 1...1_000_000, using: &random), unit: .hours))
    }
}
