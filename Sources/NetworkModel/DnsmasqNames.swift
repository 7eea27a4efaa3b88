/// What dnsmasq's options say about names: those lines of `<dnsmasq:options>` that have a meaning for any name server.
struct DnsmasqNames: Hashable, Sendable {
    typealias DNS = ServiceConfiguration.DNS

    private(set) var hosts: [DNS.Host] = []
    private(set) var texts: [DNS.Text] = []
    private(set) var services: [DNS.Service] = []
    private(set) var aliases: [DNS.Alias] = []
    private(set) var fixedDomains: [DNS.FixedDomain] = []
    private(set) var forwarders: [NetworkDefinition.DNS.Forwarder] = []
    /// Domains about which nobody is to be asked.
    private(set) var closedDomains: [String] = []
    private(set) var refusesPrivateAddresses = false
    private(set) var logsQueries = false

    /// Whether the line is about names and understood; else it changes nothing here.
    mutating func read(_ line: DnsmasqLine) -> Bool {
        switch line.key {
        case "address": return readAddress(line.value)
        case "server", "local": return readServer(line.value)
        case "cname": return readAlias(line.value)
        case "host-record": return readHost(line.value)
        case "txt-record": return readText(line.value)
        case "srv-host": return readService(line.value)
        case "stop-dns-rebind":
            refusesPrivateAddresses = true
            return line.value.isEmpty
        case "log-queries":
            logsQueries = true
            return line.value.isEmpty || line.value == "extra"
        default: return false
        }
    }

    /// `/DOMAIN/DOMAIN/ADDRESS`, where `#` is the null address of both families, and nothing means that there is no such name.
    private mutating func readAddress(_ value: String) -> Bool {
        guard let (domains, rest) = Self.domains(of: value) else { return false }
        let addresses: [IPAddress]
        switch rest {
        case "": addresses = []
        case "#": addresses = [.v4(IPv4Address(0)), .v6(IPv6Address(0))]
        default:
            guard let address = IPAddress(rest) else { return false }
            addresses = [address]
        }
        for domain in domains {
            if let index = fixedDomains.firstIndex(where: { $0.name == domain }) {
                fixedDomains[index].addresses += addresses
            } else {
                fixedDomains.append(.init(name: domain, addresses: addresses))
            }
        }
        return !domains.isEmpty
    }

    /// `ADDRESS#PORT`, or the same for some domains: `/DOMAIN/DOMAIN/ADDRESS#PORT`, `#` for the common servers, nothing for
    /// none.
    private mutating func readServer(_ value: String) -> Bool {
        guard let (domains, rest) = Self.domains(of: value) else {
            guard let (address, port) = Self.server(value) else { return false }
            forwarders.append(.init(address: address, port: port))
            return true
        }
        switch rest {
        case "": closedDomains += domains
        case "#": forwarders += domains.map { .init(domain: $0) }
        default:
            guard let (address, port) = Self.server(rest) else { return false }
            forwarders += domains.map { .init(domain: $0, address: address, port: port) }
        }
        return !domains.isEmpty
    }

    /// `ALIAS,ALIAS,TARGET`, and perhaps a TTL behind.
    private mutating func readAlias(_ value: String) -> Bool {
        var words = Self.words(of: value)
        if words.count > 2, words.last.flatMap({ UInt32($0) }) != nil { words.removeLast() }
        guard words.count >= 2, let target = words.popLast() else { return false }
        aliases += words.map { .init(name: $0, target: target) }
        return true
    }

    /// `NAME,NAME,ADDRESS,ADDRESS`, and perhaps a TTL behind.
    private mutating func readHost(_ value: String) -> Bool {
        let words = Self.words(of: value)
        let addresses = words.compactMap { IPAddress($0) }
        let names = words.filter { IPAddress($0) == nil && UInt32($0) == nil }
        guard !addresses.isEmpty, !names.isEmpty else { return false }
        hosts += names.map { .init(name: $0, addresses: addresses) }
        return true
    }

    /// `NAME,TEXT,TEXT`, each in quotes where it has commas.
    private mutating func readText(_ value: String) -> Bool {
        let words = Self.words(of: value)
        guard let name = words.first, !name.isEmpty else { return false }
        let values = words.count > 1 ? Array(words.dropFirst()) : [""]
        texts.append(.init(name: name, value: values.joined()))
        return true
    }

    /// `_SERVICE._PROTOCOL.DOMAIN,TARGET,PORT,PRIORITY,WEIGHT`, of which all but the first may be missing.
    private mutating func readService(_ value: String) -> Bool {
        let words = Self.words(of: value)
        guard let name = words.first, !name.isEmpty else { return false }
        func number(_ index: Int, _ silent: UInt16) -> UInt16? {
            words.indices.contains(index) && !words[index].isEmpty ? UInt16(words[index]) : silent
        }
        guard let port = number(2, 1), let priority = number(3, 0), let weight = number(4, 0) else {
            return false
        }
        let target = words.count > 1 && !words[1].isEmpty ? words[1] : "."
        services.append(.init(name: name, target: target, port: port, priority: priority, weight: weight))
        return true
    }

    /// The domains between slashes and what follows them; nil where there are none.
    private static func domains(of value: String) -> (domains: [String], rest: String)? {
        guard value.hasPrefix("/") else { return nil }
        var parts = value.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        guard parts.count >= 2, let rest = parts.popLast() else { return nil }
        // A leading "*." means the same as nothing, and so does a dot.
        return (parts.map { $0.hasPrefix("*.") ? String($0.dropFirst(2)) : $0 }.filter { !$0.isEmpty }, rest)
    }

    private static func server(_ text: String) -> (IPAddress, UInt16?)? {
        // What follows "@" is an interface or a source address: the kernel chooses both.
        let parts = (text.split(separator: "@").first ?? "").split(separator: "#")
        guard let address = parts.first.flatMap({ IPAddress($0) }), parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return (address, nil) }
        return UInt16(parts[1]).map { (address, $0) }
    }

    /// What stands between commas outside of quotes, without the quotes.
    private static func words(of value: String) -> [String] {
        var words = [""]
        var isQuoted = false
        for character in value {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: words.append("")
            default: words[words.count - 1].append(character)
            }
        }
        return words.map(\.trimmed)
    }
}
