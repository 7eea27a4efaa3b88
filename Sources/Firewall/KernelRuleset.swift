internal import NetworkModel

/// The tables that others have put in the kernel, as far as what becomes of a packet can be told from them.
///
/// What is not understood of a rule is doubt, never a guess: a packet may or may not match it.
public struct KernelRuleset: Hashable, Sendable {
    public var tables: [Table]

    /// A table is known by its family and its name.
    public struct TableName: Hashable, Sendable, Codable, CustomStringConvertible {
        /// `ip`, `ip6`, `inet`, `bridge`, `arp` or `netdev`.
        public var family: String
        public var name: String

        public init(family: String, name: String) {
            self.family = family
            self.name = name
        }

        public var description: String { "\(family) \(name)" }
    }

    public struct Table: Hashable, Sendable {
        public var name: TableName
        /// Whether only the program that made it may change it (`NFT_TABLE_F_OWNER`, linux/netfilter/nf_tables.h).
        public var isOwned = false
        public var chains: [Chain] = []
        /// The elements of its sets and maps.
        var containers: [String: [Element]] = [:]

        public func chain(_ name: String) -> Chain? { chains.first { $0.name == name } }
    }

    public struct Chain: Hashable, Sendable {
        public var name: String
        /// Where packets come in; nil for a chain that others lead to.
        public var base: Base?
        public var rules: [Rule] = []
    }

    public struct Base: Hashable, Sendable {
        /// `filter`, `nat` or `route`.
        public var type: String
        /// `prerouting`, `input`, `forward`, `output` or `postrouting`.
        public var hook: String
        /// Whether a packet that no rule has decided about is dropped.
        public var drops: Bool
    }

    public struct Rule: Hashable, Sendable {
        /// The kernel's number for it in its table.
        public var handle: UInt64
        /// As nft writes it.
        public var text: String
        var terms: [Term]
    }

    /// One key of a set or a map, in parts where it is joined of several, and what it leads to.
    struct Element: Hashable, Sendable {
        var key: [String]
        var verdict: Verdict?
    }

    enum Verdict: Hashable, Sendable {
        case accept
        case drop
        case jump(String)
        case goto(String)
        case `return`
        /// It goes on elsewhere, to a program for example.
        case other
    }

    /// Keys that are written in the rule, or the name of the set or map that holds them.
    enum Keys: Hashable, Sendable {
        case written([Element])
        case named(String)
    }

    /// A part of a rule, in the order in which the kernel looks at them.
    enum Term: Hashable, Sendable {
        case match([Selector], isNegated: Bool, Keys)
        case map([Selector], Keys)
        case verdict(Verdict)
        /// Something that not every packet passes.
        case doubt
    }

    /// What of a packet is looked at.
    enum Selector: Hashable, Sendable {
        case input, output, bridgeInput, bridgeOutput
        case networkProtocol, transportProtocol
        case source(AddressFamily)
        case destination(AddressFamily)
        /// With the protocol that it implies; nil for any that has ports.
        case sourcePort(String?)
        case destinationPort(String?)
        case icmpType(AddressFamily)
        case hopLimit(AddressFamily)
        case state, status, direction
        case sourceType, destinationType
    }
}
