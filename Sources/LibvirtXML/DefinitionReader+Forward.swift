internal import NetworkModel

// `<forward>`: where the network leads.

extension DefinitionReader {
    typealias Forward = NetworkDefinition.Forward

    /// Returns nil for mode `none`, which is the same as no `<forward>`.
    mutating func forward(_ element: XMLElement) -> Forward? {
        // Without a mode the network is a NAT network, as in libvirt.
        var forward = Forward(mode: mode(element) ?? .nat)
        devices(element, &forward)
        if forward.mode == .hostdev { forward.isManaged = isYes(element, "managed") }
        forward.driver = element.first("driver").flatMap { driver($0) }
        forward.nat = nat(element, forward.mode)
        return element["mode"] == "none" ? nil : forward
    }

    private mutating func mode(_ element: XMLElement) -> Forward.Mode? {
        guard element["mode"] != "none" else { return nil }
        let modes = Forward.Mode.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return choice(element, "mode", "write one of \(modes), or remove <forward> to isolate the network")
    }

    // MARK: Devices

    /// Of `<interface>`, `<address>` and `<pf>`, libvirt looks at the first kind that is there.
    private mutating func devices(_ element: XMLElement, _ forward: inout Forward) {
        let interfaces = element.all("interface")
        let addresses = element.all("address")
        let functions = element.all("pf")
        for extra in functions.dropFirst() {
            refuse(extra, "<pf> stands more than once in <forward>, also \(functions[0].place); keep one")
        }
        if value(element, "dev") != nil, let other = (addresses + functions).first {
            refuse(element, "<forward> has 'dev' and \(tag(other.name)) \(other.place); keep one of them")
        }
        if !interfaces.isEmpty || value(element, "dev") != nil {
            forward.interfaces = self.interfaces(interfaces, element)
            ignore(addresses + functions, for: "interface")
        } else if !addresses.isEmpty {
            forward.addresses = self.addresses(addresses)
            ignore(functions, for: "address")
        } else if let function = functions.first {
            forward.physicalFunction = interfaceName(function, "dev")
        }
        checkCount(of: interfaces + addresses, element, forward)
    }

    private mutating func ignore(_ elements: [XMLElement], for other: String) {
        for element in elements { warn(element, "\(tag(element.name)) has no effect beside <\(other)>") }
    }

    /// The interfaces of `<interface>`, of which `dev` repeats the first or stands for the only one.
    private mutating func interfaces(_ elements: [XMLElement], _ forward: XMLElement) -> [InterfaceName] {
        let device = value(forward, "dev") == nil ? nil : interfaceName(forward, "dev")
        var places: [InterfaceName: XMLElement] = [:]
        var names: [InterfaceName] = []
        for (index, element) in elements.enumerated() {
            guard let name = interfaceName(element, "dev") else { continue }
            if let other = places.updateValue(element, forKey: name) {
                refuse(element, "<interface> \(quoted(name.description)) is listed \(other.place) already; keep one")
            } else if index == 0, let device, device != name {
                refuse(element, "dev", name.description, "write \(quoted(device.description)), as <forward> has it")
            }
            names.append(name)
        }
        return names.isEmpty ? device.map { [$0] } ?? [] : names
    }

    private mutating func addresses(_ elements: [XMLElement]) -> [PCIAddress] {
        var places: [PCIAddress: XMLElement] = [:]
        var addresses: [PCIAddress] = []
        for element in elements {
            guard let address = address(element) else { continue }
            if let other = places.updateValue(element, forKey: address) {
                refuse(element, "<address> is the device of the one \(other.place); keep one")
            }
            addresses.append(address)
        }
        return addresses
    }

    private mutating func address(_ element: XMLElement) -> PCIAddress? {
        guard let type = required(element, "type") else { return nil }
        guard type == "pci" else {
            refuse(element, "type", type, "write 'pci': no other device can be given to a guest here")
            return nil
        }
        let domain: UInt32 = number(element, "domain", .min ... .max, .asInC, isOptional: false) ?? 0
        let bus: UInt8 = number(element, "bus", .min ... .max, .asInC, isOptional: false) ?? 0
        let slot: UInt8 = number(element, "slot", 0...31, .asInC, isOptional: false) ?? 0
        let function: UInt8 = number(element, "function", 0...7, .asInC, isOptional: false) ?? 0
        if let address = PCIAddress(domain: domain, bus: bus, slot: slot, function: function) { return address }
        refuse(element, "<address> has neither 'domain' nor 'bus' nor 'slot' but 0; add them as 'lspci -D' shows them")
        return nil
    }

