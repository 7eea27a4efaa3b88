public import NetworkModel

/// A packet as a network's guests send and get them, to find out what would become of it.
public struct SamplePacket: Hashable, Sendable {
    /// What the packet is for.
    public enum Purpose: Int, Hashable, Sendable, CaseIterable {
        case outwards, answers, inwards, forwarded, among, dns, tftp, http, solicitation, discovery, replies
    }

    public enum Interface: Hashable, Sendable {
        case named(InterfaceName)
        /// The packet has none at this point.
        case none
        case unknown
    }

    public var purpose: Purpose
    public var family: AddressFamily
    /// The network's, and the subnet that its guest has its address from.
    public var bridge: InterfaceName
    public var subnet: IPSubnet?
    /// As nft calls it: `tcp`, `udp`, `icmp`, `ipv6-icmp`.
    public var transport: String
    /// Nil for one that may be any.
    public var source: IPAddress?
    public var destination: IPAddress?
    public var sourcePort: UInt16?
    public var destinationPort: UInt16?
    /// The name that nft has for it, where it is ICMP.
    public var icmpType: String?
    /// Nil for one that may be any.
    public var hopLimit: UInt8?
    /// `new`, `established` or `untracked`.
    public var state = "new"
    /// `dnat`, `snat`.
    public var status: Set<String> = []
    public var input: Interface = .none
    public var output: Interface = .none
    /// Whether the destination is another before the kernel has translated it.
    public var isTranslated = false
    /// `unicast`, `local`, `multicast`.
    public var destinationType = "unicast"

    public init(
        _ purpose: Purpose, _ family: AddressFamily, of bridge: InterfaceName, _ subnet: IPSubnet?, transport: String
    ) {
        self.bridge = bridge
        self.subnet = subnet
        self.purpose = purpose
        self.family = family
        self.transport = transport
    }

    /// The hooks that it comes by, in order.
    var hooks: [String] {
        switch purpose {
        case .outwards, .answers, .inwards, .forwarded, .among: ["prerouting", "forward", "postrouting"]
        case .dns, .tftp, .http, .solicitation, .discovery: ["prerouting", "input"]
        case .replies: ["output", "postrouting"]
        }
    }

    /// As it is at one of its hooks.
    func at(_ hook: String) -> Self {
        var packet = self
        if hook == "prerouting" || hook == "input" { packet.output = .none }
        if hook == "output" || hook == "postrouting", purpose == .replies { packet.input = .none }
        if hook == "prerouting", isTranslated {
            packet.destination = nil
            packet.destinationPort = nil
            packet.destinationType = "local"
        }
        return packet
    }
}

extension SamplePacket {
    /// Whether what `selector` looks at is part of the packet.
    func has(_ selector: KernelRuleset.Selector) -> Bool {
        switch selector {
        case .source(let family), .destination(let family), .hopLimit(let family): family == self.family
        case .icmpType(.ipv4): transport == "icmp"
        case .icmpType(.ipv6): transport == "ipv6-icmp"
        case .sourcePort(let implied), .destinationPort(let implied):
            implied.map { $0 == transport } ?? ["tcp", "udp", "sctp"].contains(transport)
        default: true
        }
    }

    /// Whether the packet has the value that nft writes so; nil where that cannot be told.
    func matches(_ selector: KernelRuleset.Selector, _ value: String) -> Bool? {
        switch selector {
        case .input: Self.matches(input, value)
        case .output: Self.matches(output, value)
        case .bridgeInput, .bridgeOutput: nil
        case .networkProtocol: value == family.rawValue
        case .transportProtocol: value == transport || Self.numbers[transport] == value
        case .source: source.flatMap { Self.matches($0, value) }
        case .destination: destination.flatMap { Self.matches($0, value) }
        case .sourcePort: sourcePort.flatMap { Self.matches($0, value) }
        case .destinationPort: destinationPort.flatMap { Self.matches($0, value) }
        case .icmpType: value.first?.isNumber == true ? nil : value == icmpType
        case .hopLimit: hopLimit.map { value == "\($0)" }
        case .state: value == state
        case .status: value.first?.isNumber == true ? nil : status.contains(value)
        case .direction: value == (state == "established" ? "reply" : "original")
        case .sourceType: value == "unicast"
        case .destinationType: value == destinationType
        }
    }

    /// Numbers of protocols (IANA, Protocol Numbers).
    private static let numbers = ["icmp": "1", "tcp": "6", "udp": "17", "ipv6-icmp": "58", "sctp": "132"]

    /// A final asterisk stands for any rest of the name.
    private static func matches(_ interface: Interface, _ pattern: String) -> Bool? {
        switch interface {
        case .unknown: nil
        case .none: false
        case .named(let name):
            pattern.hasSuffix("*") ? name.description.hasPrefix(pattern.dropLast()) : name.description == pattern
        }
    }

    private static func matches(_ port: UInt16, _ value: String) -> Bool? {
        let ends = value.split(separator: "-").map { UInt16($0) }
        guard let first = ends.first.flatMap(\.self), let last = ends.last.flatMap(\.self) else { return nil }
        return first <= port && port <= last
    }

    /// An address, a prefix or a range.
    private static func matches(_ address: IPAddress, _ value: String) -> Bool? {
        if let other = IPAddress(value) { return other == address }
        let prefix = value.split(separator: "/")
        if prefix.count == 2, let base = IPAddress(prefix[0]), let length = Int(prefix[1]) {
            return IPSubnet(containing: base, prefixLength: length)?.contains(address)
        }
        let ends = value.split(separator: "-").map { IPAddress($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1] else { return nil }
        return first.family == address.family && first <= address && address <= last
    }
}
