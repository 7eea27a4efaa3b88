/// What the responder serves on one network, derived from its definition and from the host.
///
/// It crosses the border between the privileged daemon and the responder, so it holds nothing that the responder does not
/// need.
public struct ServiceConfiguration: Hashable, Sendable, Codable {
    public var uuid: NetworkUUID
    public var name: String
    public var bridge: InterfaceName
    /// The bridge's own Ethernet address, the source of what is sent to guests.
    public var bridgeMAC: MACAddress
    /// Nil where the network has no DHCP.
    public var dhcp: DHCP?
    /// Nil where the network gives out no IPv6 addresses.
    public var dhcpv6: DHCPv6?
    /// Nil where the network gives out no files.
    public var bootFiles: BootFiles?
    /// Nil where the network has no name service.
    public var dns: DNS?
    /// Nil where the network has no IPv6.
    public var advertisement: Advertisement?
    /// Whether the daemon is to hear of every lease, since the network's rules follow them.
    public var reportsLeases = false
    /// How many guests of one port of the bridge may have addresses; nil where the document does not say.
    public var leasesPerPort: Int?

    public init(
        uuid: NetworkUUID, name: String, bridge: InterfaceName, bridgeMAC: MACAddress, dhcp: DHCP? = nil,
        dns: DNS? = nil
    ) {
        self.uuid = uuid
        self.name = name
        self.bridge = bridge
        self.bridgeMAC = bridgeMAC
        self.dhcp = dhcp
        self.dns = dns
    }

    /// What router advertisements say (RFC 4861, section 4.2).
    public struct Advertisement: Hashable, Sendable, Codable {
        public var prefixes: [Prefix]
        /// Whether addresses come from DHCPv6.
        public var isManaged: Bool
        /// Whether other parameters come from DHCPv6.
        public var hasOtherConfiguration: Bool
        /// Whether there is a way out: an isolated network advertises itself with router lifetime 0.
        public var isRouter: Bool
        public var nameServers: [IPv6Address]
        public var domain: String?
        public var mtu: UInt32?

        public init(prefixes: [Prefix], isRouter: Bool) {
            self.prefixes = prefixes
            self.isRouter = isRouter
            isManaged = false
            hasOtherConfiguration = false
            nameServers = []
        }

        /// A subnet of the link.
        public struct Prefix: Hashable, Sendable, Codable {
            public var subnet: IPv6Subnet
            /// Whether guests make themselves addresses of it, for which it must be of 64 bits (RFC 4862, section 5.5.3).
            public var isAutonomous: Bool

            public init(_ subnet: IPv6Subnet, isAutonomous: Bool = true) {
                self.subnet = subnet
                self.isAutonomous = isAutonomous && subnet.prefixLength == 64
            }
        }
    }

    /// DHCPv4 on one subnet.
    public struct DHCP: Hashable, Sendable, Codable {
        /// The bridge's address in `subnet`: the server identifier.
        public var serverAddress: IPv4Address
        public var subnet: IPv4Subnet
        public var ranges: [Range]
        public var reservations: [Reservation]
        /// Empty on an isolated network: guests there must not believe that there is a way out.
        public var routers: [IPv4Address]
        public var nameServers: [IPv4Address]
        public var domain: String?
        public var mtu: UInt16?
        /// What guests start from over the network: the first whose conditions hold.
        public var boots: [Boot]
        public var options: [Option]

        public init(serverAddress: IPv4Address, subnet: IPv4Subnet) {
            self.serverAddress = serverAddress
            self.subnet = subnet
            ranges = []
            reservations = []
            routers = []
            nameServers = []
            boots = []
            options = []
        }

        public struct Range: Hashable, Sendable, Codable {
            public var start: IPv4Address
            public var end: IPv4Address
            /// In seconds; `UInt32.max` for ever (RFC 2131, section 3.3).
            public var leaseSeconds: UInt32

            public init(start: IPv4Address, end: IPv4Address, leaseSeconds: UInt32) {
                self.start = start
                self.end = end
                self.leaseSeconds = leaseSeconds
            }
        }

        /// At least one of `mac` and `name` is set.
        public struct Reservation: Hashable, Sendable, Codable {
            public var mac: MACAddress?
            /// The client's name: given to it where `mac` is set, and how it is recognised where that is not.
            public var name: String?
            public var address: IPv4Address
            public var leaseSeconds: UInt32

            public init(mac: MACAddress?, name: String?, address: IPv4Address, leaseSeconds: UInt32) {
                self.mac = mac
                self.name = name
                self.address = address
                self.leaseSeconds = leaseSeconds
            }
        }
    }

