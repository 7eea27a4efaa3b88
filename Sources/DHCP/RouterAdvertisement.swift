public import NetworkModel
public import Wire

/// An IPv6 Router Advertisement (RFC 4861, section 4.2) as an ICMPv6 payload.
///
/// Lifetimes are whole seconds, as on the wire.
public struct RouterAdvertisement: Hashable, Sendable {
    /// What hosts put in their packets; 0 to leave it to them.
    public var hopLimit: UInt8 = 64
    /// The M flag: addresses come from DHCPv6.
    public var isManaged = false
    /// The O flag: other parameters come from DHCPv6.
    public var hasOtherConfiguration = false
    /// How long the sender may be used as a default router; 0 where it is none, as on an isolated network.
    ///
    /// RFC 4861, section 6.2.1, has three times the longest time between advertisements as the default, and that is 600
    /// s.
    public var routerLifetime: UInt16 = 1_800
    /// The source link-layer address option: spares hosts a neighbour solicitation.
    public var sourceMAC: MACAddress?
    public var mtu: UInt32?
    public var prefixes: [Prefix] = []
    /// The RDNSS option (RFC 8106, section 5.1).
    public var nameServers: [IPv6Address] = []
    /// The DNSSL option (RFC 8106, section 5.2).
    ///
    /// A name that cannot be put into DNS is left out.
    public var searchDomains: [String] = []
    /// Of name servers and search domains; RFC 8106, section 5.1, has three times the longest time between
    /// advertisements.
    public var nameServiceLifetime: UInt32 = 1_800

    public init() {}

    /// The prefix information option (RFC 4861, section 4.6.2).
    public struct Prefix: Hashable, Sendable {
        public var subnet: IPv6Subnet
        /// The L flag: neighbours of this prefix are reached without the router.
        public var isOnLink = true
        /// The A flag: hosts make themselves an address of this prefix, which must then be of 64 bits.
        public var isAutonomous = true
        /// How long the prefix is on the link; `UInt32.max` for ever.
        ///
        /// The default of RFC 4861, section 6.2.1: 30 days.
        public var validLifetime: UInt32 = 2_592_000
        /// How long new connections may use addresses of the prefix; not above `validLifetime`.
        ///
        /// The default of RFC 4861, section 6.2.1: 7 days.
        public var preferredLifetime: UInt32 = 604_800

        public init(_ subnet: IPv6Subnet) { self.subnet = subnet }
    }

    /// Writes the ICMPv6 message.
    ///
    /// Its checksum is zero: the kernel fills that in on a raw ICMPv6 socket (RFC 3542, section 3.1).
    public func write(to writer: inout WireWriter) {
        writer.u8(134)
        writer.u8(0)  // Code.
        writer.u16(0)  // Checksum.
        writer.u8(hopLimit)
        writer.u8((isManaged ? 0x80 : 0) | (hasOtherConfiguration ? 0x40 : 0))
        writer.u16(routerLifetime)
        writer.u32(0)  // Reachable time: not specified by this router.
        writer.u32(0)  // Retransmission timer: likewise.
        if let sourceMAC { writer.option(1) { $0.raw(sourceMAC.octets) } }
        if let mtu {
            writer.option(5) { option in
                option.u16(0)
                option.u32(mtu)
            }
        }
        for prefix in prefixes { writer.option(3, prefix.write) }
        // The length octet counts units of 8, so that one option holds 127 addresses; nobody has more.
        if !nameServers.isEmpty {
            writer.option(25) { option in
                option.u16(0)
                option.u32(nameServiceLifetime)
                for server in nameServers.prefix(127) { option.raw(server.octets) }
            }
        }
        let domains = searchDomains.compactMap(DomainName.encoded)
        if !domains.isEmpty {
            writer.option(31) { option in
                option.u16(0)
                option.u32(nameServiceLifetime)
                var room = 255 * 8 - 8
                for domain in domains where domain.count <= room {
                    option.raw(domain)
                    room -= domain.count
                }
            }
        }
    }
}

extension RouterAdvertisement.Prefix {
    fileprivate func write(to option: inout WireWriter) {
        option.u8(UInt8(subnet.prefixLength))
        option.u8((isOnLink ? 0x80 : 0) | (isAutonomous ? 0x40 : 0))
        option.u32(validLifetime)
        option.u32(preferredLifetime)
        option.u32(0)  // Reserved.
        option.raw(subnet.base.octets)
    }
}

extension WireWriter {
    /// Writes a neighbour discovery option (RFC 4861, section 4.6): type, length in units of 8 octets, and what `body`
    /// writes, padded with zeros to a whole unit.
    fileprivate mutating func option(_ type: UInt8, _ body: (inout WireWriter) -> Void) {
        let start = count
        u16(0)
        body(&self)
        pad(toCount: start + (count - start + 7) / 8 * 8)
        patch16(at: start, UInt16(type) << 8 | UInt16((count - start) / 8))
    }
}
