extension NetworkDefinition {
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

        /// At least one of `domain` and `address` is set.
        public struct Forwarder: Hashable, Sendable {
            /// Only names at or below this domain; nil for all.
            public var domain: String?
            /// The server to ask; nil for the host's own resolvers.
            public var address: IPAddress?
            /// Of the server; nil for 53.
            ///
            /// Of libvirt 12.0 and later.
            public var port: UInt16?

            public init(domain: String? = nil, address: IPAddress? = nil, port: UInt16? = nil) {
                self.domain = domain
                self.address = address
                self.port = port
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
}
