internal import NetworkModel

// The order of elements and attributes is libvirt's, whatever it was in the document that was read.

extension XMLWriter {
    mutating func network(_ network: NetworkDefinition, _ connections: NetworkDefinition.Connections) {
        let attributes: [Attribute] = [
            ("xmlns:dnsmasq", network.dnsmasqOptions.isEmpty ? nil : dnsmasqNamespace),
            ("connections", connections.total.unlessZero),
            ("ipv6", network.allowsIPv6 ? "yes" : nil),
            ("trustGuestRxFilters", network.trustGuestRxFilters.map(yesNo)),
        ]
        element("network", attributes) { xml in
            xml.element("name", text: network.name)
            xml.element("uuid", text: network.uuid.description)
            if let title = network.title { xml.element("title", text: title) }
            if let description = network.description { xml.element("description", text: description) }
            if let metadata = network.metadata { xml.line(metadata) }
            if let forward = network.forward { xml.forward(forward, connections) }
            xml.bridge(network.bridge, of: network)
            if let mtu = network.mtu { xml.element("mtu", [("size", "\(mtu)")]) }
            if let mac = network.mac { xml.element("mac", [("address", mac.description)]) }
            if let domain = network.domain {
                xml.element(
                    "domain",
                    [
                        ("name", domain.name), ("localOnly", domain.localOnly.map(yesNo)),
                        ("register", domain.register.map(yesNo)),
                    ])
            }
            if let dns = network.dns, dns != NetworkDefinition.DNS() { xml.dns(dns) }
            if let vlan = network.vlan { xml.vlan(vlan) }
            if let bandwidth = network.bandwidth { xml.bandwidth(bandwidth) }
            if let isolated = network.portsAreIsolated { xml.element("port", [("isolated", yesNo(isolated))]) }
            for ip in network.ips { xml.ip(ip) }
            for route in network.routes { xml.route(route) }
            if let virtualPort = network.virtualPort { xml.virtualPort(virtualPort) }
            for group in network.portGroups { xml.portGroup(group) }
            xml.dnsmasqOptions(network.dnsmasqOptions)
        }
    }

    private mutating func forward(_ forward: NetworkDefinition.Forward, _ connections: NetworkDefinition.Connections) {
        let mode = forward.mode
        let attributes: [Attribute] = [
            ("dev", forward.device?.description), ("mode", mode.rawValue),
            ("managed", mode == .hostdev ? yesNo(forward.isManaged) : nil),
        ]
        element("forward", attributes) { xml in
            if let driver = forward.driver {
                xml.element("driver", [("name", driver.name.rawValue), ("model", driver.model)])
            }
            if forward.nat != NetworkDefinition.Forward.NAT() { xml.nat(forward.nat) }
            if let function = forward.physicalFunction { xml.element("pf", [("dev", function.description)]) }
            for interface in forward.interfaces {
                let count = connections.interfaces[interface]?.unlessZero
                xml.element("interface", [("dev", interface.description), ("connections", count)])
            }
            for address in forward.addresses {
                xml.element("address", [("type", "pci")] + pciAttributes(address))
            }
        }
    }

    private mutating func nat(_ nat: NetworkDefinition.Forward.NAT) {
        element("nat", [("ipv6", nat.ipv6.map(yesNo))]) { xml in
            if let addresses = nat.addresses { xml.element("address", ends(addresses)) }
            if let ports = nat.ports { xml.element("port", ends(ports)) }
        }
    }

    /// libvirt shows a bridge of the network's own whole, and another one as far as the document does.
    private mutating func bridge(_ bridge: NetworkDefinition.Bridge, of network: NetworkDefinition) {
        guard network.hasOwnBridge || bridge.name != nil || bridge.macTableManager != nil else { return }
        let isOwn = network.hasOwnBridge
        element(
            "bridge",
            [
                ("name", bridge.name), ("zone", bridge.zone), ("stp", isOwn ? bridge.stp ? "on" : "off" : nil),
                ("delay", isOwn ? "\(bridge.delay)" : nil), ("macTableManager", bridge.macTableManager?.rawValue),
            ])
    }

    private mutating func dnsmasqOptions(_ values: [String]) {
        guard !values.isEmpty else { return }
        element("dnsmasq:options") { xml in
            for value in values { xml.element("dnsmasq:option", [("value", value)]) }
        }
    }
}

extension Int {
    fileprivate var unlessZero: String? { self == 0 ? nil : "\(self)" }
}

func yesNo(_ value: Bool) -> String { value ? "yes" : "no" }

func pciAttributes(_ address: PCIAddress) -> [XMLWriter.Attribute] {
    [
        ("domain", "0x" + hexadecimal(address.domain, digits: 4)), ("bus", "0x" + hexadecimal(address.bus, digits: 2)),
        ("slot", "0x" + hexadecimal(address.slot, digits: 2)), ("function", "0x\(address.function)"),
    ]
}

private func ends(_ range: ClosedRange<some CustomStringConvertible>) -> [XMLWriter.Attribute] {
    [("start", range.lowerBound.description), ("end", range.upperBound.description)]
}

/// In lower case, with zeros before it where there are fewer digits.
private func hexadecimal(_ number: some BinaryInteger, digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
