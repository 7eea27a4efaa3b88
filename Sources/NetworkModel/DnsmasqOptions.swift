/// What lines of dnsmasq's configuration (dnsmasq(8)), as libvirt's `<dnsmasq:options>` holds them, mean here.
///
/// Networks made for libvirt have them for what its own elements cannot say: options, files to start from by the kind of client,
/// reservations, names and other servers for them.
public struct DnsmasqOptions: Hashable, Sendable {
    /// `dhcp-option` and `dhcp-option-force`.
    public private(set) var options: [ServiceConfiguration.DHCP.Option] = []
    /// `dhcp-boot`; those with conditions first.
    public private(set) var boots: [ServiceConfiguration.DHCP.Boot] = []
    /// `dhcp-host` of one MAC address or name, and one IPv4 address.
    public private(set) var reservations: [NetworkDefinition.IP.Reservation] = []
    /// `tftp-root`.
    public private(set) var tftpRoot: String?
    private(set) var names = DnsmasqNames()
    /// The lines that have no effect: that cannot be understood, or that are about dnsmasq itself, such as `cache-size`.
    public private(set) var ineffective: [String] = []
    private var traits: [String: [ServiceConfiguration.DHCP.ClientTrait]] = [:]

    /// Reads the lines for a server of `address`, which `0.0.0.0` in an option stands for.
    public init(_ lines: [String], address: IPv4Address) {
        // A tag may be used before the line that sets it.
        let split = lines.map { ($0, DnsmasqLine($0)) }
        for (_, line) in split { readTag(line) }
        for (text, line) in split where !read(line, address) { ineffective.append(text) }
        boots.sort { !$0.conditions.isEmpty && $1.conditions.isEmpty }
    }

    private static let tagging: Set<String> = ["dhcp-match", "dhcp-vendorclass", "dhcp-userclass"]
    /// What the server does anyway.
    private static let usual: Set<String> = [
        "dhcp-authoritative", "dhcp-rapid-commit", "dhcp-no-override", "enable-tftp", "tftp-no-fail",
        "tftp-single-port", "expand-hosts", "bogus-priv", "domain-needed",
    ]

    /// Whether the line is understood.
    private mutating func read(_ line: DnsmasqLine, _ address: IPv4Address) -> Bool {
        switch line.key {
        case let key where Self.usual.contains(key): return line.words.isEmpty
        case let key where Self.tagging.contains(key): return line.tagSet.map { traits[$0] != nil } ?? false
        case "tftp-root":
            tftpRoot = line.words.first
            return line.words.count == 1
        case "dhcp-option", "dhcp-option-force":
            guard let (code, values) = line.option, !Self.reserved.contains(code) else { return false }
            let data = DnsmasqLine.data(of: code, values, server: address)
            guard values.isEmpty || data != nil else { return false }
            options.append(
                .init(
                    code: code, data: data, isForced: line.key.hasSuffix("force"), conditions: conditions(line.tags)))
            return true
        case "dhcp-boot":
            guard let file = line.words.first, !file.isEmpty, line.words.count <= 3 else { return false }
            let server = line.words.count == 3 ? IPv4Address(line.words[2]) : address
            guard let server else { return false }
            boots.append(.init(file: file, server: server, conditions: conditions(line.tags)))
            return true
        case "dhcp-host":
            guard let reservation = line.reservation else { return false }
            reservations.append(reservation)
            return true
        default: return names.read(line)
        }
    }

    /// What is the server's or the client's own to say.
    private static let reserved: Set<UInt8> = [0, 1, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 61, 80, 81, 82, 255]

    private mutating func readTag(_ line: DnsmasqLine) {
        guard Self.tagging.contains(line.key), let tag = line.tagSet else { return }
        switch line.key {
        case "dhcp-match":
            guard let (code, values) = line.option else { return }
            let data = values.isEmpty ? nil : DnsmasqLine.data(of: code, values, server: .any)
            guard values.isEmpty || data != nil else { return }
            traits[tag, default: []].append(.option(code, data))
        default:
            let code: UInt8 = line.key == "dhcp-vendorclass" ? 60 : 77
            guard let text = line.words.first, line.words.count == 1 else { return }
            traits[tag, default: []].append(.containing(code, Array(text.utf8)))
        }
    }

    /// A tag that nothing sets is no client's.
    private func conditions(_ tags: [String]) -> [ServiceConfiguration.DHCP.Condition] {
        tags.map { tag in
            let isNegated = tag.hasPrefix("!")
            return .init(traits[isNegated ? String(tag.dropFirst()) : tag] ?? [], isNegated: isNegated)
        }
    }
}
