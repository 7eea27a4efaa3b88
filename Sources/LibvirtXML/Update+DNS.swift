internal import NetworkModel

// Records of DNS.

extension Update {
    mutating func dnsHost() throws(UpdateError) {
        let address = element["ip"] == nil ? nil : reader.address(element, "ip")
        let names = reader.hostNames(element)
        if command == .delete {
            if element["ip"] == nil, names.isEmpty {
                reader.refuse(element, "<host> has neither 'ip' nor <hostname>; say which one is meant")
            }
        } else {
            if element["ip"] == nil { reader.refuse(element, "<host> has no 'ip'; add the attribute") }
            if names.isEmpty { reader.refuse(element, "<host> has no <hostname>; add one") }
        }
        _ = try sound(element)
        var dns = network.dns ?? .init()
        if command == .delete {
            let found = dns.hosts.indices.filter { index in
                dns.hosts[index].address == address || !Set(dns.hosts[index].names).isDisjoint(with: names)
            }
            try removeOnly(found, of: &dns.hosts, "such <host> in <dns>")
        } else if let address {
            if dns.hosts.contains(where: { $0.address == address }) {
                throw existsAlready("<host ip='\(address)'> in <dns>")
            }
            insert(.init(address: address, names: names), into: &dns.hosts)
        }
        try keep(dns)
    }

    mutating func dnsText() throws(UpdateError) {
        var dns = network.dns ?? .init()
        if command == .delete {
            let found = reader.textName(element)
            let name = try sound(found)
            guard let index = dns.texts.firstIndex(where: { $0.name == name }) else {
                throw .refused("network '\(network.name)' has no <txt name=\(quoted(name))>")
            }
            dns.texts.remove(at: index)
        } else {
            let found = reader.text(element)
            let text = try sound(found)
            if dns.texts.contains(where: { $0.name == text.name }) {
                throw existsAlready("<txt name=\(quoted(text.name))>")
            }
            insert(text, into: &dns.texts)
        }
        try keep(dns)
    }

    mutating func dnsService() throws(UpdateError) {
        var dns = network.dns ?? .init()
        let keys = reader.serviceKeys(element)
        let found = dns.services.indices.filter { index in
            let service = dns.services[index]
            return (keys.service == nil || keys.service == service.service)
                && (keys.proto == nil || keys.proto == service.proto)
                && (keys.domain == nil || keys.domain == service.domain)
                && (keys.target == nil || keys.target == service.target)
        }
        if command == .delete {
            if keys.service == nil, keys.proto == nil, keys.domain == nil, keys.target == nil {
                reader.refuse(element, "<srv> has no attribute; say which one is meant")
            }
            _ = try sound(element)
            try removeOnly(found, of: &dns.services, "such <srv>")
        } else {
            let complete = reader.service(element)
            let service = try sound(complete)
            if !found.isEmpty { throw existsAlready("<srv service='\(service.service)' protocol='\(service.proto)'>") }
            insert(service, into: &dns.services)
        }
        try keep(dns)
    }

    private mutating func keep(_ dns: NetworkDefinition.DNS) throws(UpdateError) {
        guard dns.enable != false else {
            throw .refused("<dns> of network '\(network.name)' has enable='no': nothing can be served by it")
        }
        network.dns = dns
    }
}
