public import NetworkModel

// What travels on the control socket: HTTP/1.1 with JSON bodies, below `/v1`. A network in a path is its name or its UUID,
// percent-encoded. An answer that is no success has an ``APIError`` as its body. Events come one a line, as they happen.
//
// | method, path                          | body           | answer           |
// |---------------------------------------|----------------|------------------|
// | GET    /v1/networks                   |                | [NetworkSummary] |
// | POST   /v1/networks                   | XML            | NetworkReport    |
// | POST   /v1/networks?transient=true    | XML            | NetworkReport    |
// | GET    /v1/networks/NETWORK           |                | NetworkSummary   |
// | DELETE /v1/networks/NETWORK           |                | NetworkSummary   |
// | GET    /v1/networks/NETWORK/xml       | ?inactive=true | XML              |
// | GET    /v1/networks/NETWORK/xml       | ?form=file     | XML              |
// | POST   /v1/networks/NETWORK/start     |                | NetworkReport    |
// | POST   /v1/networks/NETWORK/stop      |                | NetworkSummary   |
// | POST   /v1/networks/NETWORK/update    | UpdateWish     | UpdateReport     |
// | GET    /v1/networks/NETWORK/metadata  | ?part=…&uri=…  | text             |
// | PUT    /v1/networks/NETWORK/metadata  | MetadataWish   | UpdateReport     |
// | POST   /v1/apply                      | XML            | ApplyReport      |
// | POST   /v1/apply?dryRun=true          | XML            | ApplyReport      |
// | PUT    /v1/networks/NETWORK/autostart | AutostartWish  | NetworkSummary   |
// | GET    /v1/networks/NETWORK/leases    |                | [LeaseInfo]      |
// | GET    /v1/networks/NETWORK/dns/cache |                | DNSCacheStatistics |
// | DELETE /v1/networks/NETWORK/dns/cache |                | DNSCacheStatistics |
// | GET    /v1/networks/NETWORK/dns/log   | ?lines=100     | text             |
// | DELETE /v1/networks/NETWORK/leases/A  |                | LeaseInfo        |
// | GET    /v1/networks/NETWORK/ports     |                | [PortInfo]       |
// | POST   /v1/networks/NETWORK/ports     | PortWish       | PortInfo         |
// | DELETE /v1/networks/NETWORK/ports/X   |                | PortInfo         |
// | GET    /v1/networks/NETWORK/networkports          |     | [NetworkPortInfo] |
// | POST   /v1/networks/NETWORK/networkports          | XML | NetworkPortInfo |
// | GET    /v1/networks/NETWORK/networkports/UUID/xml |     | XML             |
// | DELETE /v1/networks/NETWORK/networkports/UUID     |     | NetworkPortInfo |
// | GET    /v1/ports                      |                | [PortInfo]       |
// | GET    /v1/events?network=NETWORK     |                | EventLine…       |
// | GET    /v1/doctor?network=NETWORK     |                | [Finding]        |
// | POST   /v1/doctor?network=NETWORK     |                | [Finding]        |
// | GET    /v1/daemon                     |                | DaemonInfo       |

/// A network as `vnet list` and `vnet info` show it.
public struct NetworkSummary: Hashable, Sendable, Codable {
    public var name: String
    public var uuid: NetworkUUID
    public var isActive: Bool
    /// Whether it is kept on disk; a transient network ends when it stops.
    public var isPersistent: Bool
    /// Whether it starts with the daemon.
    public var isAutostarted: Bool
    public var bridge: String?
    /// `isolated`, or the mode of `<forward>`.
    public var mode: String
    /// The bridge's addresses with their prefix length: `192.168.150.1/24`.
    public var addresses: [String]
    public var title: String?

    public init(
        name: String, uuid: NetworkUUID, isActive: Bool, isPersistent: Bool, isAutostarted: Bool, bridge: String?,
        mode: String, addresses: [String], title: String?
    ) {
        self.name = name
        self.uuid = uuid
        self.isActive = isActive
        self.isPersistent = isPersistent
        self.isAutostarted = isAutostarted
        self.bridge = bridge
        self.mode = mode
        self.addresses = addresses
        self.title = title
    }
}

/// What a definition or a start has to say beside that it worked.
public struct NetworkReport: Hashable, Sendable, Codable {
    public var network: NetworkSummary
    /// Sentences for a person, each with what, where and what to do.
    public var warnings: [String]
    /// What is strange about the document that was sent; nil where none was.
    public var problems: [DocumentProblem]?

    public init(network: NetworkSummary, warnings: [String] = [], problems: [DocumentProblem]? = nil) {
        self.network = network
        self.warnings = warnings
        self.problems = problems
    }
}

