internal import NetworkModel

// `<ip>`: the bridge's addresses.

extension DefinitionReader {
    mutating func ips(_ root: XMLElement) -> [NetworkDefinition.IP] {
        var ips: [NetworkDefinition.IP] = []
        var elements: [IPAddress: XMLElement] = [:]
        var firstDHCP: XMLElement?
        for element in root.all("ip") {
            let ip = ip(element)
            if let ip {
                if let other = elements.updateValue(element, forKey: ip.address) {
                    refuse(element, "<ip> has the address \(ip.address) again, first \(other.place); keep one")
                }
                ips.append(ip)
            }
            guard ip?.address.family != .ipv6, let dhcp = element.first("dhcp"), !dhcp.children.isEmpty else {
                continue
            }
            if let firstDHCP {
                refuse(dhcp, "<dhcp> can serve one <ip> of a network, and does \(firstDHCP.place); remove one")
            }
            firstDHCP = firstDHCP ?? dhcp
        }
        return ips
    }

    private mutating func ip(_ element: XMLElement) -> NetworkDefinition.IP? {
        let family = family(element)
        let localPtr = yesNo(element, "localPtr")
        let address = address(element, "address")
        let mask = address.flatMap { self.mask(element, of: $0) }
        guard let address, let mask else {
            if let dhcp = element.first("dhcp"), family != .ipv6 { _ = self.dhcp(dhcp, of: nil) }
            return nil
        }
        var ip = NetworkDefinition.IP(address: address, mask: mask)
        ip.family = family
        ip.localPtr = localPtr
        check(ip, element)
        guard let dhcp = element.first("dhcp") else { return ip }
        if address.family == .ipv6 {
            refuse(dhcp, "<dhcp> in an <ip> of family 'ipv6' is not supported yet; remove it")
        } else {
            (ip.ranges, ip.hosts) = self.dhcp(dhcp, of: ip)
        }
        return ip
    }

    private mutating func family(_ element: XMLElement) -> AddressFamily? {
        guard let text = value(element, "family") else { return nil }
        if let family = AddressFamily(rawValue: text) { return family }
        refuse(element, "family", text, "write 'ipv4' or 'ipv6'")
        return nil
    }

    private mutating func mask(_ element: XMLElement, of address: IPAddress) -> NetworkDefinition.IP.Mask? {
        switch (element["prefix"], value(element, "netmask")) {
        case (nil, nil):
            return NetworkDefinition.IP.Mask.none
        case (nil, let netmask?):
            return self.netmask(element, netmask, of: address)
        case (_?, nil):
            let longest: UInt8 = address.family == .ipv4 ? 32 : 128
            guard required(element, "prefix") != nil else { return nil }
            return number(element, "prefix", 1...longest).map { .prefix(Int($0)) }
        case (_?, _?):
            refuse(element, "<ip> has both 'netmask' and 'prefix'; keep one of them")
            return nil
        }
    }

    private mutating func netmask(
        _ element: XMLElement, _ text: String, of address: IPAddress
    ) -> NetworkDefinition.IP.Mask? {
        guard address.family == .ipv4 else {
            refuse(element, "netmask", text, "write prefix='64' instead, as the address is an IPv6 one")
            return nil
        }
        guard case .v4(let netmask)? = IPAddress(libvirtText: text), netmask != .any,
            IPv4Subnet.prefixLength(ofNetmask: netmask) != nil
        else {
            refuse(element, "netmask", text, "write ones followed by zeros, such as 255.255.255.0")
            return nil
        }
        return .netmask(netmask)
    }

    /// Checks that the family is the address's, and that a bridge can have the address.
    private mutating func check(_ ip: NetworkDefinition.IP, _ element: XMLElement) {
        switch (ip.address, ip.family) {
        case (.v6, nil), (.v6, .ipv4):
            refuse(element, "<ip> has the IPv6 address \(ip.address); add family='ipv6'")
        case (.v4, .ipv6):
            refuse(element, "<ip> of family 'ipv6' has the IPv4 address \(ip.address); write family='ipv4'")
        default: break
        }
        switch (ip.address, ip.subnet) {
        case (.v4(let address), _) where address.isMulticast || address.isLoopback || address.value >> 24 == 0,
            (.v4(let address), nil):
            refuse(element, "<ip> address \(address) is not a host's; choose one such as 192.168.150.1")
        case (.v6(let address), _) where address.isMulticast || address.value >> 48 == 0:
            refuse(element, "<ip> address \(address) is not a host's; choose one such as fd00:150::1")
        case (.v4(let address), .v4(let subnet)?) where subnet.prefixLength <= 30:
            if address == subnet.base {
                refuse(element, "<ip> address \(address) is the network address of \(subnet); choose another")
            } else if address == subnet.broadcast {
                refuse(element, "<ip> address \(address) is the broadcast address of \(subnet); choose another")
            }
        default: break
        }
    }
}

extension XMLElement {
    /// Where the element is, in a message about another one.
    var place: String { position.map { "on line \($0.line)" } ?? "elsewhere" }
}
