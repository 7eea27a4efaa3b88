// | method, path                    | body | answer    |
// |---------------------------------|------|-----------|
// | GET  /v1/doctor?network=NETWORK |      | [Finding] |
// | POST /v1/doctor?network=NETWORK |      | [Finding] |
//
// GET looks; POST also does what is safe about it. Without a network, all that run are looked at, and the host.

/// Something that keeps a network from working as its definition says, or may do so.
public struct Finding: Hashable, Sendable, Codable {
    public enum Severity: String, Hashable, Sendable, Codable {
        /// Packets are lost.
        case error
        /// Packets may be lost, or soon will be.
        case warning
        /// Nothing is lost, but it is good to know.
        case notice
    }

    /// A rule of the firewall, or a chain's policy.
    public struct Place: Hashable, Sendable, Codable {
        public var family: String
        public var table: String
        public var chain: String
        /// The kernel's number of the rule; nil for the policy.
        public var handle: UInt64?
        /// As nft writes it.
        public var rule: String

        public init(family: String, table: String, chain: String, handle: UInt64?, rule: String) {
            self.family = family
            self.table = table
            self.chain = chain
            self.handle = handle
            self.rule = rule
        }
    }

    /// The network's name; nil for what all networks of the host have to do with.
    public var network: String?
    public var severity: Severity
    /// A sentence for a person, without its full stop.
    public var what: String
    public var place: Place?
    /// Commands for a shell that do something about it.
    public var remedy: [String]
    /// Whether `--fix` does something about it.
    public var isFixable: Bool
    /// Whether it has.
    public var isFixed: Bool

    enum CodingKeys: String, CodingKey {
        case network, severity, what, remedy
        case place = "where"
        case isFixable = "fixable"
        case isFixed = "fixed"
    }

    public init(
        network: String?, _ severity: Severity, _ what: String, place: Place? = nil, remedy: [String],
        isFixable: Bool = false
    ) {
        self.network = network
        self.severity = severity
        self.what = what
        self.place = place
        self.remedy = remedy
        self.isFixable = isFixable
        isFixed = false
    }
}
