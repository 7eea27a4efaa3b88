/// A virtual network as its libvirt `<network>` document says, every element optional that is optional there.
///
/// Two definitions are equal exactly where libvirt would write them the same. What a start needs and a document may leave
/// out, the bridge's name and its MAC address, is filled in when the network is defined.
public struct NetworkDefinition: Hashable, Sendable {
    /// Not empty, without `/` and newline.
    public var name: String
    public var uuid: NetworkUUID
    /// The whole `<metadata>` element as libvirt writes it, without indentation of its first line.
    public var metadata: String?
    /// Nil where guests reach each other and the host only: an isolated network.
    public var forward: Forward?
    public var bridge: Bridge
    /// The bridge's own address; nil until the network is defined, where the document has none.
    public var mac: MACAddress?
    /// In octets; nil for the kernel's default of 1,500.
    public var mtu: UInt32?
    public var domain: Domain?
    public var dns: DNS?
    public var ips: [IP]

    public init(name: String, uuid: NetworkUUID) {
        self.name = name
        self.uuid = uuid
        bridge = Bridge()
        ips = []
    }

    /// Where packets go that leave the network (`<forward>`).
    public struct Forward: Hashable, Sendable {
        public enum Mode: String, Hashable, Sendable { case nat, route, open }
        public var mode: Mode
        /// The only interface that packets may leave and enter by (`dev`); nil for any.
        public var device: InterfaceName?

        public init(mode: Mode, device: InterfaceName? = nil) {
            self.mode = mode
            self.device = device
        }
    }

    /// The Linux bridge (`<bridge>`).
    public struct Bridge: Hashable, Sendable {
        /// A name, or a template such as `virbr%d`; nil for the default template.
        public var name: String?
        /// Whether the bridge runs the spanning tree protocol.
        public var stp = true
        /// Forward delay in seconds.
        public var delay: UInt64 = 0

        public init(name: String? = nil, stp: Bool = true, delay: UInt64 = 0) {
            self.name = name
            self.stp = stp
            self.delay = delay
        }
    }

    /// The DNS domain of the guests (`<domain>`).
    public struct Domain: Hashable, Sendable {
        public var name: String
        /// Whether names of the domain that are not known here are never asked elsewhere; nil where the document is silent.
        public var localOnly: Bool?

        public init(name: String, localOnly: Bool? = nil) {
            self.name = name
            self.localOnly = localOnly
        }
    }

    /// Name service (`<dns>`).
    public struct DNS: Hashable, Sendable {
        /// Nil where the document is silent, which means yes.
        public var enable: Bool?
        /// Whether names without a dot are asked elsewhere; nil where the document is silent, which means yes.
        public var forwardPlainNames: Bool?
        public var forwarders: [Forwarder] = []
        public var texts: [Text] = []
        public var services: [Service] = []
        public var hosts: [Host] = []

        public init() {}

        /// At least one of the two is set.
        public struct Forwarder: Hashable, Sendable {
            /// Only names at or below this domain; nil for all.
            public var domain: String?
            /// The server to ask; nil for the host's own resolvers.
            public var address: IPAddress?

            public init(domain: String? = nil, address: IPAddress? = nil) {
                self.domain = domain
                self.address = address
            }
        }

        /// A TXT record.
        public struct Text: Hashable, Sendable {
            public var name: String
            public var value: String

            public init(name: String, value: String) {
                self.name = name
                self.value = value
            }
        }

        /// An SRV record (RFC 2782).
        public struct Service: Hashable, Sendable {
            /// Without the leading underscore.
            public var service: String
            /// Without the leading underscore.
            public var proto: String
            /// Nil for the network's domain.
            public var domain: String?
            /// Nil or `.` where the service is decidedly not available.
            public var target: String?
            public var port: UInt16?
            public var priority: UInt16?
            public var weight: UInt16?

            public init(service: String, proto: String) {
                self.service = service
                self.proto = proto
            }
        }

        /// An address and its names.
        public struct Host: Hashable, Sendable {
            public var address: IPAddress
            /// At least one.
            public var names: [String]

            public init(address: IPAddress, names: [String]) {
                self.address = address
                self.names = names
            }
        }
    }

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
        public var ranges: [Range] = []
        public var hosts: [Reservation] = []

        public init(address: IPAddress, mask: Mask) {
            self.address = address
            self.mask = mask
        }

        /// The subnet behind the bridge.
        ///
        /// Nil only where `mask` is not one for this address; a parsed definition never holds such an address.
        public var subnet: IPSubnet? {
            switch (address, mask) {
            case (.v4, .netmask(let netmask)):
                IPv4Subnet.prefixLength(ofNetmask: netmask).flatMap { IPSubnet(containing: address, prefixLength: $0) }
            case (_, .prefix(let length)): IPSubnet(containing: address, prefixLength: length)
            case (.v4(let v4), .none):
                // Classes A, B and C (RFC 791, section 3.2); D and E have no networks.
                switch v4.value >> 28 {
                case 0..<8: IPSubnet(containing: address, prefixLength: 8)
                case 8..<12: IPSubnet(containing: address, prefixLength: 16)
                case 12..<14: IPSubnet(containing: address, prefixLength: 24)
                default: nil
                }
            case (.v6, .none): IPSubnet(containing: address, prefixLength: 64)
            case (.v6, .netmask): nil
            }
        }

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
            /// As the document writes it: libvirt keeps the case.
            public var mac: String?
            public var name: String?
            public var address: IPAddress
            public var lease: LeaseTime?

            public init(mac: String? = nil, name: String? = nil, address: IPAddress, lease: LeaseTime? = nil) {
                self.mac = mac
                self.name = name
                self.address = address
                self.lease = lease
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
}
