internal import NetworkModel

// `<vlan>`, `<bandwidth>`, `<virtualport>` and `<portgroup>`.

extension XMLWriter {
    mutating func vlan(_ vlan: NetworkDefinition.VLAN) {
        element("vlan", [("trunk", vlan.isTrunk ? "yes" : nil)]) { xml in
            for (index, tag) in vlan.tags.enumerated() {
                // Once, where a tag stands there twice: nobody reads a second native one.
                let isNative = tag == vlan.native?.tag && vlan.tags.firstIndex(of: tag) == index
                xml.element("tag", [("id", "\(tag)"), ("nativeMode", isNative ? vlan.native?.mode.rawValue : nil)])
            }
        }
    }

    mutating func bandwidth(_ bandwidth: NetworkDefinition.Bandwidth) {
        element("bandwidth", isPair: true) { xml in
            for case (let name, let rate?) in [("inbound", bandwidth.inbound), ("outbound", bandwidth.outbound)] {
                xml.element(
                    name,
                    [
                        ("average", "\(rate.average)"), ("peak", rate.peak?.description),
                        ("burst", rate.burst?.description),
                    ])
            }
        }
    }

    mutating func virtualPort(_ port: NetworkDefinition.VirtualPort) {
        element("virtualport", [("type", port.kind?.rawValue)]) { xml in
            guard port.hasParameters else { return }
            xml.element(
                "parameters",
                [
                    ("managerid", port.managerID?.description), ("typeid", port.typeID?.description),
                    ("typeidversion", port.typeIDVersion?.description), ("instanceid", port.instanceID?.description),
                    ("interfaceid", port.interfaceID?.description), ("profileid", port.profileID),
                ])
        }
    }

    mutating func portGroup(_ group: NetworkDefinition.PortGroup) {
        let attributes: [Attribute] = [
            ("name", group.name), ("default", group.isDefault ? "yes" : nil),
            ("trustGuestRxFilters", group.trustGuestRxFilters.map(yesNo)),
        ]
        element("portgroup", attributes, isPair: true) { xml in
            if let vlan = group.vlan { xml.vlan(vlan) }
            if let virtualPort = group.virtualPort { xml.virtualPort(virtualPort) }
            if let bandwidth = group.bandwidth { xml.bandwidth(bandwidth) }
        }
    }
}
