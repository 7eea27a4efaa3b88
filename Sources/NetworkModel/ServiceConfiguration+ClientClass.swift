extension ServiceConfiguration.DHCP {
    /// What a client says of itself, by which it is told apart from others.
    public enum ClientTrait: Hashable, Sendable, Codable {
        /// It sends the option; where octets are given, they are one of the values that stand in it side by side.
        case option(UInt8, [UInt8]?)
        /// It sends the option, and the octets are in it somewhere.
        case containing(UInt8, [UInt8])
        /// It has this address.
        case mac(MACAddress)
    }

    /// Holds for a client that has one of the traits; negated, for one that has none of them.
    public struct Condition: Hashable, Sendable, Codable {
        public var traits: [ClientTrait]
        public var isNegated: Bool

        public init(_ traits: [ClientTrait], isNegated: Bool = false) {
            self.traits = traits
            self.isNegated = isNegated
        }
    }

    /// An option that the configuration sets, for the clients for which all conditions hold.
    ///
    /// One with conditions comes before one without.
    public struct Option: Hashable, Sendable, Codable {
        public var code: UInt8
        /// Nil where the option is not to be sent, although the server knows a value.
        public var data: [UInt8]?
        /// Whether it is sent to clients that do not ask for it too.
        public var isForced: Bool
        public var conditions: [Condition]

        public init(code: UInt8, data: [UInt8]?, isForced: Bool = false, conditions: [Condition] = []) {
            self.code = code
            self.data = data
            self.isForced = isForced
            self.conditions = conditions
        }
    }

    /// A file to start from, for the clients for which all conditions hold, and the TFTP server that has it.
    public struct Boot: Hashable, Sendable, Codable {
        public var file: String
        public var server: IPv4Address
        /// What firmware that fetches by HTTP starts from instead; nil where `file` is for it too.
        public var httpURL: String?
        public var conditions: [Condition]

        var isURL: Bool { file.contains("://") }

        public init(file: String, server: IPv4Address, conditions: [Condition] = []) {
            self.file = file
            self.server = server
            self.conditions = conditions
        }
    }
}
