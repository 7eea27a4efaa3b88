/// Another network that guests of this one may open connections to (`<vnet:peer>`).
///
/// Answers flow back; what guests there may open here is the other network's to say.
public struct Peer: Hashable, Sendable, Codable {
    /// Its name; nothing comes of it while no network of this name runs.
    public var network: String
    /// Empty for everything.
    public var allowed: [Allowance]

    public init(network: String, allowed: [Allowance] = []) {
        self.network = network
        self.allowed = allowed
    }

    /// What may be opened (`<vnet:allow>`).
    public struct Allowance: Hashable, Sendable, Codable {
        public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
            /// `icmp` is that of either family.
            case tcp, udp, sctp, icmp
        }

        public var kind: Kind
        /// From 1, both ends included; nil for each, and always so with ICMP.
        public var ports: ClosedRange<UInt16>?

        public init(_ kind: Kind, ports: ClosedRange<UInt16>? = nil) {
            self.kind = kind
            self.ports = ports
        }
    }
}
