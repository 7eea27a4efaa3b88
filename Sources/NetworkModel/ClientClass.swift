/// Clients of DHCP that are alike in what they say of themselves (`<vnet:class>`): those for which all holds that is said here.
///
/// One that says nothing holds for all clients.
public struct ClientClass: Hashable, Sendable, Codable {
    public var mac: MACAddress?
    /// Stands in the client's vendor class: option 60 of IPv4 (RFC 2132, section 9.13), 16 of IPv6 (RFC 8415, section 21.16).
    public var vendor: String?
    /// Stands in the client's user class: option 77 of IPv4 (RFC 3004, section 4), 15 of IPv6 (RFC 8415, section 21.15).
    public var user: String?
    /// The client is of one of them, where there are any: option 93 of IPv4 (RFC 4578, section 2.1), 61 of IPv6 (RFC 5970,
    /// section 3.3).
    public var architectures: [UInt16]

    public init(mac: MACAddress? = nil, vendor: String? = nil, user: String? = nil, architectures: [UInt16] = []) {
        self.mac = mac
        self.vendor = vendor
        self.user = user
        self.architectures = architectures
    }

    public var isEveryone: Bool { self == Self() }

    /// What firmware calls itself, by the names that documents have for it (IANA, Processor Architecture Types).
    public static let architectureNames: KeyValuePairs<String, [UInt16]> = [
        "bios": [0],
        "x86-uefi": [6],
        // 9 was meant for EFI byte code, and is what some 64-bit firmware sends.
        "x86_64-uefi": [7, 9],
        "arm-uefi": [10],
        "aarch64-uefi": [11],
        "riscv64-uefi": [27],
        // Firmware that fetches by HTTP.
        "x86-http": [15],
        "x86_64-http": [16],
        "arm-http": [18],
        "aarch64-http": [19],
        "riscv64-http": [28],
    ]
}

/// What clients start from over the network (`<vnet:boot>`).
public struct NetworkBoot: Hashable, Sendable {
    /// Below the root of TFTP, or a URL.
    public var file: String
    /// Nil for the network's own.
    public var server: IPAddress?
    /// A client is of all of them.
    public var clients: [ClientClass]

    public init(file: String, server: IPAddress? = nil, clients: [ClientClass] = []) {
        self.file = file
        self.server = server
        self.clients = clients
    }

    var isURL: Bool { file.contains("://") }
}

extension ServiceConfiguration.DHCP.Condition {
    /// What must hold for a client of the class.
    static func all(of clients: ClientClass) -> [Self] {
        var conditions: [Self] = []
        if let mac = clients.mac { conditions.append(Self([.mac(mac)])) }
        if let vendor = clients.vendor { conditions.append(Self([.containing(60, Array(vendor.utf8))])) }
        if let user = clients.user { conditions.append(Self([.containing(77, Array(user.utf8))])) }
        if !clients.architectures.isEmpty {
            conditions.append(Self(clients.architectures.map { .option(93, [UInt8($0 >> 8), UInt8($0 & 0xFF)]) }))
        }
        return conditions
    }
}
