extension NetworkDefinition {
    /// What hinders a start, one sentence without a full stop an element; empty where the network can be started.
    ///
    /// Such an element is kept and written, but has no effect yet, or asks for what no kernel can do or vnet does not use.
    /// What depends on the host is not looked at here.
    /// Left out is what a network runs well without: `trustGuestRxFilters`, which concerns macvtap devices alone, dnsmasq's
    /// options, a client's DUID in an IPv4 reservation, which libvirt does not look at either, and a `<virtualport>` without a
    /// type. What a `<portgroup>` asks for hinders its ports alone.
    public var unsupportedFeatures: [String] {
        linkFeatures + forwardFeatures + portFeatures
    }

    private var linkFeatures: [String] {
        var found: [String] = []
        if let name = bridge.name, !name.contains("%"), InterfaceName(name) == nil {
            found.append(
                "<bridge> has the name '\(name)', which is no interface's: at most 15 letters, digits, '.', '_', '-'")
        }
        if bridge.zone != nil {
            found.append("'zone' of <bridge> needs firewalld, whose zones vnet does not use: its rules are its own")
        }
        if let mtu, !(68...65_535).contains(mtu) {
            found.append("<mtu> has the size \(mtu), which no bridge can have: 68 to 65535")
        }
        for ip in ips where ip.subnet == nil {
            found.append(
                "<ip> has the address \(ip.address), whose prefix is no prefix: write one, such as prefix='24'")
        }
        return found
    }

    private var forwardFeatures: [String] {
        guard let forward, !forward.mode.hasOwnBridge else { return [] }
        let mode = "<forward> with mode '\(forward.mode.rawValue)'"
        if forward.mode == .hostdev || forward.physicalFunction != nil || !forward.addresses.isEmpty {
            return ["\(mode) needs devices with SR-IOV virtual functions, which vnet does not hand to guests"]
        }
        guard bridge.name == nil else { return [] }
        if forward.interfaces.isEmpty { return ["\(mode) names no interface or bridge to put guests on"] }
        if portsAreIsolated == true, forward.mode != .private {
            return ["<port> is isolated, which needs a bridge; mode 'private' keeps guests on an interface apart"]
        }
        return []
    }

    private var portFeatures: [String] {
        var found: [String] = []
        if vlan != nil, bridge.name == nil {
            found.append("<vlan> needs a bridge, or devices with SR-IOV virtual functions")
        }
        if let need = virtualPort?.kind?.need { found.append("<virtualport> \(need)") }
        return found
    }
}

extension NetworkDefinition.VirtualPort.Kind {
    /// What is not there, behind the element's name.
    public var need: String {
        switch self {
        case .openvswitch: "needs an Open vSwitch, and vnet works with Linux bridges only"
        case .midonet: "needs MidoNet, and vnet works with Linux bridges only"
        case .qbg: "needs lldpad and a switch that speaks 802.1Qbg, which vnet does not talk to"
        case .qbh: "needs an interface with port extension, 802.1Qbh, which vnet does not control"
        }
    }
}
