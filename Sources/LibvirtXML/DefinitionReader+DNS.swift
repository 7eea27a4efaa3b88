internal import NetworkModel

// `<dns>`: name service and its records.

extension DefinitionReader {
    typealias DNS = NetworkDefinition.DNS

    /// Returns nil for an element that says nothing: libvirt does not keep it.
    mutating func dns(_ element: XMLElement) -> DNS? {
        var dns = DNS()
        dns.enable = yesNo(element, "enable")
        dns.forwardPlainNames = yesNo(element, "forwardPlainNames")
        for child in element.children {
            switch child.key {
            case "forwarder": if let forwarder = forwarder(child) { dns.forwarders.append(forwarder) }
            case "txt": if let text = text(child) { dns.texts.append(text) }
            case "srv": if let service = service(child) { dns.services.append(service) }
            case "host": if let host = dnsHost(child) { dns.hosts.append(host) }
            default: continue
            }
            if dns.enable == false {
                refuse(child, "\(tag(child.name)) has no effect in <dns enable='no'>; remove it, or enable='no'")
            }
        }
        return dns == DNS() ? nil : dns
    }

    private mutating func forwarder(_ element: XMLElement) -> DNS.Forwarder? {
        let address = element["addr"] == nil ? nil : address(element, "addr")
        let domain = element["domain"].map { domainName(element, "domain", $0) }
        let port: UInt16? = number(element, "port", 1 ... .max)
        if element["addr"] == nil, domain == nil {
            refuse(element, "<forwarder> has neither 'addr' nor 'domain'; add the server to ask, or the domain")
            return nil
        }
        if port != nil, element["addr"] == nil { warn(element, "'port' of <forwarder> has no effect without 'addr'") }
        return .init(domain: domain, address: address, port: port)
    }

    mutating func text(_ element: XMLElement) -> DNS.Text? {
        let name = textName(element)
        guard let value = present(element, "value") else { return nil }
        if value.utf8.count > Self.longestText {
            warn(
                element,
                "<txt> value is \(value.utf8.count) octets long and never served: at most \(Self.longestText) can be")
        }
        return name.map { .init(name: $0, value: value) }
    }

    mutating func textName(_ element: XMLElement) -> String? {
        guard let name = present(element, "name") else { return nil }
        if name.contains(where: { $0 == " " || $0 == "," }) {
            refuse(element, "name", name, "write a domain name without blanks and commas")
        } else if !isTextRecordName(name) {
            warn(element, "attribute 'name' of <txt> is \(quoted(name)), which \(Self.notADomainName)")
        }
        return name
    }

    /// In octets: a record's data are at most 65,535, in strings of at most 255 with their length before each (RFC 1035,
    /// sections 3.2.1 and 3.3.14).
    private static let longestText = 65_279

    mutating func service(_ element: XMLElement) -> DNS.Service? {
        let keys = serviceKeys(element)
        guard present(element, "service") != nil, present(element, "protocol") != nil else { return nil }
        guard let name = keys.service, let proto = keys.proto else { return nil }
        var service = DNS.Service(service: name, proto: proto)
        service.domain = keys.domain
        service.target = keys.target
        service.port = number(element, "port", 1 ... .max)
        // libvirt does not write a 0.
        service.priority = number(element, "priority").flatMap { $0 == 0 ? nil : $0 }
        service.weight = number(element, "weight").flatMap { $0 == 0 ? nil : $0 }
        if service.target == nil,
            let extra = ["port", "priority", "weight"].first(where: { value(element, $0) != nil })
        {
            refuse(element, "<srv> has \(quoted(extra)) and no 'target'; add the target, or remove \(quoted(extra))")
        }
        return service
    }

    /// What an SRV record is known by, each part where it stands there.
    mutating func serviceKeys(
        _ element: XMLElement
    ) -> (service: String?, proto: String?, domain: String?, target: String?) {
        (
            serviceLabel(element, "service", longest: 482, others: "_-+/*"),
            serviceLabel(element, "protocol", longest: .max, others: "-+/"),
            element["domain"].map { domainName(element, "domain", $0) },
            element["target"].map { $0 == "." ? $0 : domainName(element, "target", $0) }
        )
    }

    /// A label that is written without its leading underscore, which takes one of its 63 octets.
    ///
    /// libvirt allows more of them than DNS does.
    private mutating func serviceLabel(
        _ element: XMLElement, _ attribute: String, longest: Int, others: String
    ) -> String? {
        guard let text = element[attribute] else { return nil }
        let isPlain = text.utf8.allSatisfy { isAlphanumeric($0) || others.utf8.contains($0) }
        if text.utf8.count > longest || !isPlain {
            let allowed = others.map { "'\($0)'" }.joined(separator: " ")
            refuse(element, attribute, text, "write at most 62 letters, digits and \(allowed)")
        } else if !(1...62).contains(text.utf8.count) {
            warn(element, "attribute \(quoted(attribute)) of <srv> is \(quoted(text)) and never served: 1 to 62 octets")
        }
        return text
    }

    private mutating func dnsHost(_ element: XMLElement) -> DNS.Host? {
        let address = address(element, "ip")
        let names = hostNames(element)
        if names.isEmpty { refuse(element, "<host> has no <hostname>; add one") }
        return address.map { .init(address: $0, names: names) }
    }

    /// Empty ones are none to libvirt.
    mutating func hostNames(_ element: XMLElement) -> [String] {
        let names = element.all("hostname").filter { !$0.text.isEmpty }
        for name in names where !isDomainName(name.text) {
            warn(name, "<hostname> is \(quoted(name.text)), which \(Self.notADomainName)")
        }
        for name in names where name.text.holdsControlCharacter {
            refuse(name, "<hostname> holds a line break or control character; remove it")
        }
        return names.map(\.text)
    }
}
