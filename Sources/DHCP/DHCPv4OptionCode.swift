extension DHCPv4Message {
    /// The number of an option (RFC 2132 and IANA "BOOTP Vendor Extensions and DHCP Options").
    ///
    /// A struct, not an enum: a guest may send any number, and one that is not known here must survive being read.
    public struct OptionCode: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let subnetMask = Self(rawValue: 1)  // RFC 2132, 3.3
        public static let routers = Self(rawValue: 3)  // RFC 2132, 3.5
        public static let nameServers = Self(rawValue: 6)  // RFC 2132, 3.8
        public static let hostName = Self(rawValue: 12)  // RFC 2132, 3.14
        public static let domainName = Self(rawValue: 15)  // RFC 2132, 3.17
        public static let interfaceMTU = Self(rawValue: 26)  // RFC 2132, 5.1
        public static let broadcastAddress = Self(rawValue: 28)  // RFC 2132, 5.3
        public static let requestedAddress = Self(rawValue: 50)  // RFC 2132, 9.1
        public static let leaseTime = Self(rawValue: 51)  // RFC 2132, 9.2
        public static let overload = Self(rawValue: 52)  // RFC 2132, 9.3
        public static let messageType = Self(rawValue: 53)  // RFC 2132, 9.6
        public static let serverIdentifier = Self(rawValue: 54)  // RFC 2132, 9.7
        public static let parameterRequestList = Self(rawValue: 55)  // RFC 2132, 9.8
        public static let message = Self(rawValue: 56)  // RFC 2132, 9.9
        public static let maximumMessageSize = Self(rawValue: 57)  // RFC 2132, 9.10
        public static let renewalTime = Self(rawValue: 58)  // RFC 2132, 9.11
        public static let rebindingTime = Self(rawValue: 59)  // RFC 2132, 9.12
        public static let vendorClass = Self(rawValue: 60)  // RFC 2132, 9.13
        public static let clientIdentifier = Self(rawValue: 61)  // RFC 2132, 9.14
        public static let tftpServerName = Self(rawValue: 66)  // RFC 2132, 9.4
        public static let bootFileName = Self(rawValue: 67)  // RFC 2132, 9.5
        public static let rapidCommit = Self(rawValue: 80)  // RFC 4039, 4
        public static let clientFQDN = Self(rawValue: 81)  // RFC 4702, 2
        public static let relayAgent = Self(rawValue: 82)  // RFC 3046, 2.0

        static let pad = Self(rawValue: 0)
        static let end = Self(rawValue: 255)
    }
}
