public import NetworkModel
internal import Wire

/// What a client wants or has: an IA_NA, IA_TA or IA_PD option (RFC 8415, sections 21.4, 21.5 and 21.21).
public struct IdentityAssociation: Hashable, Sendable {
    public var kind: IPv6Lease.Kind
    /// The client's number for it.
    public var iaid: UInt32
    /// T1 and T2: when the client renews and rebinds, in seconds; an IA_TA has none.
    public var renewal: UInt32 = 0
    public var rebinding: UInt32 = 0
    public var parts: [Part] = []
    public var status: DHCPv6Status = .success

    /// An address or a prefix, and how long it may be used, in seconds; `UInt32.max` for ever, 0 for no longer.
    public struct Part: Hashable, Sendable {
        public var prefix: IPv6Subnet
        public var preferredLifetime: UInt32
        public var validLifetime: UInt32

        public init(_ prefix: IPv6Subnet, lifetime: UInt32) {
            self.prefix = prefix
            preferredLifetime = lifetime
            validLifetime = lifetime
        }
    }

    public init(_ kind: IPv6Lease.Kind, iaid: UInt32) {
        self.kind = kind
        self.iaid = iaid
    }

    init(_ kind: IPv6Lease.Kind, reading bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes.span)
        self.init(kind, iaid: try reader.u32())
        if kind != .temporary {
            renewal = try reader.u32()
            rebinding = try reader.u32()
        }
        let options = try DHCPv6Options(reading: &reader)
        status = options.status
        for content in options.all(kind.partCode) { parts.append(try Part(kind, reading: content)) }
    }

    func write(to writer: inout WireWriter) {
        writer.u32(iaid)
        if kind != .temporary {
            writer.u32(renewal)
            writer.u32(rebinding)
        }
        var options = DHCPv6Options()
        for part in parts { options.append(kind.partCode) { part.write(to: &$0, kind) } }
        if status != .success { options.append(status) }
        options.write(to: &writer)
    }
}

extension IdentityAssociation.Part {
    /// An IA Address or IA Prefix option (RFC 8415, sections 21.6 and 21.22).
    fileprivate init(_ kind: IPv6Lease.Kind, reading bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes.span)
        if kind != .prefix { prefix = IPv6Subnet(try reader.ipv6()) } else { prefix = IPv6Subnet(.any) }
        preferredLifetime = try reader.u32()
        validLifetime = try reader.u32()
        guard kind == .prefix else { return }
        let length = Int(try reader.u8())
        guard let prefix = IPv6Subnet(containing: try reader.ipv6(), prefixLength: length) else {
            throw .malformed(offset: 8, field: "prefix-length")
        }
        self.prefix = prefix
    }

    fileprivate func write(to writer: inout WireWriter, _ kind: IPv6Lease.Kind) {
        if kind != .prefix { writer.raw(prefix.base.octets) }
        writer.u32(preferredLifetime)
        writer.u32(validLifetime)
        guard kind == .prefix else { return }
        writer.u8(UInt8(prefix.prefixLength))
        writer.raw(prefix.base.octets)
    }
}

extension WireReader {
    mutating func ipv6() throws(WireError) -> IPv6Address {
        var value: UInt128 = 0
        for _ in 0..<4 { value = value << 32 | UInt128(try u32()) }
        return IPv6Address(value)
    }
}

extension IPv6Lease.Kind {
    fileprivate var partCode: DHCPv6Options.Code { self == .prefix ? .prefix : .address }

    var code: DHCPv6Options.Code {
        switch self {
        case .address: .addresses
        case .temporary: .temporaryAddresses
        case .prefix: .prefixes
        }
    }
}

extension DHCPv6Options {
    /// The associations in a message; one that cannot be read is taken as absent.
    public var associations: [IdentityAssociation] {
        [IPv6Lease.Kind.address, .temporary, .prefix].flatMap { kind in
            all(kind.code).compactMap { try? IdentityAssociation(kind, reading: $0) }
        }
    }

    public mutating func append(_ association: IdentityAssociation) {
        append(association.kind.code) { association.write(to: &$0) }
    }
}
