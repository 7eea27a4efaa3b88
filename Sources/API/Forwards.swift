public import NetworkModel

// | method, path                             | body          | answer        |
// |------------------------------------------|---------------|---------------|
// | GET    /v1/networks/NETWORK/forwards     |               | [ForwardInfo] |
// | POST   /v1/networks/NETWORK/forwards     | ForwardWish   | UpdateReport  |
// | POST   /v1/networks/NETWORK/forwards/end | ForwardEnding | UpdateReport  |

/// A port forward as `vnet forward list` shows it.
public struct ForwardInfo: Hashable, Sendable, Codable {
    public var forward: PortForward
    /// Whether the network has it as it runs, and on disk.
    public var isLive: Bool
    public var isPersistent: Bool
    /// Where it leads now, one address a family; empty while the guest has none, or the network does not run.
    public var targets: [IPAddress]

    public init(forward: PortForward, isLive: Bool, isPersistent: Bool, targets: [IPAddress]) {
        self.forward = forward
        self.isLive = isLive
        self.isPersistent = isPersistent
        self.targets = targets
    }
}

/// A port forward to be added.
public struct ForwardWish: Hashable, Sendable, Codable {
    public var forward: PortForward
    /// Whether it is added as the network runs, and on disk; neither for both, where the network is there.
    public var isLive: Bool
    public var isPersistent: Bool

    public init(_ forward: PortForward, isLive: Bool, isPersistent: Bool) {
        self.forward = forward
        self.isLive = isLive
        self.isPersistent = isPersistent
    }
}

/// A port forward to be removed, by where it listens.
public struct ForwardEnding: Hashable, Sendable, Codable {
    public var transport: PortForward.Transport
    public var address: IPAddress?
    public var device: InterfaceName?
    public var ports: ClosedRange<UInt16>
    /// As in ``ForwardWish``.
    public var isLive: Bool
    public var isPersistent: Bool

    public init(
        _ transport: PortForward.Transport, address: IPAddress?, device: InterfaceName?, ports: ClosedRange<UInt16>,
        isLive: Bool, isPersistent: Bool
    ) {
        self.transport = transport
        self.address = address
        self.device = device
        self.ports = ports
        self.isLive = isLive
        self.isPersistent = isPersistent
    }

    /// Whether it is this one that is meant.
    public func names(_ forward: PortForward) -> Bool {
        forward.transport == transport && forward.address == address && forward.device == device
            && forward.ports == ports
    }
}
