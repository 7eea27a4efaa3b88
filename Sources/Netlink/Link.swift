internal import CNetlink
internal import Glibc
public import NetworkModel

/// A network interface as the kernel describes it (`RTM_NEWLINK`, linux/if_link.h).
public struct Link: Hashable, Sendable {
    public var index: Int32
    public var name: String
    /// The kind of a virtual link: `bridge`, `tun`, `veth`; nil for others.
    public var kind: String?
    public var mac: MACAddress?
    /// In octets.
    public var mtu: UInt32
    public var alias: String?
    /// The index of the bridge it is a port of.
    public var master: Int32?
    /// The index of the interface that it is made on.
    public var lower: Int32?
    public var isUp: Bool
    public var bridge: Bridge?
    /// As a bridge port: whether it exchanges no frames with other isolated ports.
    public var isIsolated: Bool
    /// As a bridge port: whether the bridge enters where senders behind it are.
    public var isLearning: Bool
    /// As a bridge port: whether it gets frames to addresses that the bridge does not know.
    public var getsUnknown: Bool
    /// As a bridge: whether it keeps VLANs apart; nil where the kernel has no bridges that can.
    public var filtersVLANs: Bool?
    /// As a bridge port: which frames to link-local groups it hands on, as `Bridge.groupForward`.
    public var groupForward: UInt16
    /// As a bridge port: its state under the spanning tree protocol.
    public var portState: PortState?
    /// Whether it is a guest's end: a tap or a macvtap.
    public var isGuests: Bool { kind == "tun" || kind == "macvtap" }
    /// Whether somebody is at the other end: for a tap, a program that has it open.
    public var hasCarrier: Bool

    /// What a link of Ethernet has unless told otherwise, in octets (`ETH_DATA_LEN`, linux/if_ether.h).
    public static let ethernetMTU: UInt32 = 1_500

    /// IEEE 802.1D, section 8.4 (linux/if_bridge.h).
    public enum PortState: UInt8, Hashable, Sendable {
        case disabled, listening, learning, forwarding, blocking
    }

    /// What only bridges have (linux/if_link.h, `IFLA_BR_`).
    public struct Bridge: Hashable, Sendable {
        public var stp: Bool
        /// In hundredths of a second.
        public var forwardDelay: UInt32
        /// The groups 01-80-C2-00-00-00 to -0F whose frames it forwards, the lowest bit for the first.
        ///
        /// The kernel refuses the lowest three (`BR_GROUPFWD_RESTRICTED`, net/bridge/br_private.h).
        public var groupForward: UInt16

        public init(stp: Bool, forwardDelay: UInt32, groupForward: UInt16 = 0) {
            self.stp = stp
            self.forwardDelay = forwardDelay
            self.groupForward = groupForward
        }
    }
}

