internal import CNetlink
internal import Glibc

/// A connection to the kernel's routing tables, in the network namespace of the thread that opened it.
///
/// Calls block until the kernel has answered, which takes microseconds but for deletions of links. Not for two threads at
/// once: the owner is one actor.
@safe public struct RouteSocket: ~Copyable {
    private let handle: OpaquePointer
    private let inbox = Inbox()

    public init() throws(NetlinkError) {
        guard let handle = unsafe nl_socket_alloc() else {
            throw NetlinkError(libnl: NLE_NOMEM, while: "allocate netlink socket")
        }
        let result = unsafe Self.connect(handle)
        guard result >= 0 else {
            unsafe nl_socket_free(handle)
            throw NetlinkError(libnl: result, while: "connect netlink socket")
        }
        // An acknowledgement for each request would come after the answer of a query, and be taken for that of the next.
        unsafe nl_socket_disable_auto_ack(handle)
        let inbox = unsafe Unmanaged.passUnretained(self.inbox).toOpaque()
        _ = unsafe nl_socket_modify_err_cb(handle, NL_CB_CUSTOM, receiveRefusal, inbox)
        _ = unsafe nl_socket_modify_cb(handle, NL_CB_VALID, NL_CB_CUSTOM, receiveMessage, inbox)
        _ = unsafe nl_socket_modify_cb(handle, NL_CB_ACK, NL_CB_CUSTOM, receiveAcknowledgement, inbox)
        unsafe self.handle = handle
    }

    deinit { unsafe nl_socket_free(handle) }

    private static func connect(_ handle: OpaquePointer) -> CInt {
        let result = unsafe nl_connect(handle, NETLINK_ROUTE)
        guard result >= 0 else { return result }
        _ = unsafe cnetlink_enable_explanations(handle)
        _ = unsafe cnetlink_enable_filters(handle)
        return unsafe nl_socket_set_buffer_size(handle, 1 << 20, 0)
    }

    /// Sends a request that changes something, and waits for the kernel's word that it is done.
    func perform(_ request: borrowing Request, while operation: String) throws(NetlinkError) {
        unsafe nlmsg_hdr(request.message).pointee.nlmsg_flags |= UInt16(NLM_F_ACK)
        try exchange(request, .acknowledgement, while: operation)
    }

    /// Sends a request that asks for something, and returns the messages of the answer, each without its netlink header.
    ///
    /// A listing during which the kernel's tables changed is asked for again.
    func query(_ request: borrowing Request, while operation: String) throws(NetlinkError) -> [[UInt8]] {
        var attempts = 0
        while true {
            inbox.messages = []
            attempts += 1
            do throws(NetlinkError) {
                try exchange(request, .messages, while: operation)
                defer { inbox.messages = [] }
                return inbox.messages
            } catch  where error.code == .library(NLE_DUMP_INTR) && attempts < 10 {}
        }
    }

    /// Sends a request that asks for one thing, and returns the answer without its netlink header; nil where the kernel has
    /// none, which only its acknowledgement tells.
    func lookUp(_ request: borrowing Request, while operation: String) throws(NetlinkError) -> [UInt8]? {
        unsafe nlmsg_hdr(request.message).pointee.nlmsg_flags |= UInt16(NLM_F_ACK)
        inbox.messages = []
        try exchange(request, .messagesAndAcknowledgement, while: operation)
        defer { inbox.messages = [] }
        return inbox.messages.first
    }

    /// What the kernel answers a request with.
    private enum Answer { case acknowledgement, messages, messagesAndAcknowledgement }

    private func exchange(
        _ request: borrowing Request, _ answer: Answer, while operation: String
    ) throws(NetlinkError) {
        inbox.refusal = nil
        inbox.isAcknowledged = false
        let sent = unsafe nl_send_auto(handle, request.message)
        guard sent >= 0 else { throw NetlinkError(libnl: sent, while: operation) }
        let result =
            switch answer {
            case .acknowledgement: unsafe nl_wait_for_ack(handle)
            case .messages: unsafe nl_recvmsgs_default(handle)
            case .messagesAndAcknowledgement: receiveUntilAcknowledged()
            }
        if let refusal = inbox.refusal {
            throw NetlinkError(errno: refusal.errno, explanation: refusal.explanation, while: operation)
        }
        guard result >= 0 else {
            // What is left in the socket is unknown: the next answer must not be taken from it.
            if result != -NLE_DUMP_INTR {
                unsafe nl_close(handle)
                _ = unsafe Self.connect(handle)
            }
            throw NetlinkError(libnl: result, while: operation)
        }
    }

    private func receiveUntilAcknowledged() -> CInt {
        while true {
            let result = unsafe nl_recvmsgs_default(handle)
            if result < 0 || inbox.isAcknowledged || inbox.refusal != nil { return result }
        }
    }
}

/// Where libnl's callbacks leave what came in during one exchange.
final class Inbox {
    var messages: [[UInt8]] = []
    var refusal: (errno: CInt, explanation: String?)?
    var isAcknowledged = false
}

func receiveMessage(_ message: OpaquePointer?, _ inbox: UnsafeMutableRawPointer?) -> CInt {
    guard let header = unsafe nlmsg_hdr(message), let start = unsafe nlmsg_data(header), let inbox = unsafe inbox
    else { return CInt(NL_SKIP.rawValue) }
    let content = unsafe UnsafeRawBufferPointer(start: start, count: Int(nlmsg_datalen(header)))
    unsafe Unmanaged<Inbox>.fromOpaque(inbox).takeUnretainedValue().messages.append([UInt8](content))
    return CInt(NL_OK.rawValue)
}

private func receiveAcknowledgement(_: OpaquePointer?, _ inbox: UnsafeMutableRawPointer?) -> CInt {
    guard let inbox = unsafe inbox else { return CInt(NL_STOP.rawValue) }
    unsafe Unmanaged<Inbox>.fromOpaque(inbox).takeUnretainedValue().isAcknowledged = true
    return CInt(NL_STOP.rawValue)
}

private func receiveRefusal(
    _: UnsafeMutablePointer<sockaddr_nl>?, _ error: UnsafeMutablePointer<nlmsgerr>?, _ inbox: UnsafeMutableRawPointer?
) -> CInt {
    guard let error = unsafe error, let inbox = unsafe inbox else { return CInt(NL_STOP.rawValue) }
    let words = unsafe cnetlink_explanation(error)
    unsafe Unmanaged<Inbox>.fromOpaque(inbox).takeUnretainedValue().refusal = (
        -error.pointee.error, words.map { unsafe String(cString: $0) }
    )
    return CInt(NL_STOP.rawValue)
}
