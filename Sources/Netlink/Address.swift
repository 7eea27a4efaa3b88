internal import CNetlink
internal import Glibc
public import NetworkModel

/// An address of an interface, with the prefix it shares with its neighbours.
public struct InterfaceAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var address: IPAddress
    public var prefixLength: Int

    public init(_ address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    public var subnet: IPSubnet? { IPSubnet(containing: address, prefixLength: prefixLength) }
    public var description: String { "\(address)/\(prefixLength)" }
    public static func < (a: Self, b: Self) -> Bool { (a.address, a.prefixLength) < (b.address, b.prefixLength) }
}

/// A route's destination and the interface it leaves by.
public struct Route: Hashable, Sendable {
    public var destination: IPSubnet
    /// Zero where the route has several next hops or none.
    public var interfaceIndex: Int32
}

/// A route by a gateway on one interface.
public struct GatewayRoute: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var destination: IPSubnet
    public var gateway: IPAddress
    /// Nil for the kernel's default: 0 of IPv4, 1,024 of IPv6 (`IP6_RT_PRIO_USER`, net/ip6_route.h).
    public let metric: UInt32?

    public init(to destination: IPSubnet, via gateway: IPAddress, metric: UInt32? = nil) {
        self.destination = destination
        self.gateway = gateway
        self.metric = metric == (gateway.family == .ipv4 ? 0 : 1_024) ? nil : metric
    }

    public var description: String { "\(destination) via \(gateway)" + (metric.map { " metric \($0)" } ?? "") }
    public static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}

/// Who has made a route, as the kernel keeps it (`rtm_protocol`, linux/rtnetlink.h).
public enum RouteOrigin: UInt8, Sendable {
    /// Somebody who configured it: `proto static`.
    case configuration = 4
    /// A DHCP server that has given its destination to the gateway: `proto dhcp`.
    case delegation = 16
}

extension RouteSocket {
    /// Adds a route: `ip route add DESTINATION via GATEWAY dev NAME metric METRIC proto ORIGIN`.
    public func addRoute(
        _ route: GatewayRoute, on name: InterfaceName, from origin: RouteOrigin = .configuration
    ) throws(NetlinkError) {
        try changeRoute(
            RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route, name, origin, "add route \(route) on '\(name)'")
    }

    /// Removes a route: `ip route del DESTINATION via GATEWAY dev NAME metric METRIC proto ORIGIN`.
    public func removeRoute(
        _ route: GatewayRoute, on name: InterfaceName, from origin: RouteOrigin = .configuration
    ) throws(NetlinkError) {
        try changeRoute(RTM_DELROUTE, 0, route, name, origin, "remove route \(route) on '\(name)'")
    }

    private func changeRoute(
        _ type: Int, _ flags: CInt, _ route: GatewayRoute, _ name: InterfaceName, _ origin: RouteOrigin,
        _ operation: String
    ) throws(NetlinkError) {
        let index = unsafe if_nametoindex(name.description)
        guard index != 0 else { throw NetlinkError(errno: ENODEV, while: operation) }
        var header = rtmsg()
        header.rtm_family = UInt8(route.gateway.family == .ipv4 ? AF_INET : AF_INET6)
        header.rtm_dst_len = UInt8(route.destination.prefixLength)
        header.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        header.rtm_protocol = origin.rawValue
        header.rtm_type = UInt8(RTN_UNICAST)
        let request = try Request(type, flags, header, while: operation)
        request.put(Int(RTA_DST.rawValue), route.destination.base.octets)
        request.put(Int(RTA_GATEWAY.rawValue), route.gateway.octets)
        request.put(Int(RTA_OIF.rawValue), index)
        // Without a metric a removal would take any: of IPv4 that is the lowest, which is right, of IPv6 another.
        let metric = route.metric ?? (route.gateway.family == .ipv6 ? 1_024 : nil)
        if let metric { request.put(Int(RTA_PRIORITY.rawValue), metric) }
        try perform(request, while: operation)
    }

    /// Adds an address: `ip addr add ADDRESS dev NAME`, an IPv4 one with its broadcast address, an IPv6 one without
    /// duplicate address detection, which a bridge without ports could never finish.
    public func addAddress(_ address: InterfaceAddress, to name: InterfaceName) throws(NetlinkError) {
        try changeAddress(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, name, "add address \(address) to '\(name)'")
    }

    /// Removes an address: `ip addr del ADDRESS dev NAME`.
    public func removeAddress(_ address: InterfaceAddress, from name: InterfaceName) throws(NetlinkError) {
        try changeAddress(RTM_DELADDR, 0, address, name, "remove address \(address) from '\(name)'")
    }

