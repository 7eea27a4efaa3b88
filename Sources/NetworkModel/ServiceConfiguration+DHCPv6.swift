extension ServiceConfiguration {
    /// DHCPv6 on one subnet (RFC 8415).
    public struct DHCPv6: Hashable, Sendable, Codable {
        /// The server's DUID: the same as long as the network exists.
        public var serverIdentifier: [UInt8]
        /// The bridge's address in `subnet`, which is given to nobody.
        public var serverAddress: IPv6Address
        public var subnet: IPv6Subnet
        public var ranges: [Range]
        public var reservations: [Reservation]
        /// Blocks that prefixes for networks behind guests are cut from.
        public var delegations: [Delegation]
        /// Guests that IPv4 knows by their Ethernet address: their names are theirs here too.
        public var machines: [Machine]
        public var nameServers: [IPv6Address]
        public var domain: String?
        /// What guests start from over the network, the first that is for them (RFC 5970, section 3.1).
        public var boots: [Boot]
        /// What the configuration sets, instead of what the server would say by itself.
        public var options: [DHCPOption]

        public init(serverIdentifier: [UInt8], serverAddress: IPv6Address, subnet: IPv6Subnet) {
            self.serverIdentifier = serverIdentifier
            self.serverAddress = serverAddress
            self.subnet = subnet
            ranges = []
            reservations = []
            delegations = []
            machines = []
            nameServers = []
            boots = []
            options = []
        }

        public struct Range: Hashable, Sendable, Codable {
            public var start: IPv6Address
            public var end: IPv6Address
            /// In seconds; `UInt32.max` for ever (RFC 8415, section 7.7).
            public var leaseSeconds: UInt32

            public init(start: IPv6Address, end: IPv6Address, leaseSeconds: UInt32) {
                self.start = start
                self.end = end
                self.leaseSeconds = leaseSeconds
            }
        }

        /// At least one of `duid`, `mac` and `name` is set; the first of them that is set says whom it is for.
        public struct Reservation: Hashable, Sendable, Codable {
            public var duid: [UInt8]?
            public var mac: MACAddress?
            /// Given to the client where it is known by something else, and how it is recognised where it is not.
            public var name: String?
            public var address: IPv6Address
            public var leaseSeconds: UInt32

            public init(
                duid: [UInt8]? = nil, mac: MACAddress? = nil, name: String? = nil, address: IPv6Address,
                leaseSeconds: UInt32
            ) {
                self.duid = duid
                self.mac = mac
                self.name = name
                self.address = address
                self.leaseSeconds = leaseSeconds
            }
        }

        /// A block of which each client is given a part.
        public struct Delegation: Hashable, Sendable, Codable {
            public var block: IPv6Subnet
            /// Of each part; not below the block's.
            public var prefixLength: Int
            public var leaseSeconds: UInt32

            public init(block: IPv6Subnet, prefixLength: Int, leaseSeconds: UInt32) {
                self.block = block
                self.prefixLength = prefixLength
                self.leaseSeconds = leaseSeconds
            }
        }

        public struct Boot: Hashable, Sendable, Codable {
            public var url: String
            /// What firmware that fetches by HTTP starts from instead; nil where `url` is for it too.
            public var httpURL: String?
            /// A client is of all of them.
            public var clients: [ClientClass]

            public init(url: String, clients: [ClientClass] = []) {
                self.url = url
                self.clients = clients
            }
        }

        public struct Machine: Hashable, Sendable, Codable {
            public var mac: MACAddress
            public var name: String

            public init(mac: MACAddress, name: String) {
                self.mac = mac
                self.name = name
            }
        }
    }
}
