public import Firewall
public import NetworkModel

extension NetworkRules {
    /// The firewall's part of a definition, as it is among `surroundings`.
    public init(
        of definition: NetworkDefinition, bridge: InterfaceName, redirects: [Redirect],
        surroundings: Surroundings = Surroundings()
    ) {
        let policy: Policy =
            switch definition.forward?.mode {
            case nil: .isolated
            case .nat: .nat
            case .route: .route
            case .open, .bridge, .private, .vepa, .passthrough, .hostdev: .open
            }
        self.init(
            bridge: bridge, policy: policy, device: definition.forward?.device, redirects: redirects,
            sourceNAT: definition.forward.map { SourceNAT($0.nat) } ?? SourceNAT())
        (subnets4, subnets6) = definition.subnetsByFamily
        delegated6 = definition.extensions.delegations.map(\.block)
        addresses = definition.ips.map(\.address) + (definition.mac.map { [.v6(.linkLocal($0))] } ?? [])
        let guests = GuestDirectory(of: definition, leases: surroundings.leases)
        forwards = definition.extensions.portForwards.flatMap { Forward.each(of: $0, guests) }
        neighbours = surroundings.networks.compactMap { Neighbour($0, of: definition) }.sorted { $0.bridge < $1.bridge }
        hostAccess = definition.extensions.hostAccess
        httpPort = definition.extensions.httpBootPort
        sendingLimit = definition.bandwidth?.outbound.map(SendingLimit.init)
        if definition.extensions.antiSpoof {
            guards = surroundings.ports.map { port in
                Guard(
                    tap: port.tap, mac: port.mac, addresses: guests.addresses(of: port.mac),
                    prefixes: surroundings.delegations.filter { $0.mac == port.mac }.map(\.prefix).sorted())
            }.sorted { $0.tap < $1.tap }
        }
    }
}

extension NetworkRules.SendingLimit {
    /// Senders that halve their rate with each loss need a tenth of a second's worth to come near the limit.
    fileprivate init(_ rate: NetworkDefinition.Bandwidth.Rate) {
        // Above 2^44 octets a second nft's unit would overflow; nothing is that fast.
        let average = min(max(rate.average, 1), 1 << 34)
        self.init(rate: average, burst: min(max(rate.burst ?? 0, average / 10, 16), 1 << 21))
    }
}

extension NetworkDefinition {
    fileprivate var subnetsByFamily: ([IPv4Subnet], [IPv6Subnet]) {
        var subnets: ([IPv4Subnet], [IPv6Subnet]) = ([], [])
        for subnet in ips.compactMap(\.subnet) {
            switch subnet {
            case .v4(let subnet): subnets.0.append(subnet)
            case .v6(let subnet): subnets.1.append(subnet)
            }
        }
        subnets.1 += extensions.delegations.map(\.block)
        return subnets
    }
}

extension NetworkRules.Forward {
    /// One a family in which the guest's address is known.
    fileprivate static func each(of forward: PortForward, _ guests: GuestDirectory) -> [Self] {
        [AddressFamily.ipv4, .ipv6].compactMap { family in
            guard forward.families.contains(family), let guest = guests.address(of: forward.guest, family) else {
                return nil
            }
            return Self(
                forward.transport, address: forward.address ?? .any(family), device: forward.device,
                ports: forward.ports,
                guest: guest, firstTarget: forward.firstTarget)
        }
    }
}

extension IPAddress {
    /// The unspecified one.
    fileprivate static func any(_ family: AddressFamily) -> Self {
        switch family {
        case .ipv4: .v4(.any)
        case .ipv6: .v6(.any)
        }
    }
}

extension NetworkRules.Neighbour {
    /// Nil where the two have nothing to do with each other.
    fileprivate init?(_ other: NetworkDefinition, of definition: NetworkDefinition) {
        guard definition.isPeer(of: other), let bridge = other.bridge.name.flatMap({ InterfaceName($0) }) else {
            return nil
        }
        let (subnets4, subnets6) = other.subnetsByFamily
        self.init(
            bridge: bridge, subnets4: subnets4, subnets6: subnets6,
            allowed: definition.extensions.peers.first { $0.network == other.name }?.allowed)
    }
}

extension NetworkRules.SourceNAT {
    fileprivate init(_ nat: NetworkDefinition.Forward.NAT) {
        self.init(
            addresses: nat.addresses.map { .init($0.lowerBound, $0.upperBound) }, translatesIPv6: nat.ipv6 == true)
        // libvirt writes the default as two zeros too.
        if let ports = nat.ports, ports != 0...0 { self.ports = .init(ports.lowerBound, ports.upperBound) }
    }
}
