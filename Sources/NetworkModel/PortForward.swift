/// Ports of the host that lead to a guest (`<vnet:range>` in a `<vnet:portForward>`).
public struct PortForward: Hashable, Sendable, Codable {
    public enum Transport: String, Hashable, Sendable, Codable, CaseIterable { case tcp, udp, sctp }

    /// Who gets what arrives.
    public enum Guest: Hashable, Sendable, CustomStringConvertible {
        case address(IPAddress)
        /// A name that a lease, a reservation or a `<dns>` record of the network has, in the document's spelling; the forward
        /// follows it, and leads nowhere while nobody has it.
        case name(String)

        /// Takes any text: what is no address is a name.
        public init(_ text: String) { self = IPAddress(text).map { .address($0) } ?? .name(text) }

        public var description: String {
            switch self {
            case .address(let address): address.description
            case .name(let name): name
            }
        }
    }

    public var transport: Transport
    /// The address of the host that is listened on, unspecified for each of its family; with a device of no family at all,
    /// nil for each of either.
    public var address: IPAddress?
    /// The only interface that packets may arrive by; nil for any.
    public var device: InterfaceName?
    /// From 1, both ends included.
    public var ports: ClosedRange<UInt16>
    /// The guest's port that the first of `ports` leads to; those after it lead to the ports after this one.
    public var firstTarget: UInt16
    public var guest: Guest

    public init(
        _ transport: Transport, address: IPAddress?, device: InterfaceName? = nil, ports: ClosedRange<UInt16>,
        firstTarget: UInt16, guest: Guest
    ) {
        self.transport = transport
        self.address = address
        self.device = device
        self.ports = ports
        self.firstTarget = firstTarget
        self.guest = guest
    }

    /// The address where the document names neither address nor device: the host alone can reach it.
    public static let defaultAddress = IPAddress.v4(.init(0x7F00_0001))

    /// The families it listens in.
    public var families: Set<AddressFamily> { address.map { [$0.family] } ?? [.ipv4, .ipv6] }

    /// Whether some packet would be for both.
    public func overlaps(_ other: Self) -> Bool {
        guard transport == other.transport, ports.overlaps(other.ports) else { return false }
        guard device == nil || other.device == nil || device == other.device else { return false }
        guard let address, let theirs = other.address else { return !families.isDisjoint(with: other.families) }
        guard address.family == theirs.family else { return false }
        return address == theirs || address.isUnspecified || theirs.isUnspecified
    }

    /// Where it listens, as a person writes it: `tcp 127.0.0.1:8080-8081`, `udp [::1]:53`, `tcp *:80 on eth0`.
    public var listening: String {
        let host =
            switch address {
            case nil: "*"
            case .v4(let address)?: address.description
            case .v6(let address)?: "[\(address)]"
            }
        let range = ports.count == 1 ? "\(ports.lowerBound)" : "\(ports.lowerBound)-\(ports.upperBound)"
        return "\(transport.rawValue) \(host):\(range)" + (device.map { " on \($0)" } ?? "")
    }
}

extension PortForward.Guest: TextCodable { init?(text: String) { self.init(text) } }

extension IPAddress {
    /// Whether it is 0.0.0.0 or `::`.
    public var isUnspecified: Bool { octets.allSatisfy { $0 == 0 } }

    /// Whether it is of 127.0.0.0/8, or `::1`: never seen on a wire.
    public var isLoopback: Bool {
        switch self {
        case .v4(let address): address.isLoopback
        case .v6(let address): address.value == 1
        }
    }
}
