public import NetworkModel

extension NetworkRules {
    /// Ports of the host that lead to a guest whose address is known.
    public struct Forward: Hashable, Sendable, Codable {
        public var transport: PortForward.Transport
        /// An address of the host's, or the unspecified one for each of them, of the guest's family.
        public var address: IPAddress
        /// The only interface that packets may arrive by; nil for any, and for packets that the host itself makes.
        public var device: InterfaceName?
        /// From 1, both ends included.
        public var ports: ClosedRange<UInt16>
        public var guest: IPAddress
        /// The guest's port that the first of `ports` leads to.
        public var firstTarget: UInt16

        public init(
            _ transport: PortForward.Transport, address: IPAddress, device: InterfaceName?, ports: ClosedRange<UInt16>,
            guest: IPAddress, firstTarget: UInt16
        ) {
            self.transport = transport
            self.address = address
            self.device = device
            self.ports = ports
            self.guest = guest
            self.firstTarget = firstTarget
        }
    }

    /// An element a port: so ranges that shift cost a packet no more than one port does.
    ///
    /// What comes from the host's loopback, or from a guest of the network itself, would be answered past the host, so it gets
    /// the bridge's address as its source.
    var portForwardParts: RuleParts {
        guard !forwards.isEmpty else { return RuleParts() }
        let rules =
            ["ip saddr 127.0.0.0/8 masquerade"] + sources.map { "\($0) masquerade" }
        return RuleParts(
            chains: [.init(name: "forwarded-\(bridge)", rules: rules)],
            elements: [.init(container: "forwarded_to", key: quoted, value: "jump forwarded-\(bridge)")]
                + forwards.flatMap(\.elements))
    }
}

extension NetworkRules.Forward {
    fileprivate var elements: [RuleParts.Element] {
        let map: Ruleset.ForwardMap =
            switch (device, address.isUnspecified) {
            case (nil, true): .any
            case (nil, false): .address
            case (_?, true): .device
            case (_?, false): .addressAndDevice
            }
        let place = device.map { "\"\($0)\" . " } ?? ""
        let listening = address.isUnspecified ? "" : "\(address) . "
        let shift = UInt32(firstTarget) &- UInt32(ports.lowerBound)
        return ports.map { port in
            .init(
                container: map.name(guest.rulesetFamily),
                key: "\(place)\(listening)\(transport.rawValue) . \(port)",
                value: "\(guest) . \(UInt32(port) &+ shift)")
        }
    }
}
