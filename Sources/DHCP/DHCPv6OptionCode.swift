extension DHCPv6Options {
    /// The number of an option (RFC 8415, section 21, and IANA "DHCPv6 Option Codes").
    ///
    /// A struct, not an enum: a guest may send any number, and one that is not known here must survive being read.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt16

        public init(rawValue: UInt16) { self.rawValue = rawValue }

        public static let clientIdentifier = Self(rawValue: 1)  // RFC 8415, 21.2
        public static let serverIdentifier = Self(rawValue: 2)  // RFC 8415, 21.3
        public static let addresses = Self(rawValue: 3)  // IA_NA: RFC 8415, 21.4
        public static let temporaryAddresses = Self(rawValue: 4)  // IA_TA: RFC 8415, 21.5
        public static let address = Self(rawValue: 5)  // RFC 8415, 21.6
        public static let optionRequest = Self(rawValue: 6)  // RFC 8415, 21.7
        public static let preference = Self(rawValue: 7)  // RFC 8415, 21.8
        public static let relayMessage = Self(rawValue: 9)  // RFC 8415, 21.10
        public static let status = Self(rawValue: 13)  // RFC 8415, 21.13
        public static let rapidCommit = Self(rawValue: 14)  // RFC 8415, 21.14
        public static let userClass = Self(rawValue: 15)  // RFC 8415, 21.15
        public static let vendorClass = Self(rawValue: 16)  // RFC 8415, 21.16
        public static let interfaceID = Self(rawValue: 18)  // RFC 8415, 21.18
        public static let nameServers = Self(rawValue: 23)  // RFC 3646, 3
        public static let searchDomains = Self(rawValue: 24)  // RFC 3646, 4
        public static let prefixes = Self(rawValue: 25)  // IA_PD: RFC 8415, 21.21
        public static let prefix = Self(rawValue: 26)  // RFC 8415, 21.22
        public static let informationRefreshTime = Self(rawValue: 32)  // RFC 8415, 21.23
        public static let clientFQDN = Self(rawValue: 39)  // RFC 4704, 4
        public static let echoRequest = Self(rawValue: 43)  // RFC 4994, 3
        public static let bootFileURL = Self(rawValue: 59)  // RFC 5970, 3.1
        public static let clientArchitecture = Self(rawValue: 61)  // RFC 5970, 3.3
        public static let clientLinkLayerAddress = Self(rawValue: 79)  // RFC 6939, 4
        public static let relaySourcePort = Self(rawValue: 135)  // RFC 8357, 4.2
    }
}
