/// Something about DHCP that a person should hear of, though nothing is wrong with the server.
public enum DHCPIncident: Hashable, Sendable, Codable {
    /// The client found that somebody else uses the address that it was given.
    case declined(IPAddress, by: MACAddress?)
    /// Two network cards identify themselves in the same way, as machines do that were cloned with their identity; each has an
    /// address of its own.
    case cloned(identifier: [UInt8], MACAddress, MACAddress)
    /// All addresses are in use: a client got none.
    case exhausted(AddressFamily, MACAddress?)
    /// A port of the bridge, by its number, asks for more addresses than one may have: a client got none.
    case limited(port: UInt16, MACAddress, limit: Int)
    /// The same of a relay agent.
    case limitedRelay(IPv4Address, MACAddress, limit: Int)
}
