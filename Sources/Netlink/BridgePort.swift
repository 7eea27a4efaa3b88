internal import CNetlink
internal import Glibc
public import NetworkModel

// What a bridge knows of one of its ports (linux/if_bridge.h, linux/neighbour.h).

/// The VLANs that a bridge port is in, by their number, 1 to 4,094.
public struct PortVLANs: Hashable, Sendable {
    /// Those whose frames have their tag on the port.
    public var tagged: Set<UInt16>
    /// That of frames that arrive without a tag; nil for none, and they are dropped.
    public var native: UInt16?
    /// Whether frames of the native VLAN leave without their tag.
    public var nativeIsUntagged: Bool

    public init(tagged: Set<UInt16>, native: UInt16?, nativeIsUntagged: Bool) {
        self.tagged = tagged
        self.native = native
        self.nativeIsUntagged = nativeIsUntagged
    }

    /// What a port is in that nobody has configured.
    public static let initial = Self(tagged: [], native: 1, nativeIsUntagged: true)

    /// Each VLAN with its flags, `BRIDGE_VLAN_INFO_`.
    var entries: [UInt16: UInt16] {
        var entries = Dictionary(uniqueKeysWithValues: tagged.map { ($0, UInt16(0)) })
        if let native {
            entries[native] =
                UInt16(BRIDGE_VLAN_INFO_PVID) | (nativeIsUntagged ? UInt16(BRIDGE_VLAN_INFO_UNTAGGED) : 0)
        }
        return entries
    }

    init(entries: [UInt16: UInt16]) {
        let native = entries.first { $0.value & UInt16(BRIDGE_VLAN_INFO_PVID) != 0 }
        self.init(
            tagged: Set(entries.keys).subtracting(native.map { [$0.key] } ?? []), native: native?.key,
            nativeIsUntagged: native.map { $0.value & UInt16(BRIDGE_VLAN_INFO_UNTAGGED) != 0 } ?? false)
    }

    /// The `bridge` commands that make this of `old` on a port.
    public func commands(on name: InterfaceName, from old: Self) -> [String] {
        let (before, after) = (old.entries, entries)
        let added = after.filter { before[$0.key] != $0.value }.sorted { $0.key < $1.key }
        let gone = before.keys.filter { after[$0] == nil }.sorted()
        return added.map { number, flags in
            "bridge vlan add dev \(name) vid \(number)" + (flags & UInt16(BRIDGE_VLAN_INFO_PVID) != 0 ? " pvid" : "")
                + (flags & UInt16(BRIDGE_VLAN_INFO_UNTAGGED) != 0 ? " untagged" : "")
        } + gone.map { "bridge vlan del dev \(name) vid \($0)" }
    }
}

/// How a bridge comes to know what is behind a port.
public enum PortAddresses: Hashable, Sendable {
    /// From the frames that arrive there; frames to addresses that it does not know go there too.
    case learned
    /// It is told of one address, learns none, and sends nothing else there but broadcast and multicast.
    case fixed(MACAddress)
    /// Neither of the two; only ever observed.
    case other
}

extension RouteSocket {
    // MARK: VLANs

