internal import NetworkModel

// `<ip>`: the bridge's addresses.

extension DefinitionReader {
    typealias IP = NetworkDefinition.IP

    mutating func ips(_ root: XMLElement) -> [IP] {
        var ips: [IP] = []
        var places: [IPAddress: XMLElement] = [:]
        var serving: [AddressFamily: XMLElement] = [:]
        for element in root.all("ip") {
            guard let ip = ip(element) else { continue }
            ips.append(ip)
            if let other = places.updateValue(element, forKey: ip.address) {
                warn(element, "<ip> has the address \(ip.address) again, first \(other.place); keep one")
            }
            guard ip.hasDHCP, let dhcp = element.first("dhcp") else { continue }
            if let other = serving[ip.address.family] {
                refuse(
                    dhcp,
                    "<dhcp> can serve one <ip> of family '\(ip.address.family.rawValue)', and does \(other.place);"
                        + " remove one")
            }
            serving[ip.address.family] = serving[ip.address.family] ?? dhcp
        }
        return ips
    }

    mutating func ip(_ element: XMLElement) -> IP? {
        let family = element["family"] == "" ? nil : self.family(element)
        let localPtr = yesNo(element, "localPtr")
        let address = required(element, "address").flatMap { _ in self.address(element, "address") }
        let mask = address.flatMap { self.mask(element, of: $0) }
        let dhcp = element.first("dhcp")
        guard let address, let mask else {
            if let dhcp { _ = self.dhcp(dhcp, of: nil, family: family ?? .ipv4) }
            return nil
        }
        var ip = IP(address: address, mask: mask)
        ip.family = family
        ip.localPtr = localPtr
        check(ip, element)
        if let tftp = element.first("tftp") {
            if address.family == .ipv6 { refuse(tftp, "<tftp> is for an <ip> with an IPv4 address; remove it here") }
            ip.tftpRoot = value(tftp, "root")
        }
        guard let dhcp else { return ip }
        let found = self.dhcp(dhcp, of: ip, family: address.family)
        (ip.ranges, ip.hosts) = (found.ranges, found.hosts)
        // As libvirt, which writes it only beside these.
        if ip.hasDHCP {
            ip.boot = found.boot
        } else if found.boot != nil {
            warn(dhcp, "<bootp> has no effect in a <dhcp> without <range> and <host>")
        }
        return ip
    }

    private mutating func mask(_ element: XMLElement, of address: IPAddress) -> IP.Mask? {
        let longest: UInt8 = address.family == .ipv4 ? 32 : 128
        let prefix: UInt8? = number(element, "prefix", 0...longest, isOptional: false)
        if element["prefix"] != nil, prefix == nil { return nil }
        // To libvirt a prefix of 0 is none.
        switch (prefix == 0 ? nil : prefix, value(element, "netmask")) {
        case (nil, nil): return IP.Mask.none
        case (nil, let netmask?): return self.netmask(element, netmask, of: address)
        case (let prefix?, nil): return .prefix(Int(prefix))
        case (_?, _?):
            refuse(element, "<ip> has both 'netmask' and 'prefix'; keep one of them")
            return nil
        }
    }

    private mutating func netmask(_ element: XMLElement, _ text: String, of address: IPAddress) -> IP.Mask? {
        guard address.family == .ipv4 else {
            refuse(element, "netmask", text, "write prefix='64' instead, as the address is an IPv6 one")
            return nil
        }
        guard case .v4(let netmask)? = IPAddress(libvirtText: text) else {
            refuse(element, "netmask", text, "write ones followed by zeros, such as 255.255.255.0")
            return nil
        }
        return .netmask(netmask)
    }

    /// Checks that the family is the address's, and that a bridge can have the address.
    private mutating func check(_ ip: IP, _ element: XMLElement) {
        switch (ip.address, ip.family) {
        case (.v6, nil), (.v6, .ipv4):
            refuse(element, "<ip> has the IPv6 address \(ip.address); add family='ipv6'")
        case (.v4, .ipv6):
            refuse(element, "<ip> of family 'ipv6' has the IPv4 address \(ip.address); write family='ipv4'")
        default: break
        }
        switch (ip.address, ip.subnet) {
        case (.v4(let address), _) where address.isMulticast || address.isLoopback || address.value >> 24 == 0:
            warn(element, "<ip> address \(address) is not a host's; choose one such as 192.168.150.1")
        case (.v6(let address), _) where address.isMulticast || address.value >> 48 == 0:
            warn(element, "<ip> address \(address) is not a host's; choose one such as fd00:150::1")
        case (_, nil):
            warn(element, "<ip> address \(ip.address) is in no subnet; add a prefix, such as prefix='24'")
        case (.v4(let address), .v4(let subnet)?) where subnet.prefixLength <= 30:
            if address == subnet.base {
                warn(element, "<ip> address \(address) is the network address of \(subnet); choose another")
            } else if address == subnet.broadcast {
                warn(element, "<ip> address \(address) is the broadcast address of \(subnet); choose another")
            }
        default: break
        }
    }
}
