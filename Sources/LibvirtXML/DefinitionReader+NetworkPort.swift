internal import NetworkModel

// `<networkport>`: what a hypervisor asks for with a guest's interface, and what it got.

extension DefinitionReader {
    typealias Plug = NetworkPort.Plug

    /// Returns nil where an element is missing that every port has; that has been refused.
    mutating func networkPort(_ root: XMLElement) -> NetworkPort? {
        Vocabulary.networkPort.check(root, &self)
        let uuid = uuidText(root, of: root)
        let owner = portOwner(root)
        let mac = portMAC(root)
        var port: NetworkPort?
        if let uuid, let owner, let mac { port = NetworkPort(uuid: uuid, owner: owner, mac: mac) }
        port?.group = root.first("group").flatMap { $0.text.isEmpty ? nil : $0.text }
        if let element = root.first("virtualport") { port?.virtualPort = virtualPort(element, needsKind: false) }
        if let element = root.first("bandwidth") {
            let (bandwidth, floor, classID) = portBandwidth(element)
            port?.bandwidth = bandwidth
            port?.floor = floor
            port?.classID = classID
        }
        if let element = root.first("vlan") { port?.vlan = vlan(element) }
        if let element = root.first("port") { port?.isIsolated = yesNo(element, "isolated") }
        if let element = root.first("rxfilters") { port?.trustGuestRxFilters = yesNo(element, "trustGuest") }
        if let element = root.first("plug") { port?.plug = plug(element) }
        return port
    }

    private mutating func uuidText(_ parent: XMLElement, of element: XMLElement) -> NetworkUUID? {
        guard let child = parent.first("uuid"), !child.text.isEmpty else {
            refuse(element, "\(tag(parent.name)) has no UUID; write <uuid>…</uuid>")
            return nil
        }
        if let uuid = NetworkUUID(child.text) { return uuid }
        refuse(child, "<uuid> is \(quoted(child.text)); write 32 hexadecimal digits")
        return nil
    }

    private mutating func portOwner(_ root: XMLElement) -> NetworkPort.Owner? {
        guard let element = root.first("owner") else {
            refuse(root, "<networkport> has no owner; write <owner> with the <name> and <uuid> of the guest")
            return nil
        }
        let uuid = uuidText(element, of: element)
        guard let name = element.first("name"), !name.text.isEmpty else {
            refuse(element, "<owner> has no name; write <name>…</name>")
            return nil
        }
        if name.text.holdsControlCharacter {
            refuse(name, "<name> holds a line break or control character; write it on one line")
        }
        return uuid.map { .init(name: name.text, uuid: $0) }
    }

    private mutating func portMAC(_ root: XMLElement) -> MACAddress? {
        guard let element = root.first("mac") else {
            refuse(root, "<networkport> has no MAC address; write <mac address='52:54:00:…'/>")
            return nil
        }
        return required(element, "address").flatMap { mac(element, "address", $0) }
    }

    /// As of a network, and with a promise to this guest and the class that keeps it.
    private mutating func portBandwidth(
        _ element: XMLElement
    ) -> (limits: Bandwidth?, floor: UInt64?, classID: UInt32?) {
        let classID: UInt32? = number(element, "classID")
        let inbound = only(element.all("inbound"), in: element).map { portRate($0, mayPromise: true) }
        let outbound = only(element.all("outbound"), in: element).map { portRate($0, mayPromise: false) }
        let limits = Bandwidth(inbound: inbound?.rate, outbound: outbound?.rate)
        return (limits == Bandwidth() ? nil : limits, inbound?.floor, classID)
    }

    private mutating func portRate(
        _ element: XMLElement, mayPromise: Bool
    ) -> (rate: Bandwidth.Rate?, floor: UInt64?) {
        func kilobytes(_ attribute: String) -> UInt64? {
            number(element, attribute, isOptional: false).flatMap { $0 == 0 ? nil : $0 }
        }
        let average = kilobytes("average")
        let peak = kilobytes("peak")
        let burst = kilobytes("burst")
        let floor = kilobytes("floor")
        if !mayPromise, element["floor"] != nil {
            refuse(element, "'floor' of \(tag(element.name)) can be promised in <inbound> only; remove it here")
        }
        let isEnough = element["average"] != nil || element["floor"] != nil
        if !isEnough || average == nil && (peak ?? burst) != nil {
            refuse(element, "\(tag(element.name)) has no 'average'; add the attribute, in kilobytes per second")
        }
        return (average.map { .init(average: $0, peak: peak, burst: burst) }, mayPromise ? floor : nil)
    }

    // MARK: Plug

    /// Returns nil for type `none`, which is the same as no `<plug>`.
    private mutating func plug(_ element: XMLElement) -> Plug? {
        switch required(element, "type") {
        case nil, "none": return nil
        case "network": return onBridge(element).map { .network(bridge: $0.bridge, $0.manager) }
        case "bridge": return onBridge(element).map { .bridge(bridge: $0.bridge, $0.manager) }
        case "direct":
            let device = interfaceName(element, "dev")
            let modes = Plug.DirectMode.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            guard required(element, "mode") != nil,
                let mode: Plug.DirectMode = choice(element, "mode", "write one of \(modes)"), let device
            else { return nil }
            return .direct(device: device, mode)
        case "hostdev-pci": return device(element)
        case let type?:
            refuse(element, "type", type, "write 'network', 'bridge', 'direct' or 'hostdev-pci'")
            return nil
        }
    }

    private mutating func onBridge(
        _ element: XMLElement
    ) -> (bridge: String, manager: Plug.MACTableManager?)? {
        let manager: Plug.MACTableManager? = choice(element, "macTableManager", "write 'kernel' or 'libvirt'")
        return required(element, "bridge").map { ($0, manager) }
    }

    private mutating func device(_ element: XMLElement) -> Plug? {
        let isManaged = yesNo(element, "managed")
        var driver: NetworkDefinition.Forward.Driver.Name?
        if let child = element.first("driver") { driver = choice(child, "name", "write 'kvm' or 'vfio'") }
        guard let child = element.first("address") else {
            refuse(element, "<plug> has no device; add its <address>")
            return nil
        }
        let domain: UInt32 = number(child, "domain", .min ... .max, .asInC, isOptional: false) ?? 0
        let bus: UInt8 = number(child, "bus", .min ... .max, .asInC, isOptional: false) ?? 0
        let slot: UInt8 = number(child, "slot", 0...31, .asInC, isOptional: false) ?? 0
        let function: UInt8 = number(child, "function", 0...7, .asInC, isOptional: false) ?? 0
        guard let address = PCIAddress(domain: domain, bus: bus, slot: slot, function: function) else {
            refuse(
                child, "<address> has neither 'domain' nor 'bus' nor 'slot' but 0; add them as 'lspci -D' shows them")
            return nil
        }
        return .device(address, isManaged: isManaged, driver: driver)
    }
}
