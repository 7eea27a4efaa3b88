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
        network.title = random.maybe { $0.name("aé &<>'\"", 1...30) }
        network.description = random.maybe { $0.name("aé &<>'\"\n\t", 1...30) }
        network.allowsIPv6 = .random(using: &random)
        network.trustGuestRxFilters = random.maybe { .random(using: &$0) }
        network.portsAreIsolated = random.maybe { .random(using: &$0) }
        network.dnsmasqOptions = random.list(upTo: 2) { random, _ in random.name("aé &<>'\"=,", 0...30) }
        if Int.random(in: 0..<4, using: &random) > 0 {
            network.addOwnBridge(using: &random)
        } else {
            network.useOthersBridge(using: &random)
        }
        return network
    }

    private mutating func addOwnBridge(using random: inout SeededGenerator) {
        bridge = Bridge(
            name: random.maybe { $0.pick("virbr%d", "br-\($0.name("abc09._-", 1...12))", "longer than a name can be") },
            stp: .random(using: &random), delay: random.pick(0, 30, UInt64(Int64.max)))
        bridge.zone = random.maybe { $0.name("a &<'", 1...9) }
        bridge.macTableManager = random.maybe { $0.pick(.kernel, .libvirt) }
        mac = random.maybe { .random(using: &$0) }
        mtu = random.maybe { .random(in: 1 ... .max, using: &$0) }
        domain = random.maybe { random in
            Domain(
                name: random.pick("", random.domainName(), random.name("a &<'", 1...9)),
                localOnly: random.maybe { .random(using: &$0) }, register: random.maybe { .random(using: &$0) })
        }
        dns = random.maybe { .random(using: &$0) }.flatMap { $0 == DNS() ? nil : $0 }
        ips = IP.randomList(using: &random)
        routes = ips.flatMap { ip in random.list(upTo: 2) { random, _ in .random(by: ip, using: &random) } }
        bandwidth = random.maybe { .random(using: &$0) }
        virtualPort = random.maybe { .random(.openvswitch, using: &$0) }
        portGroups = random.list(upTo: 3) { random, index in
            var group = PortGroup(name: random.name("aé &<>'", 1...9) + "\(index)")
            group.isDefault = index == 1
            group.trustGuestRxFilters = random.maybe { .random(using: &$0) }
            group.virtualPort = random.maybe { .random(nil, using: &$0) }.flatMap { $0 == VirtualPort(nil) ? nil : $0 }
            group.bandwidth = random.maybe { .random(using: &$0) }
            return group
        }
        guard !ips.isEmpty else { return }
        forward = random.maybe { random in
            let mode = random.pick(Forward.Mode.nat, .route, .open)
            var forward = Forward(mode: mode, device: mode == .open ? nil : random.maybe { $0.pick("eth0", "wlan0.1") })
            if mode == .nat { forward.nat = .random(using: &random) }
            return forward
        }
    }

    private mutating func useOthersBridge(using random: inout SeededGenerator) {
        let mode = random.pick(Forward.Mode.bridge, .private, .vepa, .passthrough, .hostdev)
        var forward = Forward(mode: mode)
        forward.driver = random.maybe { .init(name: $0.pick(.kvm, .vfio), model: $0.maybe { $0.name("az_5", 1...9) }) }
        forward.isManaged = mode == .hostdev && .random(using: &random)
        switch mode {
        case .bridge where Bool.random(using: &random):
            bridge.name = "ovsbr0"
            bridge.macTableManager = random.maybe { $0.pick(.kernel, .libvirt) }
            bandwidth = random.maybe { .random(using: &$0) }
            vlan = random.maybe { .random(using: &$0) }
        case .passthrough:
            vlan = random.maybe { .random(using: &$0) }
            forward.physicalFunction = random.maybe { _ in "eth0" }
        case .hostdev:
            forward.addresses = random.list(upTo: 3) { random, index in
                PCIAddress(
                    domain: .random(in: 0 ... .max, using: &random), bus: .random(in: 0 ... .max, using: &random),
                    slot: UInt8(index + 1), function: .random(in: 0...7, using: &random))
            }.compactMap(\.self)
        default:
            forward.interfaces = random.list(upTo: 3) { _, index in ["eth0", "eth1", "eth2"][index] }
        }
        virtualPort = random.maybe { .random($0.pick(.qbg, .qbh, .openvswitch, .midonet), using: &$0) }
        if mode == .bridge, virtualPort?.kind != .openvswitch { virtualPort = nil }
        self.forward = forward
    }
}

extension NetworkDefinition.Forward.NAT {
    static func random(using random: inout SeededGenerator) -> Self {
        var nat = Self()
        nat.ipv6 = random.maybe { .random(using: &$0) }
        nat.addresses = random.maybe { random in "192.0.2.1"...random.pick("192.0.2.1", "192.0.99.1") }
        nat.ports = random.maybe { $0.pick(0...9, 7...7, 1_024...65_535) }
        return nat
    }
}

