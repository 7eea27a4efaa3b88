internal import NetworkModel

// `<route>`: subnets behind guests.

extension DefinitionReader {
    mutating func routes(_ root: XMLElement, by ips: [NetworkDefinition.IP]) -> [NetworkDefinition.Route] {
        root.all("route").compactMap { route($0, by: ips) }
    }

    private mutating func route(_ element: XMLElement, by ips: [NetworkDefinition.IP]) -> NetworkDefinition.Route? {
        let isIPv6 = element["family"] == "ipv6"
        let family: AddressFamily? = value(element, "family") == nil ? nil : self.family(element)
        if element["family"] == "" { refuse(element, "family", "", "write 'ipv4' or 'ipv6'") }
        let metric: UInt32? = number(element, "metric", 1 ... .max, isOptional: false)
        let address = routeAddress(element, "address", of: isIPv6 ? .ipv6 : .ipv4)
        let gateway = routeAddress(element, "gateway", of: isIPv6 ? .ipv6 : .ipv4)
        guard let address, let gateway, let mask = routeMask(element, isIPv6: isIPv6) else { return nil }
        var route = NetworkDefinition.Route(to: address, mask: mask, by: gateway)
        route.family = family
        route.metric = metric
        guard let destination = route.destination else {
            refuse(element, "netmask", value(element, "netmask") ?? "", "write ones followed by zeros")
            return nil
        }
        if destination.base != address {
            let remedy =
                mask == .none
                ? "add a 'prefix'" : "write address='\(destination.base)', or the prefix that reaches its last one"
            refuse(element, "<route> leads to \(address), which has host bits in \(destination); \(remedy)")
        }
        if !ips.contains(where: { $0.subnet?.contains(gateway) == true }) {
            refuse(
                element, "<route> has the gateway \(gateway), which is in no <ip> of the network; choose one that is")
        }
        return route
    }

    private mutating func routeAddress(
        _ element: XMLElement, _ attribute: String, of family: AddressFamily
    ) -> IPAddress? {
        guard required(element, attribute) != nil, let address = address(element, attribute) else { return nil }
        if address.family == family { return address }
        let remedy = family == .ipv4 ? "write an IPv4 address, or family='ipv6'" : "write an IPv6 address"
        refuse(element, attribute, address.description, remedy)
        return nil
    }

    private mutating func routeMask(_ element: XMLElement, isIPv6: Bool) -> NetworkDefinition.IP.Mask? {
        switch (element["prefix"], element["netmask"]) {
        case (nil, nil): return NetworkDefinition.IP.Mask.none
        case (_?, nil):
            let longest: UInt8 = isIPv6 ? 128 : 32
            return number(element, "prefix", 0...longest, isOptional: false).map { .prefix(Int($0)) }
        case (nil, let text?):
            if !isIPv6, case .v4(let netmask)? = IPAddress(libvirtText: text) { return .netmask(netmask) }
            refuse(element, "netmask", text, isIPv6 ? "write prefix='64' instead" : "write one such as 255.255.255.0")
            return nil
        case (_?, _?):
            refuse(element, "<route> has both 'netmask' and 'prefix'; keep one of them")
            return nil
        }
    }
}

extension IPSubnet {
    /// The address without host bits.
    var base: IPAddress {
        switch self {
        case .v4(let subnet): .v4(subnet.base)
        case .v6(let subnet): .v6(subnet.base)
        }
    }
}
