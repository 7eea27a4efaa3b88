/// A virtual network as its libvirt `<network>` document says, every element optional that is optional there.
///
/// Two definitions are equal exactly where libvirt would write them the same. What a start needs and a document may leave
/// out, the bridge's name and its MAC address, is filled in when the network is defined.
public struct NetworkDefinition: Hashable, Sendable {
    /// Not empty, without `/` and newline.
    public var name: String
    public var uuid: NetworkUUID
    /// One line for people; libvirt 9.7 and later.
    public var title: String?
    /// Lines for people; libvirt 9.7 and later.
    public var description: String?
    /// The whole `<metadata>` element as libvirt writes it, without indentation of its first line.
    public var metadata: String?
    /// What `metadata` holds for vnet itself.
    public var extensions = Extensions()
    /// Whether guests may reach each other by IPv6 on a network without an IPv6 address.
    public var allowsIPv6 = false
    /// Whether a guest may change what its interface filters; nil where the document is silent, which means no.
    public var trustGuestRxFilters: Bool?
    /// Nil where guests reach each other and the host only: an isolated network.
    public var forward: Forward?
    public var bridge: Bridge
    /// The bridge's own address; nil until the network is defined, where the document has none.
    public var mac: MACAddress?
    /// In octets; nil for the kernel's default of 1,500.
    public var mtu: UInt32?
    public var domain: Domain?
    public var dns: DNS?
    /// Of all ports whose port group or own settings say nothing else.
    public var vlan: VLAN?
    /// Of the bridge, so of all ports together.
    public var bandwidth: Bandwidth?
    /// Whether ports reach the bridge only, and not each other; nil where the document is silent, which means no.
    public var portsAreIsolated: Bool?
    public var ips: [IP]
    /// Routes of the host to what is behind guests.
    public var routes: [Route] = []
    public var virtualPort: VirtualPort?
    /// No two have the same name, and at most one is the default.
    public var portGroups: [PortGroup] = []
    /// Lines for dnsmasq's configuration (`<dnsmasq:options>`).
    public var dnsmasqOptions: [String] = []

    public init(name: String, uuid: NetworkUUID) {
        self.name = name
        self.uuid = uuid
        bridge = Bridge()
        ips = []
    }

    /// Whether the network is a bridge of its own, made when it starts and removed when it stops; false where guests are put
    /// on what the host has already, a bridge or interfaces.
    public var hasOwnBridge: Bool { forward?.mode.hasOwnBridge ?? true }

    /// The Linux bridge (`<bridge>`).
    public struct Bridge: Hashable, Sendable {
        /// A name, or a template such as `virbr%d`; nil for the default template.
        public var name: String?
        /// The zone of firewalld that the bridge is in.
        public var zone: String?
        /// Whether the bridge runs the spanning tree protocol.
        public var stp = true
        /// Forward delay in seconds.
        public var delay: UInt64 = 0
        /// Nil where the document is silent, which means the kernel.
        public var macTableManager: MACTableManager?

        /// Who fills the table that tells which port leads to which MAC address.
        public enum MACTableManager: String, Hashable, Sendable { case kernel, libvirt }

        public init(name: String? = nil, stp: Bool = true, delay: UInt64 = 0) {
            self.name = name
            self.stp = stp
            self.delay = delay
        }
    }

    /// The DNS domain of the guests (`<domain>`).
    public struct Domain: Hashable, Sendable {
        public var name: String
        /// Whether names of the domain that are not known here are never asked elsewhere; nil where the document is silent.
        public var localOnly: Bool?
        /// Whether the host's own resolver asks the network about the domain; nil where the document is silent, for no.
        ///
        /// Of libvirt 10.1 and later.
        public var register: Bool?

        public init(name: String, localOnly: Bool? = nil, register: Bool? = nil) {
            self.name = name
            self.localOnly = localOnly
            self.register = register
        }
    }
}