/// What it took, or would take, to make a network defined, running and as a document says.
public struct ApplyReport: Hashable, Sendable, Codable {
    /// What becomes of a network besides changes to the kernel.
    public enum Change: String, Hashable, Sendable, Codable {
        /// It was not on disk.
        case defined
        /// It was on disk otherwise.
        case redefined
        case started
        /// What guests are told by DHCP, DNS and router advertisements is other than before.
        case served
    }

    public var name: String
    /// The document in libvirt's form, with what vnet chose where it left a choice.
    public var xml: String
    public var changes: [Change]
    /// As `ip`, `nft`, `bridge`, `tc` and `sysctl` commands, in order.
    public var steps: [String]
    /// Sentences for a person: what cannot change in place, and what is strange about the document.
    public var warnings: [String]

    public init(name: String, xml: String, changes: [Change], steps: [String], warnings: [String]) {
        self.name = name
        self.xml = xml
        self.changes = changes
        self.steps = steps
        self.warnings = warnings
    }

    public var isEmpty: Bool { changes.isEmpty && steps.isEmpty }
}

public struct AutostartWish: Hashable, Sendable, Codable {
    public var enabled: Bool

    public init(enabled: Bool) { self.enabled = enabled }
}

/// One element of a network to be added, replaced or removed, as libvirt's net-update does it.
public struct UpdateWish: Hashable, Sendable, Codable {
    public var command: UpdateCommand
    public var section: UpdateSection
    /// The element alone.
    public var xml: String
    /// The `<ip>` that a DHCP element belongs to, from 0; nil for the one that has DHCP.
    public var parentIndex: Int?
    /// Whether the network as it runs changes, and whether what is on disk does; neither for the one that counts now.
    public var isLive: Bool
    public var isPersistent: Bool

    public init(
        _ command: UpdateCommand, _ section: UpdateSection, xml: String, parentIndex: Int?, isLive: Bool,
        isPersistent: Bool
    ) {
        self.command = command
        self.section = section
        self.xml = xml
        self.parentIndex = parentIndex
        self.isLive = isLive
        self.isPersistent = isPersistent
    }
}

/// What an update has changed.
public struct UpdateReport: Hashable, Sendable, Codable {
    public var network: NetworkSummary
    public var isLive: Bool
    public var isPersistent: Bool

    public init(network: NetworkSummary, isLive: Bool, isPersistent: Bool) {
        self.network = network
        self.isLive = isLive
        self.isPersistent = isPersistent
    }
}

/// A lease as `vnet leases` shows it.
public struct LeaseInfo: Hashable, Sendable, Codable {
    /// The first of them where a prefix is delegated.
    public var address: IPAddress
    public var prefixLength: Int
    /// Nil where a relay agent asked for the guest and did not tell it.
    public var mac: MACAddress?
    public var hostName: String?
    /// The client identifier, for IPv6 the DUID, as colon-separated hexadecimal octets.
    public var clientID: String?
    /// The client's number for the association that an IPv6 lease is of (RFC 8415, section 12).
    public var iaid: UInt32?
    /// Seconds since 1970; nil for a lease that never ends.
    public var expiry: WallTime?
    /// Whether it is no lease: the guest gave itself the address, and was seen to use it.
    public var isStatic: Bool
    /// Whether it is static because guests are to make themselves addresses of its subnet (RFC 4862).
    public var isAutoconfigured: Bool

    public init(
        address: IPAddress, prefixLength: Int, mac: MACAddress?, hostName: String?, clientID: String?,
        iaid: UInt32? = nil, expiry: WallTime?, isStatic: Bool = false, isAutoconfigured: Bool = false
    ) {
        self.address = address
        self.prefixLength = prefixLength
        self.mac = mac
        self.hostName = hostName
        self.clientID = clientID
        self.iaid = iaid
        self.expiry = expiry
        self.isStatic = isStatic
        self.isAutoconfigured = isAutoconfigured
    }
}

/// What is asked for with a new port.
public struct PortWish: Hashable, Sendable, Codable {
    /// Nil for the tap's name.
    public var name: String?
    /// Nil for a random one.
    public var mac: MACAddress?
    /// Who may open the tap; nil for root alone.
    public var owner: UInt32?
    public var group: UInt32?
    /// Whether the guest may talk to the host only, and not to other isolated ports.
    public var isIsolated: Bool
    /// The `<portgroup>` whose settings it gets; nil for the default one, where there is one.
    public var portGroup: String?
    /// Instead of the group's.
    public var bandwidth: NetworkDefinition.Bandwidth?
    /// In kilobytes per second: what the guest gets of the network's inbound bandwidth whatever others take.
    public var floor: UInt64?