    /// Name service of one network.
    public struct DNS: Hashable, Sendable, Codable {
        public var domain: String?
        /// Whether names of `domain` that are not known here are answered with NXDOMAIN instead of being forwarded.
        public var localOnly: Bool
        /// Whether names of one label that are not known here are forwarded.
        public var forwardPlainNames: Bool
        /// The network's subnets, whose guests are answered.
        public var subnets: [IPSubnet]
        /// Subnets whose reverse names are known here and nowhere else.
        public var reverseSubnets: [IPSubnet]
        /// Names with their addresses: `<dns><host>`, reservations with a name, and the bridge's own.
        public var hosts: [Host]
        public var texts: [Text]
        public var services: [Service]
        /// Names that stand for other names.
        public var aliases: [Alias]
        /// What is answered about whole domains, where no record is closer.
        public var fixedDomains: [FixedDomain]
        /// The name and addresses of the bridge itself; anything else that has the name, or an address, comes first.
        public var bridge: Host?
        /// Whom to ask what is not known here; empty where the network is isolated, which then never forwards.
        public var forwarders: [Forwarder]
        /// Whether answers from elsewhere, which no peer is, with addresses of private networks are refused: a page in a
        /// guest's browser could else reach what is behind the guest by a name of its own (DNS rebinding).
        public var refusesPrivateAddresses: Bool
        /// Whether what guests ask is written down.
        public var logsQueries: Bool

        public init() {
            refusesPrivateAddresses = false
            logsQueries = false
            localOnly = false
            forwardPlainNames = true
            subnets = []
            reverseSubnets = []
            hosts = []
            texts = []
            services = []
            aliases = []
            fixedDomains = []
            forwarders = []
        }

        public struct Host: Hashable, Sendable, Codable {
            public var name: String
            public var addresses: [IPAddress]

            public init(name: String, addresses: [IPAddress]) {
                self.name = name
                self.addresses = addresses
            }
        }

        /// A CNAME record (RFC 1035, section 3.3.1).
        public struct Alias: Hashable, Sendable, Codable {
            public var name: String
            public var target: String

            public init(name: String, target: String) {
                self.name = name
                self.target = target
            }
        }

        /// A domain, itself and all names in it, that has these addresses, or does not exist where it has none.
        public struct FixedDomain: Hashable, Sendable, Codable {
            public var name: String
            public var addresses: [IPAddress]

            public init(name: String, addresses: [IPAddress]) {
                self.name = name
                self.addresses = addresses
            }
        }

        public struct Text: Hashable, Sendable, Codable {
            public var name: String
            public var value: String

            public init(name: String, value: String) {
                self.name = name
                self.value = value
            }
        }

        public struct Service: Hashable, Sendable, Codable {
            /// The whole owner name: `_ldap._tcp.example.lab`.
            public var name: String
            /// `.` where the service is decidedly not available.
            public var target: String
            public var port: UInt16
            public var priority: UInt16
            public var weight: UInt16

            public init(name: String, target: String, port: UInt16, priority: UInt16, weight: UInt16) {
                self.name = name
                self.target = target
                self.port = port
                self.priority = priority
                self.weight = weight
            }
        }

        public struct Forwarder: Hashable, Sendable, Codable {
            /// Only names at or below this domain; nil for all that no other forwarder names.
            public var domain: String?
            /// Whether nobody is to be asked about the domain: what is not known here does not exist.
            public var isClosed = false
            /// In the order they are asked.
            public var servers: [Server]
            /// Whether they are a network's that runs here too: what they say comes from inside.
            public var isPeer = false

            public init(domain: String? = nil, servers: [Server]) {
                self.domain = domain
                self.servers = servers
            }

            /// Those of another network that runs here.
            public init(peer domain: String, servers: [Server]) {
                self.init(domain: domain, servers: servers)
                isPeer = true
            }

            /// A domain about which nobody is to be asked.
            public init(closing domain: String) {
                self.init(domain: domain, servers: [])
                isClosed = true
            }
        }

        /// Another network that runs here, whose names are found.
        public struct Peer: Hashable, Sendable {
            /// Its own, and those of its reverse names.
            public var domains: [String]
            /// Its name service.
            public var servers: [Server]

            /// A network that runs as `definition` says, and whose name service is at `servers`.
            public init(_ definition: NetworkDefinition, servers: [Server]) {
                domains =
                    [definition.servedDomain].compactMap(\.self)
                    + definition.ips.compactMap { $0.subnet?.reverseDomain }
                self.servers = servers
            }
        }

        public struct Server: Hashable, Sendable, Codable {
            public var address: IPAddress
            public var port: UInt16

            public init(address: IPAddress, port: UInt16 = 53) {
                self.address = address
                self.port = port
            }
        }
    }
}
