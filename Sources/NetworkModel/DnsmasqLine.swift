/// One line of dnsmasq's configuration: `key=[tag:T,…][set:T,]word,word`.
struct DnsmasqLine: Hashable, Sendable {
    let key: String
    /// `tag:`, with a `!` where the client must not have it.
    private(set) var tags: [String] = []
    /// `set:`, what the line says a client to have.
    private(set) var tagSet: String?
    /// What stands between commas, and is no tag.
    private(set) var words: [String] = []
    /// All that stands behind the first `=`.
    let value: String

    init(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        key = parts[0].trimmed
        value = parts.count == 2 ? parts[1].trimmed : ""
        guard !value.isEmpty else { return }
        for word in value.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed) {
            switch word {
            case _ where word.hasPrefix("tag:"): tags.append(String(word.dropFirst(4)))
            case _ where word.hasPrefix("set:"): tagSet = String(word.dropFirst(4))
            // The name of both in old versions, where the line's kind tells them apart.
            case _ where word.hasPrefix("net:"):
                tags.append(String(word.dropFirst(4)))
                tagSet = tags.last
            default: words.append(word)
            }
        }
    }

    // MARK: Options

    /// The option that the line is about, by its number or as `option:NAME`, and its values.
    var option: (code: UInt8, values: [String])? {
        guard let first = words.first else { return nil }
        let name = first.hasPrefix("option:") ? String(first.dropFirst(7)) : first
        guard let code = UInt8(name) ?? Self.codes[name] else { return nil }
        return (code, Array(words.dropFirst()))
    }

    /// The data of an option, in the form that the option has or that the values look like; nil where they are of none.
    static func data(of code: UInt8, _ values: [String], server: IPv4Address) -> [UInt8]? {
        guard let first = values.first else { return nil }
        if let octets = sizes[code] {
            let numbers = values.map { UInt32($0) }
            guard !numbers.contains(where: { $0.map { UInt64($0) >> UInt64(8 * octets) != 0 } ?? true }) else {
                return nil
            }
            return numbers.compactMap(\.self).flatMap { IPv4Address($0).octets.suffix(octets) }
        }
        switch code {
        case 119: return joined(values.map(encoded))
        case 121, 249: return routes(values)
        case _ where texts.contains(code): return Array(values.joined(separator: ",").utf8)
        default: break
        }
        let addresses = values.compactMap { IPv4Address($0) }.map { $0 == .any ? server : $0 }
        if addresses.count == values.count { return addresses.flatMap(\.octets) }
        let groups = first.split(separator: ":", omittingEmptySubsequences: false)
        let octets = groups.compactMap { $0.utf8.count <= 2 ? UInt8($0, radix: 16) : nil }
        if values.count == 1, groups.count > 1, octets.count == groups.count { return octets }
        if values.count == 1, let number = UInt32(first) {
            return Array(IPv4Address(number).octets.suffix(number < 256 ? 1 : number < 65_536 ? 2 : 4))
        }
        return Array(values.joined(separator: ",").utf8)
    }

    /// RFC 3442: of each destination only the octets that its prefix reaches into.
    private static func routes(_ values: [String]) -> [UInt8]? {
        guard values.count.isMultiple(of: 2) else { return nil }
        return joined(
            stride(from: 0, to: values.count, by: 2).map { index in
                let parts = values[index].split(separator: "/")
                guard let base = parts.first.flatMap({ IPv4Address($0) }), let router = IPv4Address(values[index + 1]),
                    let length = parts.count == 2 ? Int(parts[1]) : 32, (0...32).contains(length)
                else { return nil }
                return [UInt8(length)] + base.octets.prefix((length + 7) / 8) + router.octets
            })
    }

    /// A name as DNS has it on the wire (RFC 1035, section 3.1).
    private static func encoded(_ name: String) -> [UInt8]? {
        let labels = name.split(separator: ".")
        guard !labels.isEmpty, labels.allSatisfy({ (1...63).contains($0.utf8.count) }) else { return nil }
        return labels.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    private static func joined(_ parts: [[UInt8]?]) -> [UInt8]? {
        parts.contains { $0 == nil } ? nil : parts.flatMap { $0 ?? [] }
    }

    /// dnsmasq's names of the options that a document can set.
    private static let codes: [String: UInt8] = [
        "time-offset": 2, "router": 3, "dns-server": 6, "log-server": 7, "lpr-server": 9, "hostname": 12,
        "boot-file-size": 13, "domain-name": 15, "swap-server": 16, "root-path": 17, "extension-path": 18,
        "ip-forward-enable": 19, "policy-filter": 21, "default-ttl": 23, "mtu": 26, "broadcast": 28,
        "router-discovery": 31, "router-solicitation": 32, "static-route": 33, "nis-domain": 40, "nis-server": 41,
        "ntp-server": 42, "vendor-encap": 43, "netbios-ns": 44, "netbios-dd": 45, "netbios-nodetype": 46,
        "netbios-scope": 47, "x-windows-fs": 48, "x-windows-dm": 49, "vendor-class": 60, "nis+-domain": 64,
        "nis+-server": 65, "tftp-server": 66, "bootfile-name": 67, "mobile-ip-home": 68, "smtp-server": 69,
        "pop3-server": 70, "nntp-server": 71, "irc-server": 74, "user-class": 77, "client-arch": 93,
        "client-interface-id": 94, "client-machine-id": 97, "posix-timezone": 100, "tzdb-timezone": 101,
        "ipv6-only": 108, "domain-search": 119, "sip-server": 120, "classless-static-route": 121,
        "server-ip-address": 150, "tftp-server-address": 150,
    ]
    /// The octets of numbers (RFC 2132; RFC 4578, section 2.1, for 93; RFC 8925 for 108).
    private static let sizes: [UInt8: Int] = [
        2: 4, 13: 2, 19: 1, 23: 1, 26: 2, 31: 1, 46: 1, 93: 2, 108: 4,
    ]
    private static let texts: Set<UInt8> = [12, 15, 17, 18, 40, 47, 60, 64, 66, 67, 77, 100, 101, 114, 252]

    // MARK: Reservations

    /// What `dhcp-host` keeps for one client; nil where it says more than that, or not enough.
    var reservation: NetworkDefinition.IP.Reservation? {
        guard tags.isEmpty, tagSet == nil else { return nil }
        var found: (mac: String?, name: String?, address: IPv4Address?, lease: NetworkDefinition.IP.LeaseTime?)
        for word in words {
            if MACAddress(word) != nil, found.mac == nil {
                found.mac = word
            } else if let address = IPv4Address(word), found.address == nil {
                found.address = address
            } else if let lease = Self.lease(word), found.lease == nil {
                found.lease = lease
            } else if found.name == nil, Self.isName(word) {
                found.name = word
            } else {
                return nil
            }
        }
        guard let address = found.address, found.mac != nil || found.name != nil else { return nil }
        return .init(mac: found.mac, name: found.name, address: .v4(address), lease: found.lease)
    }

    private static func lease(_ word: String) -> NetworkDefinition.IP.LeaseTime? {
        if word == "infinite" { return .init(expiry: 0) }
        switch (word.last, UInt64(word.dropLast())) {
        case ("h", let number?): return .init(expiry: number, unit: .hours)
        case ("m", let number?): return .init(expiry: number, unit: .minutes)
        case ("s", let number?): return .init(expiry: number, unit: .seconds)
        default: return UInt64(word).map { .init(expiry: $0, unit: .seconds) }
        }
    }

    /// Whether the word is a host name, and none of the words that dnsmasq takes for something else.
    private static func isName(_ word: String) -> Bool {
        word != "ignore" && !word.isEmpty
            && word.utf8.allSatisfy { octet in
                switch octet {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        var part = Substring(self)
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return String(part)
    }
}
