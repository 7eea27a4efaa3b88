internal import CNetlink
internal import Glibc
public import NetworkModel

// Devices beside bridges and taps: the one through which traffic takes a detour, and a guest's own on an interface.

extension NetworkPort.Plug.DirectMode {
    /// linux/if_link.h, `MACVLAN_MODE_`.
    fileprivate var number: UInt32 {
        switch self {
        case .private: UInt32(MACVLAN_MODE_PRIVATE.rawValue)
        case .vepa: UInt32(MACVLAN_MODE_VEPA.rawValue)
        case .bridge: UInt32(MACVLAN_MODE_BRIDGE.rawValue)
        case .passthrough: UInt32(MACVLAN_MODE_PASSTHRU.rawValue)
        }
    }
}

extension RouteSocket {
    /// Adds an intermediate functional block, down: `ip link add NAME type ifb`.
    public func addIntermediate(_ name: InterfaceName) throws(NetlinkError) {
        let operation = "add ifb '\(name)'"
        let request = try Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg(), while: operation)
        request.put(IFLA_IFNAME, name.description)
        request.nest(IFLA_LINKINFO) { request.put(IFLA_INFO_KIND, "ifb") }
        do throws(NetlinkError) {
            try perform(request, while: operation)
        } catch  where error.code == .system(EOPNOTSUPP) {
            throw NetlinkError(
                errno: EOPNOTSUPP, explanation: "this kernel has no such devices; load the module: modprobe ifb",
                while: operation)
        }
        try keepFromIPv6(name, operation)
    }

    /// Adds a macvtap on the interface `lower`, down, with the guest's address and open to all multicast, which the guest
    /// tells nobody that it wants.
    ///
    /// Equivalent to `ip link add link LOWER name NAME address MAC type macvtap mode MODE`, `ip link set NAME allmulticast on`.
    ///
    /// - Throws: ``NetlinkError/Code/exists`` where any link has the name.
    public func addMacvtap(
        _ name: InterfaceName, on lower: Link, mac: MACAddress, mode: NetworkPort.Plug.DirectMode
    ) throws(NetlinkError) {
        let operation = "add macvtap '\(name)' on '\(lower.name)'"
        var header = ifinfomsg()
        header.ifi_flags = UInt32(IFF_ALLMULTI)
        header.ifi_change = UInt32(IFF_ALLMULTI)
        let request = try Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header, while: operation)
        request.put(IFLA_IFNAME, name.description)
        request.put(IFLA_LINK, UInt32(bitPattern: lower.index))
        request.put(IFLA_ADDRESS, mac.octets)
        request.nest(IFLA_LINKINFO) {
            request.put(IFLA_INFO_KIND, "macvtap")
            request.nest(IFLA_INFO_DATA) { request.put(IFLA_MACVLAN_MODE, mode.number) }
        }
        try perform(request, while: operation)
        try keepFromIPv6(name, operation)
    }

    /// Lets the host have no address of its own making on a link: `ip link set NAME addrgenmode none`.
    private func keepFromIPv6(_ name: InterfaceName, _ operation: String) throws(NetlinkError) {
        let request = try Request(RTM_NEWLINK, 0, ifinfomsg(), while: operation)
        request.put(IFLA_IFNAME, name.description)
        request.nest(IFLA_AF_SPEC) {
            request.nest(Int(AF_INET6)) {
                request.put(IFLA_INET6_ADDR_GEN_MODE, UInt8(IN6_ADDR_GEN_MODE_NONE.rawValue))
            }
        }
        // A kernel without IPv6 makes no addresses either.
        do throws(NetlinkError) { try perform(request, while: operation) } catch
            where error.code == .system(EAFNOSUPPORT)
        {}
    }
}
