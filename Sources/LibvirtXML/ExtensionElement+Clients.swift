internal import NetworkModel

// `<vnet:class>` and `<vnet:boot>`: kinds of DHCP clients, and what they start from.

extension ExtensionElement {
    static let clientClass = Self("class", .many(Vocabulary(attributes: ["name"] + ClientClass.attributes))) {
        element, network, reader in
        guard let name = reader.required(element, "name"), let clients = reader.clients(element) else { return }
        if clients.isEveryone {
            reader.refuse(element, "\(tag(element.name)) says nothing; write 'mac', 'vendor', 'user' or 'arch'")
        }
        if network.extensions.clientClasses.updateValue(clients, forKey: name) != nil {
            reader.refuse(element, "name", name, "keep one: another \(tag(element.name)) has it already")
        }
    }

    static let boot = Self(
        "boot", .many(Vocabulary(attributes: ["file", "server", "class"] + ClientClass.attributes))
    ) { element, network, reader in
        guard reader.requireOwnBridge(element, network), let file = reader.required(element, "file"),
            let clients = reader.clients(element, of: network)
        else { return }
        let server = element["server"] == nil ? nil : reader.address(element, "server")
        if !network.ips.contains(where: \.hasDHCP) {
            reader.warn(element, "\(tag(element.name)) has no effect: no <ip> has <dhcp>")
        }
        network.extensions.boots.append(NetworkBoot(file: file, server: server, clients: clients))
    }
}

extension ExtensionElement {
    static let httpBoot = Self("httpBoot", .once(Vocabulary(attributes: ["port"]))) { element, network, reader in
        guard reader.requireOwnBridge(element, network) else { return }
        guard !network.bootRoots.isEmpty else {
            return reader.refuse(
                element,
                "\(tag(element.name)) gives out the files of <tftp>, and no <ip> has that; add <tftp root='…'/>")
        }
        guard let text = element["port"] else {
            network.extensions.httpBootPort = 80
            return
        }
        guard let port = UInt16(text), port > 0 else { return reader.refuse(element, "port", text, "write 1 to 65535") }
        network.extensions.httpBootPort = port
    }
}

extension ClientClass {
    /// What says in an element whom it is for.
    static let attributes = ["mac", "vendor", "user", "arch"]
}

extension DefinitionReader {
    /// The clients that the element is for: of the class it names and of what it says itself; none for everyone.
    mutating func clients(_ element: XMLElement, of network: NetworkDefinition) -> [ClientClass]? {
        guard let own = clients(element) else { return nil }
        var all = own.isEveryone ? [] : [own]
        if let name = element["class"] {
            guard let named = network.extensions.clientClasses[name] else {
                refuse(element, "class", name, "write the 'name' of a <class> that stands in this document")
                return nil
            }
            all.insert(named, at: 0)
        }
        return all
    }

    fileprivate mutating func clients(_ element: XMLElement) -> ClientClass? {
        var clients = ClientClass()
        if let text = element["mac"] {
            guard let mac = mac(element, "mac", text) else { return nil }
            clients.mac = mac
        }
        for (attribute, path) in [("vendor", \ClientClass.vendor), ("user", \.user)] {
            guard let text = element[attribute] else { continue }
            guard (1...255).contains(text.utf8.count) else {
                refuse(element, attribute, text, "write 1 to 255 octets")
                return nil
            }
            clients[keyPath: path] = text
        }
        guard let text = element["arch"] else { return clients }
        let kinds = text.split(separator: " ").map { Self.architectures(String($0)) }
        guard !kinds.isEmpty, !kinds.contains(nil) else {
            let names = ClientClass.architectureNames.map { quoted($0.key) }.joined(separator: ", ")
            refuse(element, "arch", text, "write some of \(names), or their numbers, with blanks between")
            return nil
        }
        clients.architectures = kinds.flatMap { $0 ?? [] }
        return clients
    }

    private static func architectures(_ word: String) -> [UInt16]? {
        ClientClass.architectureNames.first { $0.key == word }?.value ?? UInt16(word).map { [$0] }
    }
}
