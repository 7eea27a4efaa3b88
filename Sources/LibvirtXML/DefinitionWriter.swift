internal import NetworkModel

// The order of elements and attributes is libvirt's, whatever it was in the document that was read.

extension XMLWriter {
    mutating func network(_ network: NetworkDefinition, live: Bool) {
        element("network") { xml in
            xml.element("name", text: network.name)
            xml.element("uuid", text: network.uuid.description)
            if let metadata = network.metadata { xml.line(metadata) }
            if let forward = network.forward { xml.forward(forward, portRange: live && network.masquerades) }
            let bridge = network.bridge
            xml.element(
                "bridge", [("name", bridge.name), ("stp", bridge.stp ? "on" : "off"), ("delay", "\(bridge.delay)")])
            if let mtu = network.mtu { xml.element("mtu", [("size", "\(mtu)")]) }
            if let mac = network.mac { xml.element("mac", [("address", mac.description)]) }
            if let domain = network.domain {
                xml.element("domain", [("name", domain.name), ("localOnly", domain.localOnly.map(yesNo))])
            }
            if let dns = network.dns, dns != NetworkDefinition.DNS() { xml.dns(dns) }
            for ip in network.ips { xml.ip(ip) }
        }
    }

    private mutating func forward(_ forward: NetworkDefinition.Forward, portRange: Bool) {
        let device = forward.device?.description
        element("forward", [("dev", device), ("mode", forward.mode.rawValue)]) { xml in
            if portRange {
                xml.element("nat") { $0.element("port", [("start", "1024"), ("end", "65535")]) }
            }
            if let device { xml.element("interface", [("dev", device)]) }
        }
    }

    private mutating func dns(_ dns: NetworkDefinition.DNS) {
        let attributes = [
            ("enable", dns.enable.map(yesNo)), ("forwardPlainNames", dns.forwardPlainNames.map(yesNo)),
        ]
        element("dns", attributes) { xml in
            for forwarder in dns.forwarders {
                xml.element("forwarder", [("domain", forwarder.domain), ("addr", forwarder.address?.description)])
            }
            for text in dns.texts { xml.element("txt", [("name", text.name), ("value", text.value)]) }
            for service in dns.services {
                xml.element(
                    "srv",
                    [
                        ("service", service.service), ("protocol", service.proto), ("domain", service.domain),
                        ("target", service.target), ("port", number(service.port)),
                        ("priority", number(service.priority)), ("weight", number(service.weight)),
                    ])
            }
            for host in dns.hosts {
                xml.element("host", [("ip", host.address.description)]) { xml in
                    for name in host.names { xml.element("hostname", text: name) }
                }
            }
        }
    }

    private mutating func ip(_ ip: NetworkDefinition.IP) {
        var netmask: String?
        var prefix: String?
        switch ip.mask {
        case .netmask(let mask): netmask = mask.description
        case .prefix(let length): prefix = "\(length)"
        case .none: break
        }
        let attributes = [
            ("family", ip.family?.rawValue), ("address", ip.address.description), ("netmask", netmask),
            ("prefix", prefix), ("localPtr", ip.localPtr.map(yesNo)),
        ]
        element("ip", attributes, isPair: true) { xml in
            if !ip.ranges.isEmpty || !ip.hosts.isEmpty { xml.dhcp(of: ip) }
        }
    }

    private mutating func dhcp(of ip: NetworkDefinition.IP) {
        element("dhcp") { xml in
            for range in ip.ranges {
                xml.element("range", [("start", range.start.description), ("end", range.end.description)]) {
                    $0.lease(range.lease)
                }
            }
            for host in ip.hosts {
                xml.element("host", [("mac", host.mac), ("name", host.name), ("ip", host.address.description)]) {
                    $0.lease(host.lease)
                }
            }
        }
    }

    private mutating func lease(_ lease: NetworkDefinition.IP.LeaseTime?) {
        guard let lease else { return }
        element("lease", [("expiry", "\(lease.expiry)"), ("unit", lease.expiry == 0 ? nil : lease.unit.rawValue)])
    }
}

private func yesNo(_ value: Bool) -> String { value ? "yes" : "no" }

/// Nil for 0, which libvirt does not write.
private func number(_ value: UInt16?) -> String? { value.flatMap { $0 == 0 ? nil : "\($0)" } }

extension NetworkDefinition {
    /// Whether packets leave with the host's address, which IPv6 packets never do.
    fileprivate var masquerades: Bool { forward?.mode == .nat && ips.contains { $0.address.family == .ipv4 } }
}
