public import NetworkModel

/// Who has asked, and how it is answered.
public struct DNSClient: Hashable, Sendable {
    public enum Way: Hashable, Sendable {
        /// By the socket of this descriptor, at the client's port.
        case datagram(socket: Int32, port: UInt16)
        /// On the connection of this number.
        case connection(UInt64)
    }

    public var way: Way
    public var address: IPAddress
    /// On the clock of whoever holds the resolver.
    public var askedAt: Duration

    public init(way: Way, address: IPAddress, askedAt: Duration) {
        self.way = way
        self.address = address
        self.askedAt = askedAt
    }
}
