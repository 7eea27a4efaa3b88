public import NetworkModel

/// What is asked (RFC 1035, section 4.1.2).
public struct DNSQuestion: Hashable, Sendable {
    public var name: DNSName
    public var type: DNSRecordType
    public var recordClass: DNSClass

    public init(name: DNSName, type: DNSRecordType, recordClass: DNSClass = .internet) {
        self.name = name
        self.type = type
        self.recordClass = recordClass
    }
}

/// A resource record (RFC 1035, section 4.1.3).
public struct DNSRecord: Hashable, Sendable {
    public var name: DNSName
    public var recordClass: DNSClass
    /// How long it may be cached, in seconds; an OPT record has its flags here.
    public var ttl: UInt32
    public var data: DNSRecordData

    public init(name: DNSName, recordClass: DNSClass = .internet, ttl: UInt32, data: DNSRecordData) {
        self.name = name
        self.recordClass = recordClass
        self.ttl = ttl
        self.data = data
    }

    public var type: DNSRecordType { data.type }
}

/// What a record says.
public enum DNSRecordData: Hashable, Sendable {
    case a(IPv4Address)
    case aaaa(IPv6Address)
    case ns(DNSName)
    case cname(DNSName)
    case ptr(DNSName)
    case mx(preference: UInt16, exchange: DNSName)
    /// At least one string, each of at most 255 octets.
    case txt([[UInt8]])
    case srv(priority: UInt16, weight: UInt16, port: UInt16, target: DNSName)
    case soa(StartOfAuthority)
    /// The data of any other type, and of any type in any class but IN, as they stand (RFC 3597).
    case other(DNSRecordType, [UInt8])

    public var type: DNSRecordType {
        switch self {
        case .a: .a
        case .aaaa: .aaaa
        case .ns: .ns
        case .cname: .cname
        case .ptr: .ptr
        case .mx: .mx
        case .txt: .txt
        case .srv: .srv
        case .soa: .soa
        case .other(let type, _): type
        }
    }

    public static func address(_ address: IPAddress) -> Self {
        switch address {
        case .v4(let address): .a(address)
        case .v6(let address): .aaaa(address)
        }
    }
}

/// The data of an SOA record, all times in seconds (RFC 1035, section 3.3.13).
public struct StartOfAuthority: Hashable, Sendable {
    /// MNAME.
    public var server: DNSName
    /// RNAME: a mailbox, with its `@` as the first dot.
    public var responsible: DNSName
    public var serial: UInt32
    public var refresh: UInt32
    public var retry: UInt32
    public var expire: UInt32
    /// For how long "there is no such name" may be remembered (RFC 2308, section 4).
    public var minimum: UInt32

    public init(
        server: DNSName, responsible: DNSName, serial: UInt32, refresh: UInt32, retry: UInt32, expire: UInt32,
        minimum: UInt32
    ) {
        self.server = server
        self.responsible = responsible
        self.serial = serial
        self.refresh = refresh
        self.retry = retry
        self.expire = expire
        self.minimum = minimum
    }
}
