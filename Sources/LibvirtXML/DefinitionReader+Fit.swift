internal import NetworkModel

// What only the whole document shows: elements that do not go with the mode of `<forward>`.

extension DefinitionReader {
    mutating func checkFit(of network: NetworkDefinition, _ root: XMLElement) {
        checkVLANs(network, root)
        checkBandwidths(network, root)
        guard let mode = network.forward?.mode, let forward = root.first("forward") else { return }
        if mode.hasOwnBridge {
            // libvirt 10.8 and later let an open network be without an address.
            if mode != .open, root.first("ip") == nil {
                refuse(forward, "<forward> with mode \(quoted(mode.rawValue)) needs an <ip> in the network; add one")
            }
        } else {
            checkServices(mode, root)
            if let bridge = root.first("bridge") { check(bridge, mode, network) }
        }
    }

    /// What needs a bridge of the network's own.
    private mutating func checkServices(_ mode: NetworkDefinition.Forward.Mode, _ root: XMLElement) {
        var misfits: [XMLElement] = root.all("ip")
        if let mac = root.first("mac"), value(mac, "address") != nil { misfits.append(mac) }
        if let mtu = root.first("mtu"), value(mtu, "size") != nil, value(mtu, "size") != "0" { misfits.append(mtu) }
        if let domain = root.first("domain"), domain["name"] != nil { misfits.append(domain) }
        misfits += root.first("dns")?.children.filter { ["txt", "srv", "host"].contains($0.key) } ?? []
        for element in misfits {
            refuse(
                element,
                "\(tag(element.name)) needs a bridge of the network's own, which mode \(quoted(mode.rawValue)) has not;"
                    + " remove it")
        }
    }

    private mutating func check(
        _ element: XMLElement, _ mode: NetworkDefinition.Forward.Mode, _ network: NetworkDefinition
    ) {
        func refuseSetting(_ attribute: String) {
            refuse(
                element, "'\(attribute)' of <bridge> has no meaning with mode \(quoted(mode.rawValue)); remove it")
        }
        if value(element, "stp") != nil { refuseSetting("stp") }
        if network.bridge.delay > 0 { refuseSetting("delay") }
        if network.bridge.zone != nil { refuseSetting("zone") }
        if mode != .bridge {
            if network.bridge.name != nil { refuseSetting("name") }
            if network.bridge.macTableManager != nil { refuseSetting("macTableManager") }
        } else if network.bridge.name != nil,
            network.forward?.device != nil || network.forward?.physicalFunction != nil
        {
            refuse(element, "<bridge> has a name and <forward> a device; keep the one that guests are to be put on")
        }
    }

    private mutating func checkVLANs(_ network: NetworkDefinition, _ root: XMLElement) {
        func takes(_ port: NetworkDefinition.VirtualPort?) -> Bool {
            network.forward?.mode == .bridge
                && (port?.kind == .openvswitch || port?.kind == nil && network.bridge.name != nil)
        }
        let mode = network.forward?.mode
        let networkTakes = mode == .hostdev || mode == .passthrough || takes(network.virtualPort)
        if !networkTakes, let element = root.first("vlan") { refuseVLAN(element) }
        for group in root.all("portgroup") {
            guard let element = group.first("vlan") else { continue }
            let own = network.portGroups.first { $0.name == group["name"] }?.virtualPort
            if !(own == nil ? networkTakes : takes(own)) { refuseVLAN(element) }
        }
    }

    private mutating func refuseVLAN(_ element: XMLElement) {
        refuse(
            element,
            "<vlan> needs a bridge or device that is there already: <forward> with mode 'bridge' and a <bridge> name,"
                + " 'passthrough' or 'hostdev'; change the mode or remove it")
    }

    private mutating func checkBandwidths(_ network: NetworkDefinition, _ root: XMLElement) {
        if network.hasOwnBridge || network.forward?.mode == .bridge && network.bridge.name != nil { return }
        let elements = [root.first("bandwidth")] + root.all("portgroup").map { $0.first("bandwidth") }
        for element in elements.compactMap(\.self) where !element.children.isEmpty {
            refuse(element, "<bandwidth> needs a bridge, which the network has not; name one, or remove it")
        }
    }
}
