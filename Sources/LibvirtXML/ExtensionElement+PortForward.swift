internal import NetworkModel

extension ExtensionElement {
    static let portForward = Self(
        "portForward",
        .many(
            Vocabulary(
                attributes: ["proto", "address", "dev"],
                children: ["vnet:range": .many(Vocabulary(attributes: ["start", "end", "to", "guest"]))]))
    ) { element, network, reader in
        guard reader.requireRules(element, network) else { return }
        let found = reader.portForwards(element)
        for (forward, range) in found {
            reader.checkFit(of: forward, range, network)
            if let other = network.extensions.portForwards.first(where: { $0.overlaps(forward) }) {
                reader.refuse(
                    range,
                    "\(tag(range.name)) listens at \(forward.listening), where another one listens at \(other.listening)"
                        + " already; choose another port")
            }
            network.extensions.portForwards.append(forward)
        }
    }
}

extension DefinitionReader {
    /// The forwards of a `<vnet:portForward>`, each with the `<vnet:range>` it stands in.
    mutating func portForwards(_ element: XMLElement) -> [(PortForward, XMLElement)] {
        let transport: PortForward.Transport? =
            required(element, "proto") == nil ? nil : choice(element, "proto", "write 'tcp', 'udp' or 'sctp'")
        let device = element["dev"] == nil ? nil : interfaceName(element, "dev")
        let listening = element["address"] == nil ? nil : address(element, "address")
        if let listening, !listening.isUnicastOrAny {
            refuse(element, "address", listening.description, "write one of the host's own addresses, or 0.0.0.0 or ::")
        }
        if let listening, listening.family == .ipv6, listening.isLoopback {
            // Answers to ::1 would have to arrive by the bridge, and IPv6 has no route_localnet (net/ipv6/ip6_input.c).
            refuse(
                element, "address", "::1", "write 127.0.0.1, or the bridge's own address: no kernel forwards from there"
            )
        }
        let ranges = element.all("vnet:range")
        if ranges.isEmpty {
            refuse(
                element, "\(tag(element.name)) has no <vnet:range>; add one that says which ports lead to which guest")
        }
        let address = listening ?? (element["dev"] == nil ? PortForward.defaultAddress : nil)
        return ranges.compactMap { range in
            guard let ports = ports(range, "start", "end", isRequired: true), let guest = guest(range) else {
                return nil
            }
            let target: UInt16 = number(range, "to", 1 ... .max) ?? ports.lowerBound
            if UInt32(target) + UInt32(ports.count) - 1 > UInt32(UInt16.max) {
                refuse(
                    range, "to", "\(target)", "write a lower one: \(ports.count) ports from there on go beyond 65535")
            }
            guard let transport else { return nil }
            return (
                PortForward(
                    transport, address: address, device: device, ports: ports, firstTarget: target, guest: guest), range
            )
        }
    }

    /// Ports from the one attribute to the other, which is the same where it is absent.
    mutating func ports(
        _ element: XMLElement, _ first: String, _ last: String, isRequired: Bool
    ) -> ClosedRange<UInt16>? {
        if isRequired, required(element, first) == nil { return nil }
        let end: UInt16? = number(element, last, 1 ... .max)
        guard let start: UInt16 = number(element, first, 1 ... .max) else {
            if end != nil, element[first] == nil {
                refuse(element, "\(tag(element.name)) has \(quoted(last)) and no \(quoted(first)); add it")
            }
            return nil
        }
        guard let end else { return start...start }
        if end < start {
            refuse(element, last, "\(end)", "write \(start) or more, as \(quoted(first)) is \(start)")
            return nil
        }
        return start...end
    }

    private mutating func guest(_ element: XMLElement) -> PortForward.Guest? {
        guard let text = required(element, "guest") else { return nil }
        let guest = PortForward.Guest(text)
        if case .name = guest, !isDomainName(text) {
            refuse(element, "guest", text, "write a guest's name or its address")
            return nil
        }
        return guest
    }

    /// Whether the forward goes with the network: its guest's address is one there, and an isolated one stays closed.
    fileprivate mutating func checkFit(
        of forward: PortForward, _ range: XMLElement, _ network: NetworkDefinition
    ) {
        if network.forward == nil, forward.address?.isLoopback != true {
            refuse(
                range,
                "\(tag(range.name)) opens an isolated network at \(forward.listening); write address='127.0.0.1', where the host"
                    + " alone reaches it, or <forward mode='nat'/>")
        }
        if network.ips.isEmpty {
            refuse(range, "\(tag(range.name)) needs an address of the network's; add an <ip>")
        }
        guard case .address(let address) = forward.guest else { return }
        if !forward.families.contains(address.family) {
            refuse(
                range, "guest", address.description,
                "write one of the family of \(quoted(forward.address?.description ?? ""))")
        } else if !network.ips.isEmpty, !network.ips.contains(where: { $0.subnet?.contains(address) == true }) {
            refuse(range, "guest", address.description, "write an address in one of the network's subnets")
        } else if network.ips.contains(where: { $0.address == address }) {
            refuse(range, "guest", address.description, "write a guest's address: that one is the bridge's own")
        }
    }
}

extension IPAddress {
    fileprivate var isUnicastOrAny: Bool {
        switch self {
        case .v4(let address): !address.isMulticast && address != .broadcast
        case .v6(let address): !address.isMulticast
        }
    }
}
