/// The type of a record, or of a question (RFC 1035, section 3.2.2, and IANA "Resource Record (RR) TYPEs").
///
/// A struct, not an enum: a guest may ask for any type, and one we do not know must survive being read and forwarded.
public struct DNSRecordType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let a = Self(rawValue: 1)
    public static let ns = Self(rawValue: 2)
    public static let cname = Self(rawValue: 5)
    public static let soa = Self(rawValue: 6)
    public static let ptr = Self(rawValue: 12)
    public static let mx = Self(rawValue: 15)
    public static let txt = Self(rawValue: 16)
    public static let aaaa = Self(rawValue: 28)  // RFC 3596
    public static let srv = Self(rawValue: 33)  // RFC 2782
    public static let opt = Self(rawValue: 41)  // RFC 6891
    /// Incremental and whole zone transfers (RFC 1995, RFC 5936): only in questions.
    public static let ixfr = Self(rawValue: 251)
    public static let axfr = Self(rawValue: 252)
    /// `*` of RFC 1035, section 3.2.3: only in questions.
    public static let any = Self(rawValue: 255)

    /// The mnemonic, or `TYPE` and the number (RFC 3597, section 5).
    public var description: String {
        switch self {
        case .a: "A"
        case .ns: "NS"
        case .cname: "CNAME"
        case .soa: "SOA"
        case .ptr: "PTR"
        case .mx: "MX"
        case .txt: "TXT"
        case .aaaa: "AAAA"
        case .srv: "SRV"
        case .opt: "OPT"
        case .ixfr: "IXFR"
        case .axfr: "AXFR"
        case .any: "ANY"
        default: "TYPE\(rawValue)"
        }
    }
}

/// The class of a record or a question (RFC 1035, section 3.2.4).
public struct DNSClass: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let internet = Self(rawValue: 1)
    public static let chaos = Self(rawValue: 3)
}

/// What kind of query a message is: 0 to 15 (RFC 1035, section 4.1.1).
public struct DNSOpcode: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue & 0xF }

    public static let query = Self(rawValue: 0)
    public static let notify = Self(rawValue: 4)  // RFC 1996
    public static let update = Self(rawValue: 5)  // RFC 2136
}

/// How a query ended: 0 to 15 in the header, up to 4,095 with the upper bits in the OPT record (RFC 6891, section 6.1.3).
public struct DNSResponseCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue & 0xFFF }

    public static let noError = Self(rawValue: 0)
    public static let formatError = Self(rawValue: 1)
    public static let serverFailure = Self(rawValue: 2)
    /// NXDOMAIN: neither the name nor any name below it exists (RFC 8020).
    public static let nameError = Self(rawValue: 3)
    public static let notImplemented = Self(rawValue: 4)
    public static let refused = Self(rawValue: 5)
    /// BADVERS: an EDNS version that is not spoken here (RFC 6891, section 9).
    public static let badVersion = Self(rawValue: 16)
    /// BADCOOKIE: the client is to ask again with the cookie that comes along (RFC 7873, section 8).
    public static let badCookie = Self(rawValue: 23)

    /// The mnemonic, or `RCODE` and the number (RFC 6895, section 2.3).
    public var description: String {
        switch self {
        case .noError: "NOERROR"
        case .formatError: "FORMERR"
        case .serverFailure: "SERVFAIL"
        case .nameError: "NXDOMAIN"
        case .notImplemented: "NOTIMP"
        case .refused: "REFUSED"
        case .badVersion: "BADVERS"
        case .badCookie: "BADCOOKIE"
        default: "RCODE\(rawValue)"
        }
    }

    var headerBits: UInt16 { rawValue & 0xF }
    var extendedBits: UInt8 { UInt8(rawValue >> 4) }
}

/// How a query came, and so how large its answer may be.
public enum DNSTransport: Hashable, Sendable { case udp, tcp }