    /// `elements` are all `<interface>` and `<address>`.
    private mutating func checkCount(of elements: [XMLElement], _ element: XMLElement, _ forward: Forward) {
        let mode = quoted(forward.mode.rawValue)
        let hasDevice = !elements.isEmpty || value(element, "dev") != nil
        switch forward.mode {
        case .open where hasDevice:
            refuse(element, "<forward> with mode 'open' has no rules that a device could limit; remove the device")
        case .nat, .route:
            if !forward.addresses.isEmpty { refuseAddresses(elements, mode) }
            if forward.interfaces.count > 1, elements.count > 1 {
                refuse(elements[1], "<interface> is the second of <forward>, and mode \(mode) has only one; keep one")
            }
        case .hostdev where !forward.interfaces.isEmpty:
            refuse(
                elements.first ?? element,
                "<forward> with mode 'hostdev' has an interface; write an <address> as 'lspci -D' shows it, or a <pf>")
        case .bridge, .private, .vepa, .passthrough:
            if !forward.addresses.isEmpty { refuseAddresses(elements, mode) }
        case .open, .hostdev: break
        }
    }

    private mutating func refuseAddresses(_ elements: [XMLElement], _ mode: String) {
        guard let first = elements.first(where: { $0.name == "address" }) else { return }
        refuse(first, "<address> is for mode 'hostdev', and the mode is \(mode); write an <interface>")
    }

    private mutating func driver(_ element: XMLElement) -> Forward.Driver? {
        guard value(element, "name") != nil else {
            warn(element, "<driver> has no 'name' and no effect")
            return nil
        }
        guard let name: Forward.Driver.Name = choice(element, "name", "write 'kvm' or 'vfio'") else { return nil }
        return .init(name: name, model: value(element, "model"))
    }

    // MARK: NAT

    private mutating func nat(_ forward: XMLElement, _ mode: Forward.Mode) -> Forward.NAT {
        var nat = Forward.NAT()
        guard let element = only(forward.all("nat"), in: forward) else { return nat }
        guard mode == .nat, forward["mode"] != "none" else {
            refuse(element, "<nat> is for mode 'nat', and the mode is \(quoted(forward["mode"] ?? "")); remove it")
            return nat
        }
        nat.ipv6 = yesNo(element, "ipv6")
        nat.addresses = only(element.all("address"), in: element).flatMap { natAddresses($0) }
        nat.ports = only(element.all("port"), in: element).flatMap { natPorts($0) }
        return nat
    }

    private mutating func natAddresses(_ element: XMLElement) -> ClosedRange<IPv4Address>? {
        func ipv4(_ attribute: String) -> IPv4Address? {
            guard required(element, attribute) != nil, let address = address(element, attribute) else { return nil }
            if case .v4(let address) = address { return address }
            refuse(element, attribute, address.description, "write an IPv4 address")
            return nil
        }
        let start = ipv4("start")
        let end = ipv4("end")
        guard let start, let end else { return nil }
        guard start <= end else {
            refuse(element, "<address> \(start) to \(end) ends before it starts; swap start and end")
            return nil
        }
        // As with a range of DHCP: the first two octets must be the same.
        if start.value >> 16 != end.value >> 16 {
            refuse(element, "<address> \(start) to \(end) is too large; choose addresses of one /16")
        }
        return start...end
    }

    private mutating func natPorts(_ element: XMLElement) -> ClosedRange<UInt16>? {
        guard required(element, "start") != nil, required(element, "end") != nil,
            let start: UInt16 = number(element, "start"), let end: UInt16 = number(element, "end")
        else { return nil }
        guard start <= end else {
            refuse(element, "<port> \(start) to \(end) ends before it starts; swap start and end")
            return nil
        }
        // To libvirt 0 to 0 is no range at all.
        return end == 0 ? nil : start...end
    }

    /// The only one of `elements`; libvirt refuses more.
    mutating func only(_ elements: [XMLElement], in parent: XMLElement) -> XMLElement? {
        for extra in elements.dropFirst() {
            refuse(
                extra,
                "\(tag(extra.name)) stands more than once in \(tag(parent.name)), also \(elements[0].place); keep one")
        }
        return elements.first
    }
}
