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
            switch child.name {
            case "forwarder": if let forwarder = forwarder(child) { dns.forwarders.append(forwarder) }
            case "txt": if let text = text(child) { dns.texts.append(text) }
            case "srv": if let service = service(child) { dns.services.append(service) }
            case "host": if let host = host(child) { dns.hosts.append(host) }
            default: break  // refused already
            }
        }
        if dns.enable == false, let child = element.children.first {
            refuse(child, "\(tag(child.name)) has no effect in <dns enable='no'>; remove it, or enable='no'")
        }
        return dns == DNS() ? nil : dns
    }

    private mutating func forwarder(_ element: XMLElement) -> DNS.Forwarder? {
        let address = element["addr"] == nil ? nil : address(element, "addr")
        let domain = element["domain"].map { domainName(element, "domain", $0) }
        if element["addr"] == nil, domain == nil {
            refuse(element, "<forwarder> has neither 'addr' nor 'domain'; add the server to ask, or the domain")
            return nil
        }
        return .init(domain: domain, address: address)
    }

    private mutating func text(_ element: XMLElement) -> DNS.Text? {
        let name = required(element, "name")
        if let name, !isTextRecordName(name) {
            refuse(element, "name", name, "write a domain name without blanks and commas")
        }
        guard let value = element["value"] else {
            refuse(element, "<txt> has no 'value'; add the attribute")
            return nil
        }
        if value.utf8.count > Self.longestText {
            refuse(element, "<txt> value is \(value.utf8.count) octets long; write at most \(Self.longestText)")
        }
        return name.map { .init(name: $0, value: value) }
    }

    /// In octets: a record's data are at most 65,535, in strings of at most 255 with their length before each (RFC 1035,
    /// sections 3.2.1 and 3.3.14).
    private static let longestText = 65_279

    private mutating func service(_ element: XMLElement) -> DNS.Service? {
        let target = element["target"].map { $0 == "." ? $0 : domainName(element, "target", $0) }
        let name = serviceLabel(element, "service", others: "_-+/*")
        let proto = serviceLabel(element, "protocol", others: "-+/")
        guard let name, let proto else { return nil }
        var service = DNS.Service(service: name, proto: proto)
        service.domain = element["domain"].map { domainName(element, "domain", $0) }
        service.target = target
        service.port = number(element, "port", 1...UInt16.max)
        // libvirt does not write a 0.
        service.priority = number(element, "priority", 0...UInt16.max, zeroMeansNone: true).flatMap {
            $0 == 0 ? nil : $0
        }
        service.weight = number(element, "weight", 0...UInt16.max, zeroMeansNone: true)
        if target == nil, let extra = ["port", "priority", "weight"].first(where: { element[$0] != nil }) {
            refuse(element, "<srv> has \(quoted(extra)) and no 'target'; add the target, or remove \(quoted(extra))")
        }
        return service
    }

    /// A label that is written without its leading underscore, which takes one of its 63 octets.
    private mutating func serviceLabel(_ element: XMLElement, _ attribute: String, others: String) -> String? {
        guard let text = required(element, attribute) else { return nil }
        let isPlain = text.utf8.allSatisfy { isAlphanumeric($0) || others.utf8.contains($0) }
        if text.utf8.count > 62 || !isPlain {
            let allowed = others.map { "'\($0)'" }.joined(separator: " ")
            refuse(element, attribute, text, "write at most 62 letters, digits and \(allowed)")
        }
        return text
    }

    private mutating func host(_ element: XMLElement) -> DNS.Host? {
        let address = address(element, "ip")
        let names = element.all("hostname")
        if names.isEmpty { refuse(element, "<host> has no <hostname>; add one") }
        for name in names where !isDomainName(name.text) {
            refuse(name, "<hostname> is \(quoted(name.text)); \(Self.domainNameRemedy)")
        }
        return address.map { .init(address: $0, names: names.map(\.text)) }
    }
}
