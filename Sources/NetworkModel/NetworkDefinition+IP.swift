extension NetworkDefinition {
    /// An address of the bridge and the subnet behind it (`<ip>`).
    public struct IP: Hashable, Sendable {
        /// How the document says how long the prefix is; written back the same way.
        public enum Mask: Hashable, Sendable {
            case netmask(IPv4Address)
            case prefix(Int)
            /// Silent: the class of the address decides, or 64 for IPv6.
            case none
        }

        public var address: IPAddress
        public var mask: Mask
        /// The `family` attribute as the document has it; nil where it is silent.
        public var family: AddressFamily?
        /// Whether reverse names of the subnet are never asked elsewhere; nil where the document is silent.
        public var localPtr: Bool?
        /// The folder whose files TFTP gives out (`<tftp>`); with an IPv4 address only.
        public var tftpRoot: String?
        public var ranges: [Range] = []
        public var hosts: [Reservation] = []
        /// What a guest starts from (`<bootp>`); with an IPv4 address and a range or a reservation only.
        public var boot: Boot?

        public init(address: IPAddress, mask: Mask) {
            self.address = address
            self.mask = mask
        }

        /// Whether guests are given addresses here.
        public var hasDHCP: Bool { !ranges.isEmpty || !hosts.isEmpty }

        /// The subnet behind the bridge; nil where the mask has holes, or there is none and the address is of no class.
        public var subnet: IPSubnet? { IPSubnet(of: address, mask) }
    }

    /// A route of the host to a subnet behind a guest (`<route>`).
    public struct Route: Hashable, Sendable {
        /// The `family` attribute as the document has it; nil where it is silent.
        public var family: AddressFamily?
        /// Without host bits.
        public var address: IPAddress
        public var mask: IP.Mask
        /// An address in one of the network's subnets.
        public var gateway: IPAddress
        /// At least 1; nil for the kernel's default.
        public var metric: UInt32?

        public init(to address: IPAddress, mask: IP.Mask, by gateway: IPAddress) {
            self.address = address
            self.mask = mask
            self.gateway = gateway
        }

        /// Where the route leads; without a mask, everywhere.
        public var destination: IPSubnet? {
            mask == .none ? IPSubnet(containing: address, prefixLength: 0) : IPSubnet(of: address, mask)
        }
    }
}

extension IPSubnet {
    fileprivate init?(of address: IPAddress, _ mask: NetworkDefinition.IP.Mask) {
        let length: Int? =
            switch (address, mask) {
            case (.v4, .netmask(let netmask)): IPv4Subnet.prefixLength(ofNetmask: netmask)
            case (_, .prefix(let length)): length
            case (.v4(let v4), .none):
                // Classes A, B and C (RFC 791, section 3.2); D and E have no networks.
                switch v4.value >> 28 {
                case 0..<8: 8
                case 8..<12: 16
                case 12..<14: 24
                default: nil
                }
            case (.v6, .none): 64
            case (.v6, .netmask): nil
            }
        guard let length else { return nil }
        self.init(containing: address, prefixLength: length)
    }
}

extension NetworkDefinition.IP {
    /// Addresses given out by DHCP (`<range>`), both ends included.
    public struct Range: Hashable, Sendable {
        public var start: IPAddress
        public var end: IPAddress
        public var lease: LeaseTime?

        public init(start: IPAddress, end: IPAddress, lease: LeaseTime? = nil) {
            self.start = start
            self.end = end
            self.lease = lease
        }
    }

    /// An address kept for one client (`<host>` in `<dhcp>`).
    public struct Reservation: Hashable, Sendable {
        /// As the document writes it, whose case libvirt keeps; with an IPv4 address only.
        public var mac: String?
        /// The client's DUID (RFC 8415, section 11), octets in hexadecimal with colons between, as the document writes it.
        public var id: String?
        public var name: String?
        public var address: IPAddress
        public var lease: LeaseTime?

        public init(
            mac: String? = nil, id: String? = nil, name: String? = nil, address: IPAddress, lease: LeaseTime? = nil
        ) {
            self.mac = mac
            self.id = id
            self.name = name
            self.address = address
            self.lease = lease
        }
    }

    /// What a guest loads when it starts from the network.
    public struct Boot: Hashable, Sendable {
        public var file: String
        /// Nil for the bridge's own address.
        public var server: IPAddress?

        public init(file: String, server: IPAddress? = nil) {
            self.file = file
            self.server = server
        }
    }

    /// How long a lease lasts (`<lease>`), with the unit the document has.
    public struct LeaseTime: Hashable, Sendable {
        public enum Unit: String, Hashable, Sendable { case seconds, minutes, hours }
        /// In `unit`; 0 for a lease that never ends.
        public var expiry: UInt64
        public var unit: Unit

        public init(expiry: UInt64, unit: Unit = .minutes) {
            self.expiry = expiry
            self.unit = unit
        }

        /// In seconds, at most 2³² − 2; nil for a lease that never ends.
        public var seconds: UInt32? {
            guard expiry > 0 else { return nil }
            let factor: UInt64 =
                switch unit {
                case .seconds: 1
                case .minutes: 60
                case .hours: 3_600
                }
            let (seconds, overflow) = expiry.multipliedReportingOverflow(by: factor)
            return overflow || seconds >= UInt64(UInt32.max) ? UInt32.max - 1 : UInt32(seconds)
        }
    }
}
