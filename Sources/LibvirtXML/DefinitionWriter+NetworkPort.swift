internal import NetworkModel

extension XMLWriter {
    /// The order of elements and attributes is libvirt's, whatever it was in the document that was read.
    mutating func networkPort(_ port: NetworkPort) {
        element("networkport") { xml in
            xml.element("uuid", text: port.uuid.description)
            xml.element("owner") { xml in
                xml.element("name", text: port.owner.name)
                xml.element("uuid", text: port.owner.uuid.description)
            }
            if let group = port.group { xml.element("group", text: group) }
            xml.element("mac", [("address", port.mac.description)])
            if let virtualPort = port.virtualPort { xml.virtualPort(virtualPort) }
            xml.portBandwidth(port)
            if let vlan = port.vlan { xml.vlan(vlan) }
            if let isolated = port.isIsolated { xml.element("port", [("isolated", yesNo(isolated))]) }
            if let trust = port.trustGuestRxFilters { xml.element("rxfilters", [("trustGuest", yesNo(trust))]) }
            if let plug = port.plug { xml.plug(plug) }
        }
    }

    private mutating func portBandwidth(_ port: NetworkPort) {
        guard port.bandwidth != nil || port.floor != nil || port.classID != nil else { return }
        element("bandwidth", [("classID", port.classID?.description)], isPair: true) { xml in
            let inbound = port.bandwidth?.inbound
            if inbound != nil || port.floor != nil {
                xml.element(
                    "inbound",
                    [
                        ("average", inbound?.average.description), ("peak", inbound?.peak?.description),
                        ("floor", port.floor?.description), ("burst", inbound?.burst?.description),
                    ])
            }
            if let outbound = port.bandwidth?.outbound {
                xml.element(
                    "outbound",
                    [
                        ("average", "\(outbound.average)"), ("peak", outbound.peak?.description),
                        ("burst", outbound.burst?.description),
                    ])
            }
        }
    }

    private mutating func plug(_ plug: NetworkPort.Plug) {
        var attributes: [Attribute] = [("type", plug.type)]
        switch plug {
        case .network(let bridge, let manager), .bridge(let bridge, let manager):
            element("plug", attributes + [("bridge", bridge), ("macTableManager", manager?.rawValue)])
        case .direct(let device, let mode):
            element("plug", attributes + [("dev", device.description), ("mode", mode.rawValue)])
        case .device(let address, let isManaged, let driver):
            attributes.append(("managed", isManaged.map(yesNo)))
            element("plug", attributes) { xml in
                if let driver { xml.element("driver", [("name", driver.rawValue)]) }
                xml.element("address", pciAttributes(address))
            }
        }
    }
}