    /// The VLANs of a bridge port: `bridge vlan show dev NAME`.
    public func vlans(of port: Link) throws(NetlinkError) -> PortVLANs {
        let operation = "look up the VLANs of '\(port.name)'"
        var header = ifinfomsg()
        header.ifi_family = UInt8(PF_BRIDGE)
        let request = try Request(RTM_GETLINK, NLM_F_DUMP, header, while: operation)
        request.put(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_BRVLAN))
        let size = MemoryLayout<ifinfomsg>.size
        var entries: [UInt16: UInt16] = [:]
        for message in try query(request, while: operation) {
            guard message.count >= size, message[...].hostInteger(at: 4, as: Int32.self) == port.index else { continue }
            let list = Attributes(message[size...]).bytes(IFLA_AF_SPEC) ?? []
            for vlan in Attributes.all(IFLA_BRIDGE_VLAN_INFO, in: list[...]) where vlan.count >= 4 {
                let flags = vlan.hostInteger(at: 0, as: UInt16.self)
                entries[vlan.hostInteger(at: 2, as: UInt16.self)] =
                    flags & UInt16(BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED)
            }
        }
        return PortVLANs(entries: entries)
    }

    /// Puts a bridge port into the VLANs `new`, and out of those of `old` that are not among them.
    public func setVLANs(_ name: InterfaceName, from old: PortVLANs, to new: PortVLANs) throws(NetlinkError) {
        let operation = "set the VLANs of '\(name)'"
        guard let port = try link(named: name) else { throw NetlinkError(errno: ENODEV, while: operation) }
        let (before, after) = (old.entries, new.entries)
        let added = after.filter { before[$0.key] != $0.value }
        let gone = before.filter { after[$0.key] == nil }
        if !added.isEmpty { try changeVLANs(RTM_SETLINK, port, added, operation) }
        if !gone.isEmpty { try changeVLANs(RTM_DELLINK, port, gone.mapValues { _ in 0 }, operation) }
    }

    private func changeVLANs(
        _ type: Int, _ port: Link, _ entries: [UInt16: UInt16], _ operation: String
    ) throws(NetlinkError) {
        var header = ifinfomsg()
        header.ifi_family = UInt8(PF_BRIDGE)
        header.ifi_index = port.index
        let request = try Request(type, 0, header, while: operation)
        request.nest(IFLA_AF_SPEC) {
            for (number, flags) in entries.sorted(by: { $0.key < $1.key }) {
                request.put(IFLA_BRIDGE_VLAN_INFO, structure: bridge_vlan_info(flags: flags, vid: number))
            }
        }
        try perform(request, while: operation)
    }

    // MARK: Addresses behind a port

    /// What a bridge does about the addresses behind a port; `expected` is the one that may be entered for good.
    public func addresses(behind port: Link, expected: PortAddresses) throws(NetlinkError) -> PortAddresses {
        if port.isLearning, port.getsUnknown { return .learned }
        guard case .fixed(let address) = expected, !port.isLearning, !port.getsUnknown else { return .other }
        return try hasFixed(address, behind: port) ? expected : .other
    }

    private func hasFixed(_ address: MACAddress, behind port: Link) throws(NetlinkError) -> Bool {
        let operation = "look up \(address) in the table of the bridge of '\(port.name)'"
        let request = try Request(RTM_GETNEIGH, 0, neighbour(port, state: 0), while: operation)
        request.put(Int(NDA_LLADDR), address.octets)
        do throws(NetlinkError) {
            // `struct ndmsg`: the index of the port that it is behind at 4, its state at 8.
            return try query(request, while: operation).contains { message in
                message.count >= MemoryLayout<ndmsg>.size
                    && message[...].hostInteger(at: 4, as: Int32.self) == port.index
                    && message[...].hostInteger(at: 8, as: UInt16.self) & UInt16(NUD_REACHABLE | NUD_NOARP) != 0
            }
        } catch  where error.code == .notFound {
            return false
        }
    }

    /// Tells a bridge what is behind a port, or lets it learn again.
    public func setAddresses(
        behind name: InterfaceName, from former: PortAddresses, to addresses: PortAddresses
    ) throws(NetlinkError) {
        let operation = "set the addresses behind '\(name)'"
        guard let port = try link(named: name) else { throw NetlinkError(errno: ENODEV, while: operation) }
        if case .fixed(let address) = addresses {
            let request = try Request(
                RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbour(port, state: UInt16(NUD_NOARP)), while: operation)
            request.put(Int(NDA_LLADDR), address.octets)
            try perform(request, while: operation)
        } else if case .fixed(let former) = former {
            let request = try Request(RTM_DELNEIGH, 0, neighbour(port, state: 0), while: operation)
            request.put(Int(NDA_LLADDR), former.octets)
            do throws(NetlinkError) { try perform(request, while: operation) } catch  where error.code == .notFound {}
        }
        var header = ifinfomsg()
        header.ifi_family = UInt8(PF_BRIDGE)
        header.ifi_index = port.index
        let request = try Request(RTM_SETLINK, 0, header, while: operation)
        request.nest(IFLA_PROTINFO | Int(NLA_F_NESTED)) {
            request.put(IFLA_BRPORT_LEARNING, UInt8(addresses == .learned ? 1 : 0))
            request.put(IFLA_BRPORT_UNICAST_FLOOD, UInt8(addresses == .learned ? 1 : 0))
        }
        try perform(request, while: operation)
    }

    private func neighbour(_ port: Link, state: UInt16) -> ndmsg {
        var header = ndmsg()
        header.ndm_family = UInt8(PF_BRIDGE)
        header.ndm_ifindex = port.index
        header.ndm_state = state
        header.ndm_flags = UInt8(NTF_MASTER)
        return header
    }
}
