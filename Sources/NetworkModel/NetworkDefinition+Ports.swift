// What ports get that say nothing themselves.

extension NetworkDefinition {
    /// How much may pass (`<bandwidth>`), seen from the guests: at least one direction is limited.
    public struct Bandwidth: Hashable, Sendable, Codable {
        /// Towards the guests.
        public var inbound: Rate?
        /// From the guests.
        public var outbound: Rate?

        public init(inbound: Rate? = nil, outbound: Rate? = nil) {
            self.inbound = inbound
            self.outbound = outbound
        }

        /// At least `average` is set.
        public struct Rate: Hashable, Sendable, Codable {
            /// In kilobytes per second, not 0.
            public var average: UInt64
            /// In kilobytes per second, not 0: what a burst may pass at.
            public var peak: UInt64?
            /// In kilobytes, not 0: how much may pass at `peak`.
            public var burst: UInt64?

            public init(average: UInt64, peak: UInt64? = nil, burst: UInt64? = nil) {
                self.average = average
                self.peak = peak
                self.burst = burst
            }
        }
    }

    /// The VLANs of a port (`<vlan>`).
    public struct VLAN: Hashable, Sendable, Codable {
        /// 0 to 4,095, at least one.
        public var tags: [UInt16]
        /// How frames without a tag are taken; nil where the document is silent.
        public var native: Native?
        /// Whether guests see the tags; always so with more than one.
        public var isTrunk: Bool

        public init(tags: [UInt16], native: Native? = nil, isTrunk: Bool = false) {
            self.tags = tags
            self.native = native
            self.isTrunk = isTrunk || tags.count > 1
        }

        public struct Native: Hashable, Sendable, Codable {
            public enum Mode: String, Hashable, Sendable, Codable { case tagged, untagged }
            /// One of `tags`.
            public var tag: UInt16
            public var mode: Mode

            public init(tag: UInt16, mode: Mode) {
                self.tag = tag
                self.mode = mode
            }
        }
    }

    /// What a switch outside the host is told of a port (`<virtualport>`).
    public struct VirtualPort: Hashable, Sendable {
        /// IEEE 802.1Qbg (VEPA with VSI), 802.1Qbh (port extension), Open vSwitch and MidoNet.
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            case qbg = "802.1Qbg"
            case qbh = "802.1Qbh"
            case openvswitch, midonet
        }

        /// Nil in a port group that leaves it to the network.
        public var kind: Kind?
        public var managerID: UInt8?
        /// 24 bits.
        public var typeID: UInt32?
        public var typeIDVersion: UInt8?
        public var instanceID: NetworkUUID?
        public var interfaceID: NetworkUUID?
        /// 1 to 39 octets.
        public var profileID: String?

        public init(_ kind: Kind?) { self.kind = kind }

        /// Whether anything but the kind is set.
        public var hasParameters: Bool { self != Self(kind) }
    }

    /// Settings for the ports that name it (`<portgroup>`).
    public struct PortGroup: Hashable, Sendable {
        public var name: String
        /// Whether ports that name no group are of this one.
        public var isDefault = false
        /// Nil where the document is silent.
        public var trustGuestRxFilters: Bool?
        public var vlan: VLAN?
        public var virtualPort: VirtualPort?
        public var bandwidth: Bandwidth?

        public init(name: String) { self.name = name }
    }
    /// The group of a port that names `name`, or none: then the default, where there is one.
    public func portGroup(_ name: String?) -> PortGroup? {
        portGroups.first { group in name.map { $0 == group.name } ?? group.isDefault }
    }

    /// How many guests are on a network that runs.
    public struct Connections: Hashable, Sendable {
        public var total: Int
        /// By interface of `<forward>`, where guests are on those.
        public var interfaces: [InterfaceName: Int]

        public init(total: Int = 0, interfaces: [InterfaceName: Int] = [:]) {
            self.total = total
            self.interfaces = interfaces
        }
    }
}
