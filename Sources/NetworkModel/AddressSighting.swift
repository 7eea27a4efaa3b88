/// An address that a guest was seen to use without having leased it, as ARP and neighbour discovery tell.
public struct AddressSighting: Hashable, Sendable, Codable {
    public var address: IPAddress
    public var mac: MACAddress
    /// Whether another guest has leased it.
    public var isConflict: Bool
    /// Whether it is of a prefix of which guests are to make themselves addresses (RFC 4862).
    public var isAutoconfigured: Bool

    public init(address: IPAddress, mac: MACAddress, isConflict: Bool, isAutoconfigured: Bool = false) {
        self.address = address
        self.mac = mac
        self.isConflict = isConflict
        self.isAutoconfigured = isAutoconfigured
    }
}
