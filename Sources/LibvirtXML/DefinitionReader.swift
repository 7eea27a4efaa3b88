internal import NetworkModel

/// Reads values out of a document's tree and collects what is wrong with them.
///
/// A value that is wrong is noted and read as if it stood there not at all, so that one pass finds every problem. What comes
/// out is a definition only where no problem was noted. What libvirt takes and nobody can have meant is a warning.
struct DefinitionReader {
    private(set) var problems: [XMLProblem] = []
    private(set) var warnings: [XMLProblem] = []
    /// Whether words that libvirt passes over are a mistake, as they are to its schema.
    let isStrict: Bool

    init(isStrict: Bool = false) { self.isStrict = isStrict }

    mutating func refuse(_ element: XMLElement, _ message: String) {
        problems.append(XMLProblem(message, at: element))
    }

    mutating func warn(_ element: XMLElement, _ message: String) {
        warnings.append(XMLProblem(message, at: element))
    }

    /// Warns or refuses: `what` with the `effect` it has, or with the `remedy`.
    mutating func note(
        _ element: XMLElement, _ what: String, _ severity: Vocabulary.Severity, effect: String, remedy: String
    ) {
        switch severity {
        case .warning: warn(element, what + effect)
        case .error: refuse(element, what + remedy)
        }
    }

    /// Reads a document; throws where it is not well-formed or holds something else, and else notes what is wrong.
    mutating func network(
        in bytes: [UInt8], using generator: inout some RandomNumberGenerator
    ) throws(XMLProblems) -> NetworkDefinition {
        let document = try XMLDocument(parsing: bytes)
        let root = document.root
        guard root.key == "network" else {
            throw XMLProblems([XMLProblem("\(tag(root.name)) is not a network; put <network> outermost", at: root)])
        }
        return network(root, metadata: document.metadata, using: &generator)
    }

    /// Reads the `<network>` element.
    mutating func network(
        _ root: XMLElement, metadata: String?, using generator: inout some RandomNumberGenerator
    ) -> NetworkDefinition {
        Vocabulary.network.check(root, &self, unknown: isStrict ? .error : .warning)
        let uuid = uuid(root)
        var network = NetworkDefinition(name: name(root), uuid: uuid ?? .random(using: &generator))
        network.title = title(root)
        network.description = description(root)
        network.metadata = metadata
        if value(root, "ipv6") != nil { network.allowsIPv6 = yesNo(root, "ipv6") == true }
        network.trustGuestRxFilters = yesNo(root, "trustGuestRxFilters")
        network.forward = root.first("forward").flatMap { forward($0) }
        if let bridge = root.first("bridge") { network.bridge = self.bridge(bridge) }
        network.mac = root.first("mac").flatMap { mac($0) }
        network.mtu = root.all("mtu").first { $0["size"] != nil }.flatMap { mtu($0) }
        network.domain = root.first("domain").flatMap { domain($0) }
        network.dns = root.first("dns").flatMap { dns($0) }
        network.vlan = root.first("vlan").flatMap { vlan($0) }
        network.bandwidth = root.first("bandwidth").flatMap { bandwidth($0) }
        network.portsAreIsolated = root.first("port").flatMap { yesNo($0, "isolated") }
        network.ips = ips(root)
        network.routes = routes(root, by: network.ips)
        network.virtualPort = root.first("virtualport").flatMap { virtualPort($0, needsKind: true) }
        network.portGroups = portGroups(root)
        network.dnsmasqOptions = dnsmasqOptions(root)
        checkFit(of: network, root)
        // Last, since what they say must fit all the rest.
        root.first("metadata").map { extensions(in: $0, of: &network) }
        return network
    }

    private mutating func name(_ root: XMLElement) -> String {
        guard let element = root.first("name"), !element.text.isEmpty else {
            refuse(root.first("name") ?? root, "<network> has no name; write <name>…</name>")
            return ""
        }
        let name = element.text
        if name.holdsControlCharacter {
            refuse(element, "<name> holds a line break or control character; write it on one line")
        } else if name.utf8.contains(UInt8(ascii: "/")) || name == "." || name == ".." {
            refuse(
                element,
                "<name> is \(quoted(name)), which cannot name a file; choose one that is not '.' or '..' and has no '/'"
            )
        } else if name.utf8.count > Self.longestName {
            refuse(element, "<name> is \(name.utf8.count) octets long; choose one of at most \(Self.longestName)")
        }
        return name
    }

    /// In octets: a file's name has at most 255, `.xml` and the ending of its copy among them.
    private static let longestName = 247

    private mutating func uuid(_ root: XMLElement) -> NetworkUUID? {
        guard let element = root.first("uuid"), !element.text.isEmpty else { return nil }
        if let uuid = NetworkUUID(element.text) { return uuid }
        refuse(element, "<uuid> is \(quoted(element.text)); write 32 hexadecimal digits or leave the element out")
        return nil
    }

    private mutating func title(_ root: XMLElement) -> String? {
        guard let element = root.first("title"), !element.text.isEmpty else { return nil }
        if element.text.holdsControlCharacter {
            refuse(element, "<title> holds a line break or control character; write it on one line")
        }
        return element.text
    }

    private mutating func description(_ root: XMLElement) -> String? {
        guard let element = root.first("description"), !element.text.isEmpty else { return nil }
        if element.text.unicodeScalars.contains(where: { $0.isControl && $0 != "\n" && $0 != "\t" }) {
            refuse(element, "<description> holds a control character; remove it")
        }
        return element.text
    }

    private mutating func mac(_ element: XMLElement) -> MACAddress? {
        guard let text = value(element, "address") else { return nil }
        return mac(element, "address", text)
    }

    private mutating func mtu(_ element: XMLElement) -> UInt32? {
        // libvirt takes 0 for no MTU at all.
        guard let size: UInt32 = number(element, "size"), size != 0 else { return nil }
        // 68 is the least that IPv4 works with (RFC 791, section 3.2).
        if !(68...65_535).contains(size) {
            warn(element, "<mtu> of \(size) is none that a bridge can have: 68 to 65535")
        }
        return size
    }

    mutating func domain(_ element: XMLElement) -> NetworkDefinition.Domain? {
        let localOnly = yesNo(element, "localOnly")
        let register = yesNo(element, "register")
        guard let name = element["name"] else {
            warn(element, "<domain> has no 'name' and no effect")
            return nil
        }
        return .init(name: domainName(element, "name", name), localOnly: localOnly, register: register)
    }

    private mutating func dnsmasqOptions(_ root: XMLElement) -> [String] {
        let options = root.all("dnsmasq:options").flatMap { $0.all("dnsmasq:option") }
        // Which address the server has changes nothing about which lines it understands.
        let ineffective = DnsmasqOptions(options.compactMap { $0["value"] }, address: .any).ineffective
        for option in options where option["value"].map(ineffective.contains) == true {
            warn(
                option,
                "<\(option.name)> '\(option["value"] ?? "")' has no effect: vnet serves DHCP and DNS itself, without dnsmasq"
            )
        }
        var values: [String] = []
        for option in options {
            if let value = option["value"] {
                values.append(value)
            } else {
                refuse(option, "<\(option.name)> has no 'value'; add the attribute")
            }
        }
        return values
    }
}
