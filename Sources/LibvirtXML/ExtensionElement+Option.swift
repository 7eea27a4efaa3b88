internal import NetworkModel

extension ExtensionElement {
    static let option = Self(
        "option", .many(Vocabulary(attributes: ["family", "code", "value", "hex", "class"] + ClientClass.attributes))
    ) { element, network, reader in
        guard reader.requireOwnBridge(element, network), var option = reader.dhcpOption(element),
            let clients = reader.clients(element, of: network)
        else { return }
        option.clients = clients
        let isThere = network.extensions.dhcpOptions.contains {
            $0.family == option.family && $0.code == option.code && $0.clients == option.clients
        }
        if isThere {
            reader.refuse(element, "code", "\(option.code)", "keep one: another \(tag(element.name)) has it already")
        }
        network.extensions.dhcpOptions.append(option)
    }
}

extension DefinitionReader {
    mutating func dhcpOption(_ element: XMLElement) -> DHCPOption? {
        let family = family(element) ?? .ipv4
        guard required(element, "code") != nil,
            let code: UInt16 = number(element, "code", 1...(family == .ipv4 ? 254 : .max))
        else { return nil }
        if DHCPOption.isReserved(code, family) {
            refuse(
                element, "code", "\(code)", "choose another: what it says is the server's or the client's own to say")
            return nil
        }
        switch (element["value"], element["hex"]) {
        case (nil, nil), (_?, _?):
            refuse(element, "\(tag(element.name)) needs either 'value' or 'hex'")
            return nil
        case (nil, let hex?): return data(element, hex).map { DHCPOption(family, code: code, data: $0) }
        case (let value?, nil):
            if let option = DHCPOption(family, code: code, value: value) { return option }
            let remedy = DHCPOption.form(of: code, family)?.remedy
            refuse(
                element, "value", value,
                remedy ?? "write 'hex' with the octets instead: what option \(code) holds is not known here")
            return nil
        }
    }

    /// Octets in hexadecimal, two digits each, with or without colons between.
    private mutating func data(_ element: XMLElement, _ text: String) -> [UInt8]? {
        let digits = text.utf8.filter { $0 != UInt8(ascii: ":") }
        let octets = stride(from: 0, to: digits.count - digits.count % 2, by: 2).map {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        guard digits.count % 2 == 0, (1...255).contains(octets.count), !octets.contains(nil),
            !digits.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") })
        else {
            refuse(element, "hex", text, "write 1 to 255 octets of two hexadecimal digits, such as 0a:00:2b")
            return nil
        }
        return octets.compactMap(\.self)
    }
}
