internal import CNetlink
internal import Glibc

/// Tells of every change of a link in the network namespace of the thread that opened it: `ip monitor link`.
@safe public struct LinkMonitor: ~Copyable {
    private let handle: OpaquePointer
    private let inbox = Inbox()

    public init() throws(NetlinkError) {
        let operation = "watch links"
        guard let handle = unsafe nl_socket_alloc() else { throw NetlinkError(libnl: NLE_NOMEM, while: operation) }
        unsafe nl_socket_disable_seq_check(handle)
        var result = unsafe nl_connect(handle, NETLINK_ROUTE)
        if result >= 0 { result = unsafe nl_socket_add_membership(handle, CInt(RTNLGRP_LINK.rawValue)) }
        guard result >= 0 else {
            unsafe nl_socket_free(handle)
            throw NetlinkError(libnl: result, while: operation)
        }
        // Where thousands of links change at once, what does not fit is lost, and the caller is told.
        _ = unsafe nl_socket_set_buffer_size(handle, 4 << 20, 0)
        let inbox = unsafe Unmanaged.passUnretained(self.inbox).toOpaque()
        _ = unsafe nl_socket_modify_cb(handle, NL_CB_VALID, NL_CB_CUSTOM, receiveMessage, inbox)
        unsafe self.handle = handle
    }

    deinit { unsafe nl_socket_free(handle) }

    /// Waits for changes and returns the links as they are after them; nil where some were lost.
    public func next() throws(NetlinkError) -> [Link]? {
        inbox.messages = []
        let result = unsafe nl_recvmsgs_default(handle)
        guard result >= 0 else {
            // The socket's buffer ran over (netlink(7), ENOBUFS), which libnl calls no memory.
            if result == -NLE_NOMEM { return nil }
            throw NetlinkError(libnl: result, while: "watch links")
        }
        return inbox.messages.compactMap { Link($0) }
    }
}
