/// An address that a guest was seen to use without having leased it, as ARP tells.
public struct AddressSighting: Hashable, Sendable, Codable {
    public var address: IPv4Address
    public var mac: MACAddress
    /// Whether another guest has leased it.
    public var isConflict: Bool

    public init(address: IPv4Address, mac: MACAddress, isConflict: Bool) {
        self.address = address
        self.mac = mac
        self.isConflict = isConflict
    }
}
