public import NetworkModel

/// Why `net-update` changes nothing.
public enum UpdateError: Error, Hashable, CustomStringConvertible {
    /// The element is not well-formed, is another one than the section's, or holds wrong values.
    case document(XMLProblems)
    /// The section cannot be changed in this way, whatever the element says.
    case unsupported(String)
    /// The network does not hold what is to be changed, holds already what is to be added, or would no longer be one.
    case refused(String)

    public var description: String {
        switch self {
        case .document(let problems): problems.description
        case .unsupported(let message), .refused(let message): message
        }
    }
}

extension NetworkDefinition {
    /// The network with one element added, replaced or removed, as `virsh net-update` does it; and in the sections that libvirt
    /// knows and cannot update, in the same way.
    ///
    /// - Parameters:
    ///   - command: Whether to add, and at which end, to replace or to delete.
    ///   - section: The kind of element.
    ///   - xml: The element alone: `<host …/>`. To delete, what it is known by is enough.
    ///   - parentIndex: For the sections of DHCP the `<ip>` it belongs to, from 0 in the order of the document; -1 for the
    ///     first that has DHCP, else the first IPv4 one, else the first.
    /// - Returns: A definition that its own document is read as.
    /// - Throws: Why nothing can be changed; of the element everything that is wrong.
    public func updated(
        _ command: UpdateCommand, _ section: UpdateSection, with xml: [UInt8], parentIndex: Int = -1
    ) throws(UpdateError) -> NetworkDefinition {
        let path = section.path
        let name = path.last ?? ""
        if command == .modify, !section.canModify {
            throw .unsupported("<\(name)> cannot be modified, only added or deleted: delete it, and add the new one")
        }
        let element: XMLElement
        do {
            element = try XMLDocument(parsing: xml).root
        } catch {
            throw .document(error)
        }
        guard element.key == name else {
            throw .document(
                XMLProblems([
                    XMLProblem(
                        "\(tag(element.name)) stands where section '\(section.rawValue)' has <\(name)>", at: element)
                ]))
        }
        var update = Update(network: self, command: command, element: element, parentIndex: parentIndex)
        Vocabulary.network[path]?.check(element, &update.reader)
        try update.apply(to: section)
        return try update.network.normalized
    }

    /// The definition without what libvirt does not write; throws where it is none.
    var normalized: Self {
        get throws(UpdateError) {
            var generator = SystemRandomNumberGenerator()
            do {
                return try NetworkDefinition(libvirtXML: [UInt8](libvirtXML.utf8), using: &generator)
            } catch {
                // Lines of a document that nobody wrote would mean nothing.
                throw .refused(error.problems.map(\.message).joined(separator: "\n"))
            }
        }
    }
}

extension UpdateSection {
    /// Where the element that `net-update` takes stands in a network.
    fileprivate var path: [String] {
        switch self {
        case .dhcpHost: ["ip", "dhcp", "host"]
        case .dhcpRange: ["ip", "dhcp", "range"]
        case .forwardInterface: ["forward", "interface"]
        case .portGroup: ["portgroup"]
        case .dnsHost: ["dns", "host"]
        case .dnsText: ["dns", "txt"]
        case .dnsService: ["dns", "srv"]
        case .bridge: ["bridge"]
        case .domain: ["domain"]
        case .ip: ["ip"]
        case .forward: ["forward"]
        case .forwardPF: ["forward", "pf"]
        }
    }

    fileprivate var canModify: Bool {
        switch self {
        case .dhcpHost, .portGroup, .bridge, .domain, .ip, .forward, .forwardPF: true
        case .dhcpRange, .forwardInterface, .dnsHost, .dnsText, .dnsService: false
        }
    }
}
