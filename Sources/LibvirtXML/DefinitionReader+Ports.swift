internal import NetworkModel

// What ports get: `<bandwidth>`, `<vlan>`, `<virtualport>` and `<portgroup>`.

extension DefinitionReader {
    typealias Bandwidth = NetworkDefinition.Bandwidth
    typealias VLAN = NetworkDefinition.VLAN
    typealias VirtualPort = NetworkDefinition.VirtualPort
    typealias PortGroup = NetworkDefinition.PortGroup

    // MARK: Bandwidth

    /// Returns nil where nothing is limited.
    mutating func bandwidth(_ element: XMLElement) -> Bandwidth? {
        if element["classID"] != nil {
            refuse(element, "<bandwidth> has 'classID', which is a running port's alone; remove it")
        }
        let inbound = only(element.all("inbound"), in: element).flatMap { rate($0) }
        let outbound = only(element.all("outbound"), in: element).flatMap { rate($0) }
        guard inbound != nil || outbound != nil else { return nil }
        return Bandwidth(inbound: inbound, outbound: outbound)
    }

    /// libvirt takes 0 for no limit, and does not write it.
    private mutating func rate(_ element: XMLElement) -> Bandwidth.Rate? {
        func kilobytes(_ attribute: String) -> UInt64? { number(element, attribute, isOptional: false) }
        let average = kilobytes("average")
        let peak = kilobytes("peak")
        let burst = kilobytes("burst")
        if let floor = kilobytes("floor"), floor > 0 {
            refuse(element, "'floor' of \(tag(element.name)) can be promised to one guest only; remove it here")
        }
        if element["average"] == nil {
            if element["floor"] == nil || element["peak"] != nil || element["burst"] != nil {
                refuse(element, "\(tag(element.name)) has no 'average'; add the attribute, in kilobytes per second")
            }
        }
        guard let average, average > 0 else { return nil }
        func orNil(_ value: UInt64?) -> UInt64? { value == 0 ? nil : value }
        return .init(average: average, peak: orNil(peak), burst: orNil(burst))
    }

    // MARK: VLAN

    mutating func vlan(_ element: XMLElement) -> VLAN? {
        var tags: [UInt16] = []
        var native: VLAN.Native?
        for child in element.all("tag") {
            guard present(child, "id") != nil, let id: UInt16 = number(child, "id", 0...4_095, isOptional: false) else {
                continue
            }
            tags.append(id)
            guard let text = child["nativeMode"] else { continue }
            guard let mode = VLAN.Native.Mode(rawValue: text) else {
                refuse(child, "nativeMode", text, "write 'tagged' or 'untagged'")
                continue
            }
            if let native {
                refuse(child, "<tag> \(id) is native, and so is \(native.tag); only one can be: remove a 'nativeMode'")
            }
            native = .init(tag: id, mode: mode)
        }
        if element.all("tag").isEmpty { refuse(element, "<vlan> has no <tag>; add one") }
        let trunk = isTrunk(element, count: element.all("tag").count, hasNative: native != nil)
        guard !tags.isEmpty else { return nil }
        return VLAN(tags: tags, native: native, isTrunk: trunk)
    }

    private mutating func isTrunk(_ element: XMLElement, count: Int, hasNative: Bool) -> Bool {
        guard let text = value(element, "trunk") else { return count > 1 }
        switch text.lowercased() {
        case "yes": return true
        case "no" where count > 1 || hasNative:
            let reason = count > 1 ? "more than one <tag>" : "a native <tag>"
            refuse(element, "trunk", text, "write 'yes' or remove it, as there is \(reason)")
        case "no": break
        default: refuse(element, "trunk", text, "write 'yes' or 'no'")
        }
        return false
    }

    // MARK: Virtual port

