internal import NetworkModel

// `<bridge>`: the link itself.

extension DefinitionReader {
    mutating func bridge(_ element: XMLElement) -> NetworkDefinition.Bridge {
        let name = value(element, "name")
        if let name, !isBridgeName(name) {
            warn(
                element, "name", name,
                "names no interface; write at most 15 letters, digits, '.', '_' or '-', or a template with one %d such"
                    + " as 'virbr%d'")
        }
        if let stp = element["stp"], stp != "on", stp != "off" {
            warn(element, "stp", stp, "counts as 'on'; write 'on' or 'off'")
        }
        // As libvirt: all but "off" is on. A delay of more than 30 s the kernel cuts down, whatever its size.
        let delay: UInt64 = number(element, "delay", 0...UInt64(Int64.max)) ?? 0
        // As libvirt: what is no template, for all its %d, is the default one.
        let isTemplate = name?.contains("%d") == true
        let isNone = isTemplate && name.map { $0.utf8.filter { $0 == UInt8(ascii: "%") }.count } != 1
        var bridge = NetworkDefinition.Bridge(name: isNone ? nil : name, stp: element["stp"] != "off", delay: delay)
        bridge.zone = value(element, "zone")
        bridge.macTableManager = choice(element, "macTableManager", "write 'kernel' or 'libvirt'")
        return bridge
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
}