extension RouteSocket {
    /// The link of that name, or nil where there is none: `ip -d link show NAME`.
    public func link(named name: InterfaceName) throws(NetlinkError) -> Link? {
        let operation = "look up link '\(name)'"
        let request = try Request(RTM_GETLINK, 0, ifinfomsg(), while: operation)
        request.put(IFLA_IFNAME, name.description)
        do throws(NetlinkError) {
            return try query(request, while: operation).lazy.compactMap(Link.init).first
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// All links of the namespace: `ip -d link show`.
    public func links() throws(NetlinkError) -> [Link] {
        let operation = "list links"
        let request = try Request(RTM_GETLINK, NLM_F_DUMP, ifinfomsg(), while: operation)
        return try query(request, while: operation).compactMap(Link.init)
    }

    /// Adds a bridge, down and without addresses.
    ///
    /// Equivalent to `ip link add NAME address MAC type bridge forward_delay DELAY stp_state STP`.
    ///
    /// - Throws: ``NetlinkError/Code/exists`` where any link, bridge or not, has the name.
    public func addBridge(
        _ name: InterfaceName, mac: MACAddress, settings: Link.Bridge
    ) throws(NetlinkError) {
        let operation = "add bridge '\(name)'"
        let request = try Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg(), while: operation)
        request.put(IFLA_IFNAME, name.description)
        request.put(IFLA_ADDRESS, mac.octets)
        request.nest(IFLA_LINKINFO) {
            request.put(IFLA_INFO_KIND, "bridge")
            request.nest(IFLA_INFO_DATA) {
                // The kernel checks a delay of its own accord only while STP is on, so the delay goes first.
                request.put(IFLA_BR_FORWARD_DELAY, settings.forwardDelay)
                request.put(IFLA_BR_STP_STATE, UInt32(settings.stp ? 1 : 0))
                if settings.groupForward != 0 { request.put(IFLA_BR_GROUP_FWD_MASK, settings.groupForward) }
            }
        }
        try perform(request, while: operation)
    }

    /// What of a link is to change; nil leaves it as it is.
    public struct LinkChange: Hashable, Sendable {
        public var isUp: Bool?
        public var alias: String?
        public var mac: MACAddress?
        public var mtu: UInt32?
        /// The bridge to be a port of, by its index; 0 for none.
        public var master: Int32?

        public init(
            isUp: Bool? = nil, alias: String? = nil, mac: MACAddress? = nil, mtu: UInt32? = nil, master: Int32? = nil
        ) {
            self.isUp = isUp
            self.alias = alias
            self.mac = mac
            self.mtu = mtu
            self.master = master
        }
    }

    /// Changes a link in one message: `ip link set NAME …`.
    public func change(_ name: InterfaceName, _ change: LinkChange) throws(NetlinkError) {
        let operation = "set link '\(name)'"
        var header = ifinfomsg()
        if let isUp = change.isUp {
            header.ifi_change = UInt32(IFF_UP)
            header.ifi_flags = isUp ? UInt32(IFF_UP) : 0
        }
        let request = try Request(RTM_NEWLINK, 0, header, while: operation)
        request.put(IFLA_IFNAME, name.description)
        if let alias = change.alias { request.put(IFLA_IFALIAS, alias) }
        if let mac = change.mac { request.put(IFLA_ADDRESS, mac.octets) }
        if let mtu = change.mtu { request.put(IFLA_MTU, mtu) }
        if let master = change.master { request.put(IFLA_MASTER, UInt32(bitPattern: master)) }
        try perform(request, while: operation)
    }

    /// Sets whether a bridge port may exchange frames with other isolated ports: `bridge link set dev NAME isolated on`.
    public func setIsolated(_ name: InterfaceName, _ isolated: Bool) throws(NetlinkError) {
        try setPort(name) { request in request.put(IFLA_BRPORT_ISOLATED, UInt8(isolated ? 1 : 0)) }
    }

    /// Sets which frames to link-local groups a bridge port hands on: `bridge link set` has no word for it, `ip link set dev
    /// NAME type bridge_slave group_fwd_mask MASK` has.
    ///
    /// The kernel refuses the group of pause frames alone (`BR_GROUPFWD_MACPAUSE`, net/bridge/br_netlink.c).
    public func setGroupForward(_ name: InterfaceName, _ mask: UInt16) throws(NetlinkError) {
        try setPort(name) { request in request.put(IFLA_BRPORT_GROUP_FWD_MASK, mask) }
    }

    private func setPort(_ name: InterfaceName, _ settings: (borrowing Request) -> Void) throws(NetlinkError) {
        let operation = "set bridge port '\(name)'"
        guard let port = try link(named: name) else { throw NetlinkError(errno: ENODEV, while: operation) }
        var header = ifinfomsg()
        header.ifi_family = UInt8(PF_BRIDGE)
        header.ifi_index = port.index
        let request = try Request(RTM_SETLINK, 0, header, while: operation)
        request.nest(IFLA_PROTINFO | Int(NLA_F_NESTED)) { settings(request) }
        try perform(request, while: operation)
    }

    /// Makes a bridge port forward now, although its bridge runs the spanning tree protocol.
    ///
    /// The kernel lets nobody set a state while it runs the protocol itself, but leaves a port that forwards as it is when the
    /// protocol is switched on (net/bridge/br_stp_if.c): so it is off for the time of three messages.
    public func forwardAtOnce(_ port: Link, of bridge: Link) throws(NetlinkError) {
        let operation = "make port '\(port.name)' of '\(bridge.name)' forward"
        try setSTP(bridge, false, operation)
        var header = ifinfomsg()
        header.ifi_family = UInt8(PF_BRIDGE)
        header.ifi_index = port.index
        let request = try Request(RTM_SETLINK, 0, header, while: operation)
        request.nest(IFLA_PROTINFO | Int(NLA_F_NESTED)) {
            request.put(IFLA_BRPORT_STATE, Link.PortState.forwarding.rawValue)
        }
        let result = Result { () throws(NetlinkError) in try perform(request, while: operation) }
        try setSTP(bridge, true, operation)
        try result.get()
    }

    /// Changes what only bridges have, in place: `ip link set NAME type bridge forward_delay DELAY stp_state STP`.
    public func setBridge(_ name: InterfaceName, _ settings: Link.Bridge) throws(NetlinkError) {
        let operation = "set bridge '\(name)'"
        guard let bridge = try link(named: name) else { throw NetlinkError(errno: ENODEV, while: operation) }
        // While STP is on the kernel refuses a delay that only a bridge without it may have, so that goes first.
        if !settings.stp { try setSTP(bridge, false, operation) }
        var header = ifinfomsg()
        header.ifi_index = bridge.index
        let request = try Request(RTM_NEWLINK, 0, header, while: operation)
        request.nest(IFLA_LINKINFO) {
            request.put(IFLA_INFO_KIND, "bridge")
            request.nest(IFLA_INFO_DATA) {
                request.put(IFLA_BR_FORWARD_DELAY, settings.forwardDelay)
                request.put(IFLA_BR_GROUP_FWD_MASK, settings.groupForward)
            }
        }
        try perform(request, while: operation)
        if settings.stp { try setSTP(bridge, true, operation) }
    }

    private func setSTP(_ bridge: Link, _ isOn: Bool, _ operation: String) throws(NetlinkError) {
        var header = ifinfomsg()
        header.ifi_index = bridge.index
        let request = try Request(RTM_NEWLINK, 0, header, while: operation)
        request.nest(IFLA_LINKINFO) {
            request.put(IFLA_INFO_KIND, "bridge")
            request.nest(IFLA_INFO_DATA) { request.put(IFLA_BR_STP_STATE, UInt32(isOn ? 1 : 0)) }
        }
        try perform(request, while: operation)
    }

    /// Deletes a link of any kind, its addresses and its routes: `ip link del NAME`.
    public func deleteLink(_ name: InterfaceName) throws(NetlinkError) {
        let operation = "delete link '\(name)'"
        let request = try Request(RTM_DELLINK, 0, ifinfomsg(), while: operation)
        request.put(IFLA_IFNAME, name.description)
        try perform(request, while: operation)
    }

    /// The group that links are put into to be deleted at once: the letters `vnet`, which nobody else will have chosen.
    private static var doomedGroup: UInt32 { 0x766E_6574 }

    /// Deletes several links in one request, for which the kernel waits once or twice instead of for each: 17 instead of 47 ms
    /// a bridge.
    ///
    /// Returns why those that are still there are.
    public func deleteLinks(_ names: [InterfaceName]) -> [InterfaceName: NetlinkError] {
        var errors: [InterfaceName: NetlinkError] = [:]
        func attempt(_ name: InterfaceName, _ body: () throws(NetlinkError) -> Void) {
            do throws(NetlinkError) { try body() } catch { errors[name] = error }
        }
        if names.count > 1 {
            let operation = "delete \(names.count) links"
            for name in names {
                attempt(name) { () throws(NetlinkError) in
                    let request = try Request(RTM_NEWLINK, 0, ifinfomsg(), while: operation)
                    request.put(IFLA_IFNAME, name.description)
                    request.put(IFLA_GROUP, Self.doomedGroup)
                    try perform(request, while: operation)
                }
            }
            do throws(NetlinkError) {
                let request = try Request(RTM_DELLINK, 0, ifinfomsg(), while: operation)
                request.put(IFLA_GROUP, Self.doomedGroup)
                try perform(request, while: operation)
                return errors
            } catch {}
        }
        // One that cannot go keeps the others of its group; alone they can.
        for name in names where errors[name] == nil {
            attempt(name) { () throws(NetlinkError) in try deleteLink(name) }
        }
        return errors
    }
}

extension Link {
    init?(_ message: [UInt8]) {
        let size = MemoryLayout<ifinfomsg>.size
        guard message.count >= size else { return nil }
        let attributes = Attributes(message[size...])
        guard let name = attributes.string(IFLA_IFNAME) else { return nil }
        index = message[...].hostInteger(at: 4, as: Int32.self)
        isUp = message[...].hostInteger(at: 8, as: UInt32.self) & UInt32(IFF_UP) != 0
        self.name = name
        mac = attributes.bytes(IFLA_ADDRESS).flatMap { MACAddress(octets: $0) }
        mtu = attributes.integer(IFLA_MTU, as: UInt32.self) ?? 0
        alias = attributes.string(IFLA_IFALIAS)
        master = attributes.integer(IFLA_MASTER, as: Int32.self)
        lower = attributes.integer(IFLA_LINK, as: Int32.self)
        let info = attributes.nested(IFLA_LINKINFO)
        kind = info?.string(IFLA_INFO_KIND)
        let slave = info?.nested(IFLA_INFO_SLAVE_DATA)
        portState = slave?.integer(IFLA_BRPORT_STATE, as: UInt8.self).flatMap { PortState(rawValue: $0) }
        hasCarrier = attributes.integer(IFLA_CARRIER, as: UInt8.self) == 1
        isIsolated = slave?.integer(IFLA_BRPORT_ISOLATED, as: UInt8.self) == 1
        isLearning = slave?.integer(IFLA_BRPORT_LEARNING, as: UInt8.self) != 0
        getsUnknown = slave?.integer(IFLA_BRPORT_UNICAST_FLOOD, as: UInt8.self) != 0
        groupForward = slave?.integer(IFLA_BRPORT_GROUP_FWD_MASK, as: UInt16.self) ?? 0
        if kind == "bridge", let data = info?.nested(IFLA_INFO_DATA) {
            // A kernel that cannot filter says that it does not, but has no protocol for it.
            if data.bytes(IFLA_BR_VLAN_PROTOCOL) != nil {
                filtersVLANs = data.integer(IFLA_BR_VLAN_FILTERING, as: UInt8.self) == 1
            }
            bridge = Bridge(
                stp: data.integer(IFLA_BR_STP_STATE, as: UInt32.self) ?? 0 != 0,
                forwardDelay: data.integer(IFLA_BR_FORWARD_DELAY, as: UInt32.self) ?? 0,
                groupForward: data.integer(IFLA_BR_GROUP_FWD_MASK, as: UInt16.self) ?? 0
            )
        }
    }
}
