internal import NetworkModel

// `<bridge>` and `<forward>`: the link itself and where it leads.

extension DefinitionReader {
    mutating func bridge(_ element: XMLElement) -> NetworkDefinition.Bridge {
        let name = value(element, "name")
        if let name, !isBridgeName(name) {
            refuse(
                element, "name", name,
                "write at most 15 letters, digits, '.', '_' or '-', or a template with one %d such as 'virbr%d'")
        }
        // As libvirt: all but "off" is on. A delay of more than 30 s the kernel cuts down, whatever its size.
        let delay: UInt64 = number(element, "delay", 0...UInt64(Int32.max)) ?? 0
        return .init(name: name, stp: element["stp"] != "off", delay: delay)
    }

    /// Whether every name that comes of `text` is one: `%d` stands for a number from 0 to 256.
    private func isBridgeName(_ text: String) -> Bool {
        let parts = text.split(separator: "%", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return InterfaceName(text) != nil
        case 2 where parts[1].first == "d":
            return InterfaceName("\(parts[0])256\(parts[1].dropFirst())") != nil
        default: return false
        }
    }

    /// Without a mode the network is a NAT network, as in libvirt.
    mutating func forward(_ element: XMLElement) -> NetworkDefinition.Forward {
        var forward = NetworkDefinition.Forward(mode: mode(element) ?? .nat)
        forward.device = device(element)
        if forward.mode == .open, value(element, "dev") != nil || element.first("interface") != nil {
            refuse(element, "<forward> with mode 'open' has no rules that a device could limit; remove the device")
        }
        if let nat = element.first("nat") { checkIsDefault(nat, mode: forward.mode) }
        return forward
    }

    private mutating func mode(_ element: XMLElement) -> NetworkDefinition.Forward.Mode? {
        guard let text = value(element, "mode") else { return nil }
        if let mode = NetworkDefinition.Forward.Mode(rawValue: text) { return mode }
        if ["bridge", "private", "vepa", "passthrough", "hostdev"].contains(text) {
            refuse(element, "mode \(quoted(text)) of <forward> is not supported yet; use 'nat', 'route' or 'open'")
        } else {
            refuse(element, "mode", text, "write 'nat', 'route' or 'open', or remove <forward> to isolate the network")
        }
        return nil
    }

    /// The device of `dev` and of the `<interface>` that repeats it or stands for it.
    private mutating func device(_ element: XMLElement) -> InterfaceName? {
        let device = value(element, "dev").flatMap { interfaceName(element, "dev", $0) }
        var first: InterfaceName?
        for (index, interface) in element.all("interface").enumerated() {
            guard let text = required(interface, "dev"), let name = interfaceName(interface, "dev", text) else {
                continue
            }
            if index > 0 {
                refuse(interface, "<interface> is the second of <forward>, and only one device is supported; keep one")
            } else if let device, device != name {
                refuse(interface, "dev", text, "write \(quoted(device.description)), as <forward> has it")
            }
            first = first ?? name
        }
        return device ?? first
    }

    /// Refuses what is not the default: there is no `<port>`, or it is the one libvirt writes for a running network.
    private mutating func checkIsDefault(_ nat: XMLElement, mode: NetworkDefinition.Forward.Mode) {
        guard mode == .nat else {
            return refuse(nat, "<nat> is for mode 'nat', and the mode is \(quoted(mode.rawValue)); remove it")
        }
        guard let port = nat.first("port") else { return }
        let all: ClosedRange<UInt16> = 0...UInt16.max
        guard required(port, "start") != nil, required(port, "end") != nil,
            let start = number(port, "start", all), let end = number(port, "end", all)
        else { return }
        if (start, end) != (1_024, 65_535), (start, end) != (0, 0) {
            refuse(port, "<port> \(start) to \(end) is not supported yet; remove it for the default, 1024 to 65535")
        }
    }
}
