/// A network's document for tests, with short forms for what they vary.
///
/// STP is off, unless asked for: a port of a veth would listen and learn for four seconds before it forwards.
func network(
    _ name: String, mode: String? = "nat", bridge: String? = nil, device: String? = nil, subnet: String = "192.168.150",
    range: Bool = true, hosts: String = "", extra: String = "", ipv6: String? = nil, uuid: String? = nil,
    stp: Bool = false
) -> String {
    let forward = mode.map { "<forward mode='\($0)'\(device.map { " dev='\($0)'" } ?? "")/>" } ?? ""
    let dhcp = range ? "<dhcp><range start='\(subnet).100' end='\(subnet).199'/>\(hosts)</dhcp>" : ""
    return """
        <network>
          <name>\(name)</name>
          \(uuid.map { "<uuid>\($0)</uuid>" } ?? "")
          \(forward)
          <bridge name='\(bridge ?? "br-\(name)")' stp='\(stp ? "on" : "off")' delay='0'/>
          \(extra)
          <ip address='\(subnet).1' netmask='255.255.255.0'>\(dhcp)</ip>
          \(ipv6.map { "<ip family='ipv6' address='\($0)' prefix='64'/>" } ?? "")
        </network>
        """
}

/// vnet's own elements, as they stand in a network.
func extensions(_ elements: String...) -> String {
    "<metadata><vnet:network xmlns:vnet='urn:vnet:1'>\(elements.joined())</vnet:network></metadata>"
}
