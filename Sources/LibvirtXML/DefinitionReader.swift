internal import NetworkModel

/// Reads values out of a document's tree and collects what is wrong with them.
///
/// A value that is wrong is noted and read as if it stood there not at all, so that one pass finds every problem. What comes
/// out is a definition only where no problem was noted.
struct DefinitionReader {
    private(set) var problems: [XMLProblem] = []

    mutating func refuse(_ element: XMLElement, _ message: String) {
        problems.append(XMLProblem(message, at: element))
    }

    /// Reads the `<network>` element, whose words are known ones.
    mutating func network(
        _ root: XMLElement, metadata: String?, using generator: inout some RandomNumberGenerator
    ) -> NetworkDefinition {
        let uuid = uuid(root)
        var network = NetworkDefinition(name: name(root), uuid: uuid ?? .random(using: &generator))
        network.metadata = metadata
        root.first("metadata").map { ownMetadata($0) }
        network.forward = root.first("forward").map { forward($0) }
        if let bridge = root.first("bridge") { network.bridge = self.bridge(bridge) }
        network.mac = root.first("mac").flatMap { mac($0) }
        // libvirt takes 0 for no MTU at all; 68 is the least that IPv4 works with (RFC 791, section 3.2).
        network.mtu = root.first("mtu").flatMap { number($0, "size", 68...65_535, zeroMeansNone: true) }
        network.domain = root.first("domain").flatMap { domain($0) }
        network.dns = root.first("dns").flatMap { dns($0) }
        network.ips = ips(root)
        if let mode = network.forward?.mode, let element = root.first("forward"), root.first("ip") == nil {
            refuse(element, "<forward> with mode \(quoted(mode.rawValue)) needs an <ip> in the network; add one")
        }
        return network
    }

    /// vnet's own elements: other programs' metadata is kept unread, but who writes these counts on their effect.
    private mutating func ownMetadata(_ metadata: XMLElement) {
        for element in metadata.children where element.namespace == "urn:vnet:1" {
            for setting in element.children.isEmpty ? [element] : element.children {
                refuse(setting, "<\(setting.name)> is not supported yet; remove it")
            }
        }
    }

    private mutating func name(_ root: XMLElement) -> String {
        guard let element = root.first("name"), !element.text.isEmpty else {
            refuse(root.first("name") ?? root, "<network> has no name; write <name>…</name>")
            return ""
        }
        let name = element.text
        if name.holdsControlCharacter {
            refuse(element, "<name> holds a line break or control character; write it on one line")
        } else if name.utf8.contains(UInt8(ascii: "/")) || name.hasPrefix(".") {
            refuse(
                element,
                "<name> is \(quoted(name)), which cannot name a file; choose one that does not begin with '.' and has no '/'"
            )
        } else if name.utf8.count > 240 {
            // File names have at most 255 octets, and this one gets some more.
            refuse(element, "<name> is \(name.utf8.count) octets long; choose one of at most 240")
        }
        return name
    }

    private mutating func uuid(_ root: XMLElement) -> NetworkUUID? {
        guard let element = root.first("uuid"), !element.text.isEmpty else { return nil }
        if let uuid = NetworkUUID(element.text) { return uuid }
        refuse(element, "<uuid> is \(quoted(element.text)); write 32 hexadecimal digits or leave the element out")
        return nil
    }

    private mutating func mac(_ element: XMLElement) -> MACAddress? {
        guard let text = value(element, "address") else { return nil }
        return mac(element, "address", text)
    }

    private mutating func domain(_ element: XMLElement) -> NetworkDefinition.Domain? {
        let localOnly = yesNo(element, "localOnly")
        guard let name = required(element, "name") else { return nil }
        return .init(name: domainName(element, "name", name), localOnly: localOnly)
    }
}
