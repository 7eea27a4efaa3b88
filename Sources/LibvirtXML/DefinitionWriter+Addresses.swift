internal import NetworkModel

// `<dns>`, `<ip>` and `<route>`.

extension XMLWriter {
    mutating func dns(_ dns: NetworkDefinition.DNS) {
        let attributes: [Attribute] = [
            ("enable", dns.enable.map(yesNo)), ("forwardPlainNames", dns.forwardPlainNames.map(yesNo)),
        ]
        element("dns", attributes) { xml in
            for forwarder in dns.forwarders {
                xml.element(
                    "forwarder",
                    [
                        ("domain", forwarder.domain), ("addr", forwarder.address?.description),
                        ("port", forwarder.port?.description),
                    ])
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

    mutating func ip(_ ip: NetworkDefinition.IP) {
        let attributes: [Attribute] =
            [("family", ip.family?.rawValue), ("address", ip.address.description)] + mask(ip.mask)
            + [("localPtr", ip.localPtr.map(yesNo))]
        element("ip", attributes, isPair: true) { xml in
            if let root = ip.tftpRoot { xml.element("tftp", [("root", root)]) }
            if ip.hasDHCP { xml.dhcp(of: ip) }
        }
    }

    private func mask(_ mask: NetworkDefinition.IP.Mask) -> [Attribute] {
        switch mask {
        case .netmask(let netmask): [("netmask", netmask.description)]
        case .prefix(let length): [("prefix", "\(length)")]
        case .none: []
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
                let attributes: [Attribute] = [
                    ("mac", host.mac), ("id", host.id), ("name", host.name), ("ip", host.address.description),
                ]
                xml.element("host", attributes) { $0.lease(host.lease) }
            }
            if let boot = ip.boot {
                xml.element("bootp", [("file", boot.file), ("server", boot.server?.description)])
            }
        }
    }

    private mutating func lease(_ lease: NetworkDefinition.IP.LeaseTime?) {
        guard let lease else { return }
        element("lease", [("expiry", "\(lease.expiry)"), ("unit", lease.expiry == 0 ? nil : lease.unit.rawValue)])
    }

    mutating func route(_ route: NetworkDefinition.Route) {
        let attributes: [Attribute] =
            [("family", route.family?.rawValue), ("address", route.address.description)] + mask(route.mask)
            + [("gateway", route.gateway.description), ("metric", route.metric?.description)]
        element("route", attributes)
    }
}

/// Nil for 0, which libvirt does not write.
private func number(_ value: UInt16?) -> String? { value.flatMap { $0 == 0 ? nil : "\($0)" } }
