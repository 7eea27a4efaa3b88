public import NetworkModel

/// Networks that can run, of all kinds, as `define` leaves them: for walks from one to the next.
public struct RandomNetwork {
    private var generator: SeededGenerator
    /// Of its own, so that what else comes of a seed stays the same.
    private var extensionGenerator: SeededGenerator

    public init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        extensionGenerator = SeededGenerator(seed: ~seed)
    }

    /// Another network of the same UUID, which differs in whatever chance says.
    public mutating func next() -> NetworkDefinition {
        var network = NetworkDefinition(name: "walk", uuid: "11111111-2222-3333-4444-555555555555")
        network.bridge = .init(
            name: pick(["virbr7", "virbr7", "virbr7", "br-other"]), stp: chance(2), delay: pick([0, 2, 9]))
        network.mac = MACAddress(0x5254_0000_0000 + pick([1, 2]))
        network.mtu = pick([nil, nil, 1_400, 9_000])
        network.portsAreIsolated = pick([nil, true])
        network.ips = ips()
        if let mode = pick([nil, NetworkDefinition.Forward.Mode.nat, .route, .open]), !network.ips.isEmpty {
            network.forward = .init(mode: mode, device: mode == .open ? nil : pick([nil, "eth7"]))
            if mode == .nat {
                network.forward?.nat.ipv6 = pick([nil, true])
                network.forward?.nat.ports = pick([nil, 2_000...2_999])
            }
        }
        if let subnet = network.ips.first?.subnet, chance(3) {
            switch subnet.base {
            case .v4(let base):
                network.routes = [
                    .init(to: "10.200.0.0", mask: .prefix(16), by: .v4(IPv4Address(base.value + 7)))
                ]
            case .v6(let base):
                network.routes = [
                    .init(to: "fd99::", mask: .prefix(48), by: .v6(IPv6Address(base.value + 7)))
                ]
            }
            if chance(2) { network.routes[0].metric = pick([5, 1_024]) }
        }
        network.extensions = extensions(hasRules: network.forward?.mode != .open)
        return network
    }

    private mutating func extensions(hasRules: Bool) -> NetworkDefinition.Extensions {
        swap(&generator, &extensionGenerator)
        defer { swap(&generator, &extensionGenerator) }
        var extensions = NetworkDefinition.Extensions()
        guard chance(2) else { return extensions }
        extensions.antiSpoof = chance(2)
        extensions.linkLocalForward = pick([[], [.lldp], [.lldp, .lacp, .stp]])
        guard hasRules else { return extensions }
        extensions.hostAccess = pick([.all, .services, .none])
        for port in pick([[], [8_080], [8_080, 9_000]] as [[UInt16]]) {
            extensions.portForwards.append(
                .init(
                    .tcp, address: PortForward.defaultAddress, ports: port...port + pick([0, 3]),
                    firstTarget: pick([80, port]),
                    guest: .address(pick(["10.0.7.20", "10.0.9.20"]))))
        }
        return extensions
    }

    /// Up to three subnets, among them the same one with another address or another length.
    private mutating func ips() -> [NetworkDefinition.IP] {
        let choices: [NetworkDefinition.IP] = [
            .init(address: "10.0.7.1", mask: .prefix(24)), .init(address: "10.0.7.254", mask: .prefix(24)),
            .init(address: "10.0.7.1", mask: .prefix(25)), .init(address: "10.0.9.1", mask: .prefix(24)),
            .init(address: "fd00:7::1", mask: .prefix(64)), .init(address: "fd00:9::1", mask: .prefix(64)),
        ]
        var chosen: [NetworkDefinition.IP] = []
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let ip = pick(choices)
            let overlaps = chosen.contains { other in
                ip.subnet.map { subnet in other.subnet?.overlaps(subnet) ?? false } ?? true
            }
            if !overlaps { chosen.append(ip) }
        }
        return chosen
    }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }
    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &generator)]
    }
}