    /// Returns nil for an element that says nothing: libvirt does not keep it.
    mutating func virtualPort(_ element: XMLElement, needsKind: Bool) -> VirtualPort? {
        let kinds = VirtualPort.Kind.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        var port = VirtualPort(nil)
        if let text = element["type"] {
            port.kind = VirtualPort.Kind(rawValue: text)
            if port.kind == nil { refuse(element, "type", text, "write one of \(kinds)") }
        } else if needsKind {
            refuse(element, "<virtualport> has no 'type'; add one of \(kinds)")
        }
        if let parameters = element.first("parameters") { self.parameters(parameters, &port) }
        return port == VirtualPort(nil) ? nil : port
    }

    private mutating func parameters(_ element: XMLElement, _ port: inout VirtualPort) {
        port.managerID = number(element, "managerid", .min ... .max, .asInC, isOptional: false)
        port.typeID = number(element, "typeid", 0...0xFF_FFFF, .asInC, isOptional: false)
        port.typeIDVersion = number(element, "typeidversion", .min ... .max, .asInC, isOptional: false)
        port.instanceID = uuid(element, "instanceid")
        port.interfaceID = uuid(element, "interfaceid")
        port.profileID = value(element, "profileid")
        if let profile = port.profileID, profile.utf8.count > 39 {
            refuse(element, "profileid", profile, "write at most 39 octets")
        }
        guard let kind = port.kind else { return }
        for attribute in element.attributes where !kind.takes(attribute.name) && value(element, attribute.name) != nil {
            refuse(
                element,
                "\(quoted(attribute.name)) is no parameter of a <virtualport> of type \(quoted(kind.rawValue)); remove it"
            )
        }
    }

    private mutating func uuid(_ element: XMLElement, _ attribute: String) -> NetworkUUID? {
        guard let text = element[attribute] else { return nil }
        if let uuid = NetworkUUID(text) { return uuid }
        refuse(element, attribute, text, "write 32 hexadecimal digits")
        return nil
    }

    // MARK: Port groups

    mutating func portGroups(_ root: XMLElement) -> [PortGroup] {
        var groups: [PortGroup] = []
        var places: [String: XMLElement] = [:]
        var firstDefault: (name: String, element: XMLElement)?
        for element in root.all("portgroup") {
            guard let group = portGroup(element) else { continue }
            groups.append(group)
            if let other = places.updateValue(element, forKey: group.name) {
                refuse(
                    element, "<portgroup> has the name \(quoted(group.name)) of the one \(other.place); give it another"
                )
            }
            guard group.isDefault else { continue }
            if let firstDefault {
                refuse(
                    element,
                    "<portgroup> \(quoted(group.name)) is the default, and so is \(quoted(firstDefault.name))"
                        + " \(firstDefault.element.place); only one can be")
            }
            firstDefault = firstDefault ?? (group.name, element)
        }
        return groups
    }

    mutating func portGroup(_ element: XMLElement) -> PortGroup? {
        let trust = yesNo(element, "trustGuestRxFilters")
        let vlan = element.first("vlan").flatMap { self.vlan($0) }
        let virtualPort = element.first("virtualport").flatMap { self.virtualPort($0, needsKind: false) }
        let bandwidth = element.first("bandwidth").flatMap { self.bandwidth($0) }
        guard let name = required(element, "name") else { return nil }
        var group = PortGroup(name: name)
        group.isDefault = isYes(element, "default")
        group.trustGuestRxFilters = trust
        group.vlan = vlan
        group.virtualPort = virtualPort
        group.bandwidth = bandwidth
        return group
    }
}

extension NetworkDefinition.VirtualPort.Kind {
    /// Whether a parameter means something to switches of this kind; unknown ones are told elsewhere.
    fileprivate func takes(_ parameter: String) -> Bool {
        switch parameter {
        case "managerid", "typeid", "typeidversion", "instanceid": self == .qbg
        case "interfaceid": self == .openvswitch || self == .midonet
        case "profileid": self == .openvswitch || self == .qbh
        default: true
        }
    }
}
