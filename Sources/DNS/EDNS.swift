internal import Wire

/// What an OPT record says (RFC 6891, section 6.1).
public struct EDNS: Hashable, Sendable {
    /// The largest UDP message its sender can take, in octets; a value below 512 means 512.
    public var udpPayloadSize: UInt16
    /// The upper eight bits of the response code.
    public var extendedResponseCode: UInt8
    public var version: UInt8
    /// DO: the client wants DNSSEC records (RFC 3225).
    public var dnssecOK: Bool

    /// What we can take: fits into one packet on any path (https://www.dnsflagday.net/2020/).
    public static let ownPayloadSize: UInt16 = 1232
    static let minimumPayloadSize: UInt16 = 512

    public init(
        udpPayloadSize: UInt16 = ownPayloadSize, extendedResponseCode: UInt8 = 0, version: UInt8 = 0,
        dnssecOK: Bool = false
    ) {
        self.udpPayloadSize = udpPayloadSize
        self.extendedResponseCode = extendedResponseCode
        self.version = version
        self.dnssecOK = dnssecOK
    }

    /// Reads the fields of an OPT record that its class and TTL hold.
    init(recordClass: UInt16, ttl: UInt32) {
        self.init(
            udpPayloadSize: recordClass, extendedResponseCode: UInt8(truncatingIfNeeded: ttl >> 24),
            version: UInt8(truncatingIfNeeded: ttl >> 16), dnssecOK: ttl & 0x8000 != 0)
    }

    /// Nil where `record` is no OPT record.
    public init?(_ record: DNSRecord) {
        guard record.type == .opt else { return nil }
        self.init(recordClass: record.recordClass.rawValue, ttl: record.ttl)
    }

    /// The record, without options.
    public var record: DNSRecord {
        DNSRecord(
            name: .root, recordClass: DNSClass(rawValue: udpPayloadSize), ttl: ttl, data: .other(.opt, []))
    }

    private var ttl: UInt32 {
        UInt32(extendedResponseCode) << 24 | UInt32(version) << 16 | (dnssecOK ? 0x8000 : 0)
    }

    /// Writes the record with the options that `writeOptions` writes.
    func write(to writer: inout WireWriter, options writeOptions: (inout WireWriter) -> Void = { _ in }) {
        writer.u8(0)
        writer.u16(DNSRecordType.opt.rawValue)
        writer.u16(udpPayloadSize)
        writer.u32(ttl)
        writer.lengthPrefixed(writeOptions)
    }
}

/// Codes of options in an OPT record (IANA "DNS EDNS0 Option Codes").
enum EDNSOption {
    static let cookie: UInt16 = 10  // RFC 7873, section 4
    static let extendedError: UInt16 = 15  // RFC 8914, section 2
}

extension Query {
    /// Writes the OPT record of an answer, where the query has one.
    ///
    /// `extendedError` says why there is no better answer (RFC 8914); nil for nothing.
    func writeEDNS(_ code: DNSResponseCode, extendedError: UInt16? = nil, to writer: inout WireWriter) {
        guard let edns else { return }
        EDNS(extendedResponseCode: code.extendedBits, dnssecOK: edns.dnssecOK).write(to: &writer) { writer in
            if let cookie, let serverCookie = cookie.granted {
                writer.u16(EDNSOption.cookie)
                writer.u16(UInt16(8 + ServerCookie.count))
                writer.u32(UInt32(truncatingIfNeeded: cookie.client >> 32))
                writer.u32(UInt32(truncatingIfNeeded: cookie.client))
                serverCookie.write(to: &writer)
            }
            if let extendedError {
                writer.u16(EDNSOption.extendedError)
                writer.u16(2)
                writer.u16(extendedError)
            }
        }
    }
}
