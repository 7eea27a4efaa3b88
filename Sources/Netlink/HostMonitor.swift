internal import CNetlink
internal import Glibc

/// Something that has changed in the kernel's networking.
public enum HostChange: Hashable, Sendable {
    /// A link, as it is now.
    case link(Link)
    case linkGone(String)
    /// Addresses or routes of the interface with this index.
    case addresses(Int32)
    /// Settings that the kernel tells of, such as forwarding, of the interface with this index; nil where of all.
    case settings(interface: Int32?)
    /// Firewall rules in the table that is watched, and the thread that did it, by its id and name.
    case rules(thread: Int32, name: String)
    /// Firewall rules in other tables alone.
    case otherRules(thread: Int32, name: String)
    /// More than there was room for.
    case unknown
}

/// Tells of changes in the network namespace of the thread that opened it: `ip monitor` and `nft monitor` in one.
@safe public struct HostMonitor: ~Copyable {
    /// Which of the kernel's tables to watch.
    public enum Subject: Sendable {
        case links
        /// All of nftables, told apart by whether the tables of this name are touched.
        case rules(table: String)
    }

    private let handle: OpaquePointer
    private let inbox = MonitorInbox()

    public init(_ subject: Subject) throws(NetlinkError) {
        let (operation, family) =
            switch subject {
            case .links: ("watch links", NETLINK_ROUTE)
            case .rules: ("watch firewall rules", NETLINK_NETFILTER)
            }
        guard let handle = unsafe nl_socket_alloc() else { throw NetlinkError(libnl: NLE_NOMEM, while: operation) }
        unsafe nl_socket_disable_seq_check(handle)
        var result = unsafe nl_connect(handle, family)
        for group in Self.groups(subject) where result >= 0 {
            result = unsafe nl_socket_add_membership(handle, group)
        }
        guard result >= 0 else {
            unsafe nl_socket_free(handle)
            throw NetlinkError(libnl: result, while: operation)
        }
        // Where thousands of links change at once, what does not fit is lost, and the caller is told.
        _ = unsafe nl_socket_set_buffer_size(handle, 4 << 20, 0)
        if case .rules(let table) = subject { inbox.table = table }
        let inbox = unsafe Unmanaged.passUnretained(self.inbox).toOpaque()
        _ = unsafe nl_socket_modify_cb(handle, NL_CB_VALID, NL_CB_CUSTOM, receiveChange, inbox)
        unsafe self.handle = handle
    }

    deinit { unsafe nl_socket_free(handle) }

    private static func groups(_ subject: Subject) -> [CInt] {
        switch subject {
        case .links:
            [
                RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
                RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF,
            ].map { CInt($0.rawValue) }
        case .rules: [CInt(NFNLGRP_NFTABLES.rawValue)]
        }
    }

    /// Waits for changes.
    public func next() throws(NetlinkError) -> [HostChange] {
        inbox.changes = []
        let result = unsafe nl_recvmsgs_default(handle)
        guard result >= 0 else {
            // The socket's buffer ran over (netlink(7), ENOBUFS), which libnl calls no memory.
            if result == -NLE_NOMEM { return [.unknown] }
            throw NetlinkError(libnl: result, while: "watch the host")
        }
        return inbox.changes
    }
}

/// Where libnl's callback leaves what it was told.
private final class MonitorInbox {
    var changes: [HostChange] = []
    /// The nftables table to watch.
    var table = ""
    /// Whether the transaction that is being told of touches that table.
    private var touchesTable = false

    /// What a message tells of.
    func take(type: Int, _ content: [UInt8]) {
        guard type >> 8 == Int(NFNL_SUBSYS_NFTABLES), content.count >= MemoryLayout<nfgenmsg>.size else {
            if let change = HostChange(type: type, content) { changes.append(change) }
            return
        }
        let attributes = Attributes(content[MemoryLayout<nfgenmsg>.size...])
        if type & 0xFF == Int(NFT_MSG_NEWGEN.rawValue) {
            // The last of a transaction's messages, and who made it.
            let thread = attributes.integer(Int(NFTA_GEN_PROC_PID.rawValue), as: Int32.self)?.bigEndian ?? 0
            let name = attributes.string(Int(NFTA_GEN_PROC_NAME.rawValue)) ?? ""
            changes.append(touchesTable ? .rules(thread: thread, name: name) : .otherRules(thread: thread, name: name))
            touchesTable = false
        } else if attributes.string(Int(NFTA_TABLE_NAME.rawValue)) == table {
            // The first attribute is the table's name in messages of all kinds (linux/netfilter/nf_tables.h).
            touchesTable = true
        }
    }
}

private func receiveChange(_ message: OpaquePointer?, _ inbox: UnsafeMutableRawPointer?) -> CInt {
    guard let header = unsafe nlmsg_hdr(message), let start = unsafe nlmsg_data(header), let inbox = unsafe inbox
    else { return CInt(NL_SKIP.rawValue) }
    let content = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: Int(nlmsg_datalen(header))))
    let type = Int(unsafe header.pointee.nlmsg_type)
    unsafe Unmanaged<MonitorInbox>.fromOpaque(inbox).takeUnretainedValue().take(type: type, content)
    return CInt(NL_OK.rawValue)
}

extension HostChange {
    fileprivate init?(type: Int, _ content: [UInt8]) {
        switch type {
        case RTM_NEWLINK:
            guard let link = Link(content) else { return nil }
            self = .link(link)
        case RTM_DELLINK:
            // A bridge tells of a port that leaves it in the same words, but in its own family.
            guard let link = Link(content), content.first == UInt8(AF_UNSPEC) else { return nil }
            self = .linkGone(link.name)
        case RTM_NEWADDR, RTM_DELADDR:
            guard content.count >= MemoryLayout<ifaddrmsg>.size else { return nil }
            self = .addresses(content[...].hostInteger(at: 4, as: Int32.self))
        case RTM_NEWROUTE, RTM_DELROUTE:
            guard content.count >= MemoryLayout<rtmsg>.size,
                let index = Attributes(content[MemoryLayout<rtmsg>.size...])
                    .integer(Int(RTA_OIF.rawValue), as: Int32.self)
            else { return nil }
            self = .addresses(index)
        case RTM_NEWNETCONF:
            let size = MemoryLayout<netconfmsg>.size
            guard content.count >= size,
                let index = Attributes(content[size...]).integer(Int(NETCONFA_IFINDEX), as: Int32.self)
            else { return nil }
            switch index {
            case NETCONFA_IFINDEX_ALL: self = .settings(interface: nil)
            // What interfaces begin with that there are not yet is nobody's.
            case NETCONFA_IFINDEX_DEFAULT: return nil
            default: self = .settings(interface: index)
            }
        default: return nil
        }
    }
}
