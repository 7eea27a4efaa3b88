/// A guest's place on a network as libvirt's `<networkport>` document says.
///
/// Two ports are equal exactly where libvirt would write them the same.
public struct NetworkPort: Hashable, Sendable {
    public var uuid: NetworkUUID
    public var owner: Owner
    /// The port group that is asked for.
    public var group: String?
    /// The guest's own address.
    public var mac: MACAddress
    public var virtualPort: NetworkDefinition.VirtualPort?
    public var bandwidth: NetworkDefinition.Bandwidth?
    /// Promised towards the guest, in kilobytes per second, not 0.
    public var floor: UInt64?
    /// The traffic class on the bridge that keeps the promise.
    public var classID: UInt32?
    public var vlan: NetworkDefinition.VLAN?
    /// Nil where the document is silent, which means as the network says.
    public var isIsolated: Bool?
    /// Nil where the document is silent, which means no.
    public var trustGuestRxFilters: Bool?
    /// Nil in what a hypervisor asks for, and set in what it gets.
    public var plug: Plug?

    public init(uuid: NetworkUUID, owner: Owner, mac: MACAddress) {
        self.uuid = uuid
        self.owner = owner
        self.mac = mac
    }

    /// The guest, or rather the hypervisor's domain, that has the port.
    public struct Owner: Hashable, Sendable {
        public var name: String
        public var uuid: NetworkUUID

        public init(name: String, uuid: NetworkUUID) {
            self.name = name
            self.uuid = uuid
        }
    }

    /// What the hypervisor is to put the guest's interface on.
    public enum Plug: Hashable, Sendable {
        public typealias MACTableManager = NetworkDefinition.Bridge.MACTableManager

        /// The network's own bridge.
        case network(bridge: String, MACTableManager?)
        /// A bridge that the host had before.
        case bridge(bridge: String, MACTableManager?)
        /// An interface of the host, by a macvtap device.
        case direct(device: InterfaceName, DirectMode)
        /// A device that the guest gets as a whole.
        case device(PCIAddress, isManaged: Bool?, driver: NetworkDefinition.Forward.Driver.Name?)

        /// How macvtap devices of one interface reach each other.
        public enum DirectMode: String, Hashable, Sendable, CaseIterable { case vepa, `private`, bridge, passthrough }

        /// libvirt's name of the kind.
        public var type: String {
            switch self {
            case .network: "network"
            case .bridge: "bridge"
            case .direct: "direct"
            case .device: "hostdev-pci"
            }
        }
    }
}

extension NetworkUUID {
    /// The identity of a port that has none of its own, by its name: the same for the same name on the same network
    /// (version 8, RFC 9562, section 5.8).
    public static func of(port name: String, on network: Self) -> Self {
        // FNV-1a of 64 bits, from two different starts.
        var hashes: [UInt64] = [0xCBF2_9CE4_8422_2325, 0x8422_2325_CBF2_9CE4]
        for index in hashes.indices {
            for byte in Array(network.description.utf8) + Array(name.utf8) {
                hashes[index] = (hashes[index] ^ UInt64(byte)) &* 0x100_0000_01B3
            }
        }
        let bits = UInt128(hashes[0]) << 64 | UInt128(hashes[1])
        let version: UInt128 = 0x8 << 76
        let variant: UInt128 = 0x2 << 62
        return Self(bits & ~(0xF << 76) & ~(0x3 << 62) | version | variant)
    }
}
