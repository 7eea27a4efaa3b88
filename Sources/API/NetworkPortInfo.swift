public import NetworkModel

/// A guest's place on a network that runs, as libvirt knows it; its whole `<networkport>` is to be had as XML.
public struct NetworkPortInfo: Hashable, Sendable, Codable {
    /// As it was asked for, by name or UUID.
    public var network: String
    public var uuid: NetworkUUID
    /// The guest's name; that of the port for one with a tap of vnet's own.
    public var owner: String
    public var ownerUUID: NetworkUUID
    public var mac: MACAddress
    /// What the guest is put on: `network`, `bridge`, `direct` or `hostdev-pci`.
    public var plug: String

    public init(
        network: String, uuid: NetworkUUID, owner: String, ownerUUID: NetworkUUID, mac: MACAddress, plug: String
    ) {
        self.network = network
        self.uuid = uuid
        self.owner = owner
        self.ownerUUID = ownerUUID
        self.mac = mac
        self.plug = plug
    }
}
