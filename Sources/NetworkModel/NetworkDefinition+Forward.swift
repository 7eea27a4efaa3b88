extension NetworkDefinition {
    /// Where packets go that leave the network (`<forward>`).
    public struct Forward: Hashable, Sendable {
        public enum Mode: String, Hashable, Sendable, CaseIterable {
            case nat, route, open
            case bridge, `private`, vepa, passthrough, hostdev

            /// As `NetworkDefinition.hasOwnBridge`.
            public var hasOwnBridge: Bool {
                switch self {
                case .nat, .route, .open: true
                case .bridge, .private, .vepa, .passthrough, .hostdev: false
                }
            }
        }

        public var mode: Mode
        /// The interfaces that packets may leave and enter by, or that guests get.
        ///
        /// At most one with a bridge of the network's own. Of this, `physicalFunction` and `addresses` only one is set.
        public var interfaces: [InterfaceName] = []
        /// The interface whose SR-IOV virtual functions guests get (`<pf>`).
        public var physicalFunction: InterfaceName?
        /// The devices that guests get (`<address>`).
        public var addresses: [PCIAddress] = []
        public var driver: Driver?
        /// Whether a device is taken from its driver when a guest gets it; of mode `hostdev` only.
        public var isManaged = false
        public var nat = NAT()

        /// Without `device` packets may leave and enter by any interface.
        public init(mode: Mode, device: InterfaceName? = nil) {
            self.mode = mode
            interfaces = device.map { [$0] } ?? []
        }

        /// The first of `interfaces`: the only one that packets may leave and enter by, nil for any.
        public var device: InterfaceName? { interfaces.first }

        /// The driver that hands a device to a guest (`<driver>`).
        public struct Driver: Hashable, Sendable {
            public enum Name: String, Hashable, Sendable { case kvm, vfio }
            public var name: Name
            /// The kernel module of a device's own variant of VFIO; libvirt 10.0 and later.
            public var model: String?

            public init(name: Name, model: String? = nil) {
                self.name = name
                self.model = model
            }
        }
    }
}

extension NetworkDefinition.Forward {
    /// How source addresses are rewritten (`<nat>`); of mode `nat` only.
    public struct NAT: Hashable, Sendable {
        /// Whether IPv6 is rewritten as well; nil where the document is silent, which means that it is routed.
        public var ipv6: Bool?
        /// The addresses that packets leave with; nil for that of the interface.
        public var addresses: ClosedRange<IPv4Address>?
        /// The ports that TCP and UDP leave with; nil where the document is silent, which means `defaultPorts`.
        public var ports: ClosedRange<UInt16>?

        /// The ports that libvirt has in a running network's document where its definition has none.
        public static let defaultPorts: ClosedRange<UInt16> = 1_024...65_535

        public init() {}
    }
}

/// Where a device is on the PCI bus.
public struct PCIAddress: Hashable, Sendable {
    public let domain: UInt32
    public let bus: UInt8
    /// 0 to 31.
    public let slot: UInt8
    /// 0 to 7.
    public let function: UInt8

    /// Nil where `slot` or `function` is too large, or where all but `function` are 0: that is no device's address.
    public init?(domain: UInt32, bus: UInt8, slot: UInt8, function: UInt8) {
        guard slot < 32, function < 8, domain > 0 || bus > 0 || slot > 0 else { return nil }
        self.domain = domain
        self.bus = bus
        self.slot = slot
        self.function = function
    }
}