    public init(
        name: String? = nil, mac: MACAddress? = nil, owner: UInt32? = nil, group: UInt32? = nil,
        isIsolated: Bool = false, portGroup: String? = nil, bandwidth: NetworkDefinition.Bandwidth? = nil
    ) {
        self.portGroup = portGroup
        self.bandwidth = bandwidth
        self.name = name
        self.mac = mac
        self.owner = owner
        self.group = group
        self.isIsolated = isIsolated
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        mac = try container.decodeIfPresent(MACAddress.self, forKey: .mac)
        owner = try container.decodeIfPresent(UInt32.self, forKey: .owner)
        group = try container.decodeIfPresent(UInt32.self, forKey: .group)
        isIsolated = try container.decodeIfPresent(Bool.self, forKey: .isIsolated) ?? false
        portGroup = try container.decodeIfPresent(String.self, forKey: .portGroup)
        bandwidth = try container.decodeIfPresent(NetworkDefinition.Bandwidth.self, forKey: .bandwidth)
        floor = try container.decodeIfPresent(UInt64.self, forKey: .floor)
    }
}

/// A guest's place on a network.
public struct PortInfo: Hashable, Sendable, Codable {
    public var network: String
    public var name: String
    /// As libvirt's clients know it.
    public var uuid: NetworkUUID?
    /// The tap for QEMU to open, or the macvtap whose `device` it opens; nil where a hypervisor makes it.
    public var tap: InterfaceName?
    /// The guest's own address; a tap's differs in the first octet.
    public var mac: MACAddress
    public var owner: UInt32
    public var isIsolated: Bool
    /// In octets: what the guest must be told where it is not 1,500.
    public var mtu: UInt32?
    /// The character device of a macvtap; nil for a tap, which QEMU opens by its name.
    public var device: String?
    /// The interface that a macvtap is on.
    public var interface: InterfaceName?
    public var portGroup: String?
    public var bandwidth: NetworkDefinition.Bandwidth?
    /// In kilobytes per second, of the network's inbound bandwidth.
    public var floor: UInt64?
    public var vlan: NetworkDefinition.VLAN?
    /// Whether the guest may change what its interface filters.
    public var trustsGuestFilters: Bool?

    public init(
        network: String, name: String, uuid: NetworkUUID?, tap: InterfaceName?, mac: MACAddress, owner: UInt32,
        isIsolated: Bool, mtu: UInt32?
    ) {
        self.network = network
        self.name = name
        self.uuid = uuid
        self.tap = tap
        self.mac = mac
        self.owner = owner
        self.isIsolated = isIsolated
        self.mtu = mtu
    }
}

public struct DaemonInfo: Hashable, Sendable, Codable {
    public var pid: Int32
    public var responderPID: Int32?

    public init(pid: Int32, responderPID: Int32?) {
        self.pid = pid
        self.responderPID = responderPID
    }
}

/// Why a request was refused: a code for programs, and a sentence for people that says what, where and what to do.
public struct APIError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable, Codable {
        /// The document or an argument is wrong.
        case invalid
        /// There is no such network or port.
        case notFound
        /// It is there already, or something has its name or address.
        case conflict
        /// Not in this state: starting what runs, stopping what does not.
        case wrongState
        case notPermitted
        /// The host refused.
        case failed

        /// The HTTP status of an answer with this code.
        public var status: Int {
            switch self {
            case .invalid: 400
            case .notPermitted: 403
            case .notFound: 404
            case .conflict, .wrongState: 409
            case .failed: 500
            }
        }
    }

    /// What exactly it is, where programs tell such cases apart.
    public enum Cause: String, Hashable, Sendable, Codable {
        case noNetwork, noPort, portExists, noMetadata
        /// Something else is being done to the network, and will be done in a moment.
        case isBusy
        /// The document is no XML.
        case notWellFormed
        /// The document is one, and holds what its schema does not allow.
        case notValid
        /// The element is right, and the network is not such that it can be added, changed or removed.
        case notApplicable
        /// What was asked for is never possible, whatever the state.
        case notSupported
        /// The network has something that vnet does not do yet.
        case notYet
    }

    public var code: Code
    /// Nil where the code says enough.
    public var cause: Cause?
    public var message: String
    /// Where the document that was sent is wrong, all of it, in the order of its lines; `message` says the same as text.
    public var problems: [DocumentProblem]?

    public init(_ code: Code, _ message: String, cause: Cause? = nil) {
        self.code = code
        self.cause = cause
        self.message = message
    }

    /// A document that is refused.
    public init(_ problems: [DocumentProblem]) {
        self.init(.invalid, problems.map(\.description).joined(separator: "\n"))
        self.problems = problems
    }

    public var description: String { message }
}
