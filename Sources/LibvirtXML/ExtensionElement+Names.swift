internal import NetworkModel

// Names beside those of <dns>: aliases, and answers about whole domains.

extension ExtensionElement {
    static let cname = Self("cname", .many(Vocabulary(attributes: ["name", "target"]))) { element, network, reader in
        guard reader.requireNames(element, network), let name = reader.name(element, "name"),
            let target = reader.name(element, "target")
        else { return }
        if network.extensions.aliases.contains(where: { $0.name.lowercased() == name.lowercased() }) {
            return reader.refuse(
                element, "name", name, "keep one: another \(tag(element.name)) has it, and an alias has one target")
        }
        network.extensions.aliases.append(.init(name: name, target: target))
    }

    static let address = Self("address", .many(Vocabulary(attributes: ["domain", "ip"]))) {
        element, network, reader in
        guard reader.requireNames(element, network), let domain = reader.name(element, "domain") else { return }
        let addresses: [IPAddress]
        if element["ip"] == nil {
            addresses = []
        } else {
            guard let address = reader.address(element, "ip") else { return }
            addresses = [address]
        }
        let index = network.extensions.fixedDomains.firstIndex { $0.name.lowercased() == domain.lowercased() }
        guard let index else {
            return network.extensions.fixedDomains.append(.init(name: domain, addresses: addresses))
        }
        if network.extensions.fixedDomains[index].addresses.isEmpty || addresses.isEmpty {
            return reader.refuse(
                element, "domain", domain,
                "keep one: without 'ip' the domain does not exist, and another says otherwise")
        }
        network.extensions.fixedDomains[index].addresses += addresses
    }
}

extension DefinitionReader {
    fileprivate mutating func name(_ element: XMLElement, _ attribute: String) -> String? {
        guard let name = required(element, attribute) else { return nil }
        if isDomainName(name) { return name }
        refuse(
            element, attribute, name, "write a domain name: labels of letters, digits, '-' and '_' with dots between")
        return nil
    }

    /// Refuses the element on a network that has no name service.
    fileprivate mutating func requireNames(_ element: XMLElement, _ network: NetworkDefinition) -> Bool {
        guard requireOwnBridge(element, network) else { return false }
        guard network.dns?.enable == false else { return true }
        refuse(element, "\(tag(element.name)) has no effect with <dns enable='no'>; remove it, or enable='no'")
        return false
    }
}
