/// Who had an address, and when: what is known of a lease after its end too.
public struct LeaseRecord: Hashable, Sendable, Codable {
    /// The first of them where a prefix was delegated.
    public var address: IPAddress
    public var prefixLength: Int
    /// Nil where a relay agent asked for the guest and did not tell it.
    public var mac: MACAddress?
    public var hostName: String?
    public var since: WallTime
    /// Nil while it is held.
    public var until: WallTime?

    public init(
        address: IPAddress, prefixLength: Int, mac: MACAddress?, hostName: String?, since: WallTime, until: WallTime?
    ) {
        self.address = address
        self.prefixLength = prefixLength
        self.mac = mac
        self.hostName = hostName
        self.since = since
        self.until = until
    }
}
