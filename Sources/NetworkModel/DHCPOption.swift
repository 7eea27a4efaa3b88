/// An option that DHCP sends to clients because the document says so (`<vnet:option>`).
public struct DHCPOption: Hashable, Sendable, Codable {
    public var family: AddressFamily
    /// 1 to 254 for IPv4, from 1 on for IPv6.
    public var code: UInt16
    /// The option's data as they are sent.
    public var data: [UInt8]
    /// It is for clients that are of all of them; what is for some comes before what is for all.
    public var clients: [ClientClass]

    public init(_ family: AddressFamily, code: UInt16, data: [UInt8], clients: [ClientClass] = []) {
        self.family = family
        self.code = code
        self.data = data
        self.clients = clients
    }
}

extension DHCPOption {
    /// How a person writes what an option holds.
    public enum Form: Hashable, Sendable {
        /// Addresses of the option's family with commas between, as many as `counts` allows.
        case addresses(ClosedRange<Int>)
        /// Two addresses each, such as a destination and its router, all with commas between.
        case addressPairs
        /// Subnets and the routers that lead to them in turn, with commas between, encoded as RFC 3442 has it.
        case routes
        /// A whole number of so many octets.
        case number(octets: Int)
        /// 0 or 1, written so or as `yes` and `no`.
        case flag
        case text
        /// Domain names with commas between, encoded as in DNS (RFC 1035, section 3.1) without compression.
        case names

        /// In words: what to write.
        public var remedy: String {
            switch self {
            case .addresses(1...1): "write an address"
            case .addresses: "write addresses with commas between"
            case .addressPairs: "write pairs of addresses, all with commas between"
            case .routes: "write subnets and routers in turn with commas between, such as '10.0.0.0/8,192.168.1.1'"
            case .number(let octets): "write a number from 0 to \(UInt64(1) << (8 * UInt64(octets)) - 1)"
            case .flag: "write 'yes' or 'no'"
            case .text: "write 1 to 255 octets"
            case .names: "write domain names with commas between"
            }
        }
    }

    /// The form of a code's value; nil for one that only octets in hexadecimal can be given for.
    public static func form(of code: UInt16, _ family: AddressFamily) -> Form? {
        switch family {
        case .ipv4: forms4[code]
        case .ipv6: forms6[code]
        }
    }

    /// What a server decides for each client, or what only clients and relays send; no document can set it.
    public static func isReserved(_ code: UInt16, _ family: AddressFamily) -> Bool {
        switch family {
        case .ipv4:
            code == 0 || code >= 255 || [1, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 61, 80, 81, 82].contains(code)
        case .ipv6: code == 0 || (1...20).contains(code) || [25, 26].contains(code)
        }
    }

    /// Of RFC 2132 where nothing else is said.
    private static let forms4: [UInt16: Form] = [
        2: .number(octets: 4),  // time offset
        3: .addresses(1...63), 4: .addresses(1...63), 5: .addresses(1...63), 6: .addresses(1...63),
        7: .addresses(1...63), 8: .addresses(1...63), 9: .addresses(1...63), 10: .addresses(1...63),
        11: .addresses(1...63), 12: .text, 13: .number(octets: 2), 14: .text, 15: .text, 16: .addresses(1...1),
        17: .text, 18: .text, 19: .flag, 20: .flag, 21: .addressPairs, 22: .number(octets: 2), 23: .number(octets: 1),
        24: .number(octets: 4), 26: .number(octets: 2), 27: .flag, 28: .addresses(1...1), 29: .flag, 30: .flag,
        31: .flag, 32: .addresses(1...1), 33: .addressPairs, 34: .flag, 35: .number(octets: 4), 36: .flag,
        37: .number(octets: 1), 38: .number(octets: 4), 39: .flag, 40: .text, 41: .addresses(1...63),
        42: .addresses(1...63), 44: .addresses(1...63), 45: .addresses(1...63), 46: .number(octets: 1), 47: .text,
        48: .addresses(1...63), 49: .addresses(1...63), 60: .text, 64: .text, 65: .addresses(1...63), 66: .text,
        67: .text, 68: .addresses(1...63), 69: .addresses(1...63), 70: .addresses(1...63), 71: .addresses(1...63),
        72: .addresses(1...63), 73: .addresses(1...63), 74: .addresses(1...63), 75: .addresses(1...63),
        76: .addresses(1...63), 85: .addresses(1...63), 86: .text, 87: .text,  // RFC 2241, Novell
        100: .text, 101: .text,  // RFC 4833, time zones
        108: .number(octets: 4),  // RFC 8925, IPv6-only preferred
        114: .text,  // RFC 8910, captive portal
        116: .number(octets: 1),  // RFC 2563
        112: .addresses(1...63),  // NetInfo
        119: .names,  // RFC 3397, domain search
        121: .routes,  // RFC 3442, classless static routes
        138: .addresses(1...63),  // RFC 5417, CAPWAP
        150: .addresses(1...63),  // RFC 5859, TFTP servers
        209: .text, 210: .text, 211: .number(octets: 4),  // RFC 5071, PXELINUX
        249: .routes,  // as 121, for Windows
        252: .text,  // proxy autodiscovery, in no RFC
    ]

