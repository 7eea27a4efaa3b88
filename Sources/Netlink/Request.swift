internal import CNetlink
internal import Glibc

/// A netlink message that is being put together.
@safe struct Request: ~Copyable {
    let message: OpaquePointer

    /// Begins a message; `header` is the fixed part that follows the netlink header, such as an `ifinfomsg`.
    init<Header: BitwiseCopyable>(
        _ type: Int, _ flags: CInt = 0, _ header: Header, while operation: String
    ) throws(NetlinkError) {
        guard let message = unsafe nlmsg_alloc_simple(CInt(type), flags) else {
            throw NetlinkError(libnl: NLE_NOMEM, while: operation)
        }
        unsafe self.message = message
        var header = header
        _ = unsafe nlmsg_append(message, &header, MemoryLayout<Header>.size, CInt(NLMSG_ALIGNTO))
    }

    deinit { unsafe nlmsg_free(message) }

    func put(_ attribute: Int, _ value: UInt32) { _ = unsafe nla_put_u32(message, CInt(attribute), value) }
    func put(_ attribute: Int, _ value: UInt16) { _ = unsafe nla_put_u16(message, CInt(attribute), value) }
    func put(_ attribute: Int, _ value: UInt8) { _ = unsafe nla_put_u8(message, CInt(attribute), value) }
    func put(_ attribute: Int, _ value: String) { _ = unsafe nla_put_string(message, CInt(attribute), value) }
    func put(_ attribute: Int, _ value: [UInt8]) {
        _ = unsafe nla_put(message, CInt(attribute), CInt(value.count), value)
    }

    /// Puts a structure of the kernel's as it lies in memory.
    func put<Value: BitwiseCopyable>(_ attribute: Int, structure value: Value) {
        var value = value
        _ = unsafe nla_put(message, CInt(attribute), CInt(MemoryLayout<Value>.size), &value)
    }

    /// Puts an attribute whose content is what `body` puts.
    func nest(_ attribute: Int, _ body: () -> Void) {
        guard let start = unsafe nla_nest_start(message, CInt(attribute)) else { return }
        body()
        _ = unsafe nla_nest_end(message, start)
    }
}