extension NetworkDefinition.Route {
    /// To 172.16.0.0 or fd99::, or everywhere.
    static func random(by ip: NetworkDefinition.IP, using random: inout SeededGenerator) -> Self {
        var route: Self
        if ip.address.family == .ipv4 {
            let mask = random.pick(NetworkDefinition.IP.Mask.prefix(12), .netmask("255.255.0.0"), .prefix(32))
            route = random.pick(
                Self(to: "172.16.0.0", mask: mask, by: ip.address), Self(to: "0.0.0.0", mask: .none, by: ip.address),
                Self(to: "0.0.0.0", mask: .prefix(0), by: ip.address))
            route.family = random.maybe { _ in .ipv4 }
        } else {
            route = Self(to: "fd99::", mask: .prefix(random.pick(16, 64)), by: ip.address)
            route.family = .ipv6
        }
        route.metric = random.maybe { .random(in: 1 ... .max, using: &$0) }
        return route
    }
}

extension NetworkDefinition.Bandwidth {
    static func random(using random: inout SeededGenerator) -> Self {
        func rate(_ random: inout SeededGenerator) -> Rate {
            let values = 1...random.pick(9, UInt64.max)
            return Rate(
                average: .random(in: values, using: &random), peak: random.maybe { .random(in: values, using: &$0) },
                burst: random.maybe { .random(in: values, using: &$0) })
        }
        let inbound = random.maybe(rate)
        return Self(inbound: inbound, outbound: inbound == nil ? rate(&random) : random.maybe(rate))
    }
}

extension NetworkDefinition.VLAN {
    static func random(using random: inout SeededGenerator) -> Self {
        let tags = [UInt16.random(in: 0...4_095, using: &random)] + random.list(upTo: 3) { _, index in UInt16(index) }
        return Self(
            tags: tags, native: random.maybe { .init(tag: tags[0], mode: $0.pick(.tagged, .untagged)) },
            isTrunk: .random(using: &random))
    }
}

extension NetworkDefinition.VirtualPort {
    /// With the parameters that switches of the kind take; with nil, all.
    static func random(_ kind: Kind?, using random: inout SeededGenerator) -> Self {
        var port = Self(kind)
        if kind == nil || kind == .qbg {
            port.managerID = random.maybe { .random(in: 0 ... .max, using: &$0) }
            port.typeID = random.maybe { .random(in: 0...0xFF_FFFF, using: &$0) }
            port.typeIDVersion = random.maybe { .random(in: 0 ... .max, using: &$0) }
            port.instanceID = random.maybe { .random(using: &$0) }
        }
        if kind != .qbg, kind != .qbh { port.interfaceID = random.maybe { .random(using: &$0) } }
        if kind != .qbg, kind != .midonet { port.profileID = random.maybe { $0.name("aé &<'", 1...13) } }
        return port
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
            return Forwarder(
                domain: domain, address: domain == nil ? random.address() : random.maybe { $0.address() },
                port: random.maybe { .random(in: 1 ... .max, using: &$0) })
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
    /// Up to three subnets, of which one of each family at most has DHCP: 10.N.0.0 with 16 to 24 bits, and fd00:N::/64.
    static func randomList(using random: inout SeededGenerator) -> [Self] {
        var serving: Set<AddressFamily> = []
        return random.list(upTo: 3) { random, index in
            let isIPv4 = Bool.random(using: &random)
            let length = Int.random(in: 16...24, using: &random)
            let base4 = UInt32(0x0A00_0000 + index << 16)
            let base6 = UInt128(0xFD00 << 112 | UInt128(index) << 96)
            func address(_ number: UInt32) -> IPAddress {
                isIPv4 ? .v4(IPv4Address(base4 + number)) : .v6(IPv6Address(base6 + UInt128(number)))
            }
            let netmask = IPv4Address(~0 << (32 - UInt32(length)))
            var ip = Self(
                address: address(1),
                mask: isIPv4
                    ? random.pick(.prefix(length), .netmask(netmask), .none) : random.pick(.prefix(64), .none))
            ip.family = isIPv4 ? random.maybe { _ in .ipv4 } : .ipv6
            ip.localPtr = random.maybe { .random(using: &$0) }
            ip.tftpRoot = isIPv4 ? random.maybe { $0.name("/a &<'", 1...9) } : nil
            guard serving.insert(ip.address.family).inserted else { return ip }
            ip.ranges = random.list(upTo: 4) { random, index in
                let start = 50 + UInt32(index) * 40
                return Range(
                    start: address(start), end: address(start + .random(in: 0...39, using: &random)),
                    lease: random.maybe { .random(using: &$0) })
            }
            ip.hosts = random.list(upTo: 4) { random, index in
                .random(at: address(random.pick(10 + UInt32(index), 1, 0x00FF_0000)), index, using: &random)
            }
            ip.boot = isIPv4 && ip.hasDHCP ? random.maybe { .init(file: $0.name("/a &<'", 0...9)) } : nil
            if ip.boot != nil { ip.boot?.server = random.maybe { $0.address() } }
            if !ip.hasDHCP { serving.remove(ip.address.family) }
            return ip
        }
    }
}

extension NetworkDefinition.IP.Reservation {
    static func random(at address: IPAddress, _ index: Int, using random: inout SeededGenerator) -> Self {
        let key = random.maybe { random in
            let text = MACAddress.random(using: &random).description
            return random.pick(text, text.uppercased())
        }
        let name = random.maybe { $0.pick("", "x.") + "a\(index)" + $0.name("b-_", 0...9) }
        return Self(
            mac: address.family == .ipv4 ? key : nil, id: address.family == .ipv6 ? key : random.maybe { _ in "0:1" },
            name: key == nil ? "only\(index)" : name, address: address, lease: random.maybe { .random(using: &$0) })
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