    private static let forms6: [UInt16: Form] = [
        21: .names, 22: .addresses(1...15),  // RFC 3319, SIP
        23: .addresses(1...15), 24: .names,  // RFC 3646, DNS
        27: .addresses(1...15), 29: .names,  // RFC 3898, NIS
        31: .addresses(1...15),  // RFC 4075, SNTP
        32: .number(octets: 4),  // RFC 8415, section 21.23: information refresh time
        41: .text, 42: .text,  // RFC 4833, time zones
        59: .text,  // RFC 5970, boot file
        82: .number(octets: 4),  // RFC 8415, section 21.24: SOL_MAX_RT
        83: .number(octets: 4), 103: .text,  // RFC 8910, captive portal
    ]

    /// The option whose value a person wrote; nil where the value is not of the code's form, or the code has none.
    public init?(_ family: AddressFamily, code: UInt16, value: String) {
        guard let form = Self.form(of: code, family), let data = Self.data(value, form, family) else { return nil }
        self.init(family, code: code, data: data)
    }

    private static func data(_ value: String, _ form: Form, _ family: AddressFamily) -> [UInt8]? {
        switch form {
        case .addresses(let counts):
            let parts = list(value)
            let addresses = parts.compactMap { IPAddress($0) }.filter { $0.family == family }
            guard addresses.count == parts.count, counts.contains(parts.count) else { return nil }
            return addresses.flatMap(\.octets)
        case .addressPairs:
            let addresses = list(value).compactMap { IPv4Address($0) }
            guard addresses.count == list(value).count, addresses.count.isMultiple(of: 2), addresses.count <= 62 else {
                return nil
            }
            return addresses.flatMap(\.octets)
        case .routes: return routes(list(value))
        case .number(let octets):
            guard let number = UInt64(value), number >> (8 * UInt64(octets)) == 0 else { return nil }
            return (0..<octets).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
        case .flag:
            switch value {
            case "0", "no": return [0]
            case "1", "yes": return [1]
            default: return nil
            }
        case .text: return (1...255).contains(value.utf8.count) ? [UInt8](value.utf8) : nil
        case .names:
            var data: [UInt8] = []
            for name in list(value) {
                guard let octets = encoded(name) else { return nil }
                data += octets
            }
            return data.count <= 255 ? data : nil
        }
    }

    /// Of each destination its length and its significant octets, and then its router (RFC 3442).
    private static func routes(_ parts: [String]) -> [UInt8]? {
        guard parts.count.isMultiple(of: 2) else { return nil }
        var data: [UInt8] = []
        for index in stride(from: 0, to: parts.count, by: 2) {
            let words = parts[index].split(separator: "/", omittingEmptySubsequences: false)
            guard words.count == 2, let base = IPv4Address(String(words[0])), let length = Int(words[1]),
                (0...32).contains(length), let subnet = IPv4Subnet(containing: base, prefixLength: length),
                subnet.base == base, let router = IPv4Address(parts[index + 1])
            else { return nil }
            data += [UInt8(length)] + subnet.base.octets.prefix((length + 7) / 8) + router.octets
        }
        return data.count <= 255 ? data : nil
    }

    private static func list(_ value: String) -> [String] {
        value.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func encoded(_ name: String) -> [UInt8]? {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let significant = labels.last?.isEmpty == true ? labels.dropLast() : labels[...]
        guard !significant.isEmpty, significant.allSatisfy({ (1...63).contains($0.utf8.count) }) else { return nil }
        var octets: [UInt8] = []
        for label in significant {
            octets.append(UInt8(label.utf8.count))
            octets += label.utf8
        }
        octets.append(0)
        return octets.count <= 255 ? octets : nil
    }
}