    private func changeAddress(
        _ type: Int, _ flags: CInt, _ address: InterfaceAddress, _ name: InterfaceName, _ operation: String
    ) throws(NetlinkError) {
        let index = unsafe if_nametoindex(name.description)
        guard index != 0 else { throw NetlinkError(errno: ENODEV, while: operation) }
        var header = ifaddrmsg()
        header.ifa_prefixlen = UInt8(address.prefixLength)
        header.ifa_index = index
        switch address.address {
        case .v4: header.ifa_family = UInt8(AF_INET)
        case .v6:
            header.ifa_family = UInt8(AF_INET6)
            header.ifa_flags = UInt8(IFA_F_NODAD)
        }
        let request = try Request(type, flags, header, while: operation)
        request.put(IFA_LOCAL, address.address.octets)
        request.put(IFA_ADDRESS, address.address.octets)
        if case .v4(let subnet)? = address.subnet, subnet.prefixLength < 31 {
            request.put(IFA_BROADCAST, subnet.broadcast.octets)
        }
        try perform(request, while: operation)
    }

    /// The addresses of one interface: `ip addr show dev NAME`.
    public func addresses(on index: Int32) throws(NetlinkError) -> [InterfaceAddress] {
        do throws(NetlinkError) {
            return try addresses(narrowedTo: index).filter { $0.interfaceIndex == index }.map(\.address)
        } catch  where error.code == .notFound {
            return []
        }
    }

    /// Every address of the namespace with the index of its interface: `ip addr show`.
    public func addresses() throws(NetlinkError) -> [(interfaceIndex: Int32, address: InterfaceAddress)] {
        try addresses(narrowedTo: 0)
    }

    private func addresses(
        narrowedTo index: Int32
    ) throws(NetlinkError) -> [(interfaceIndex: Int32, address: InterfaceAddress)] {
        let operation = "list addresses"
        var header = ifaddrmsg()
        header.ifa_index = UInt32(bitPattern: index)
        let request = try Request(RTM_GETADDR, NLM_F_DUMP, header, while: operation)
        return try query(request, while: operation).compactMap {
            message -> (interfaceIndex: Int32, address: InterfaceAddress)? in
            guard message.count >= MemoryLayout<ifaddrmsg>.size else { return nil }
            let attributes = Attributes(message[MemoryLayout<ifaddrmsg>.size...])
            // IFA_LOCAL is the interface's own; on a point-to-point link IFA_ADDRESS is the other end's.
            guard let octets = attributes.bytes(IFA_LOCAL) ?? attributes.bytes(IFA_ADDRESS),
                let address = IPAddress(octets: octets)
            else { return nil }
            return (
                message[...].hostInteger(at: 4, as: Int32.self),
                InterfaceAddress(address, prefixLength: Int(message[1]))
            )
        }
    }

    /// The routes by gateways on one interface that are of an origin: `ip route show dev NAME proto ORIGIN`.
    public func gatewayRoutes(
        on index: Int32, from origin: RouteOrigin = .configuration
    ) throws(NetlinkError) -> [GatewayRoute] {
        let operation = "list routes"
        let request = try Request(RTM_GETROUTE, NLM_F_DUMP, rtmsg(), while: operation)
        request.put(Int(RTA_OIF.rawValue), UInt32(bitPattern: index))
        return try query(request, while: operation).compactMap { message -> GatewayRoute? in
            let size = MemoryLayout<rtmsg>.size
            guard message.count >= size, message[5] == origin.rawValue, message[7] == UInt8(RTN_UNICAST) else {
                return nil
            }
            let attributes = Attributes(message[size...])
            let none = [UInt8](repeating: 0, count: message[0] == UInt8(AF_INET) ? 4 : 16)
            guard attributes.integer(Int(RTA_OIF.rawValue), as: Int32.self) == index,
                let address = IPAddress(octets: attributes.bytes(Int(RTA_DST.rawValue)) ?? none),
                let destination = IPSubnet(containing: address, prefixLength: Int(message[1])),
                let gateway = attributes.bytes(Int(RTA_GATEWAY.rawValue)).flatMap({ IPAddress(octets: $0) })
            else { return nil }
            let metric = attributes.integer(Int(RTA_PRIORITY.rawValue), as: UInt32.self)
            return GatewayRoute(to: destination, via: gateway, metric: metric)
        }
    }

    /// Every unicast route of every table, without the kernel's own for local and broadcast addresses:
    /// `ip route show table all type unicast`.
    public func routes() throws(NetlinkError) -> [Route] {
        let operation = "list routes"
        let request = try Request(RTM_GETROUTE, NLM_F_DUMP, rtmsg(), while: operation)
        return try query(request, while: operation).compactMap { message -> Route? in
            let size = MemoryLayout<rtmsg>.size
            guard message.count >= size, message[7] == UInt8(RTN_UNICAST) else { return nil }
            let attributes = Attributes(message[size...])
            let none = [UInt8](repeating: 0, count: message[0] == UInt8(AF_INET) ? 4 : 16)
            guard let address = IPAddress(octets: attributes.bytes(Int(RTA_DST.rawValue)) ?? none),
                let destination = IPSubnet(containing: address, prefixLength: Int(message[1]))
            else { return nil }
            return Route(
                destination: destination,
                interfaceIndex: attributes.integer(Int(RTA_OIF.rawValue), as: Int32.self) ?? 0
            )
        }
    }
}
