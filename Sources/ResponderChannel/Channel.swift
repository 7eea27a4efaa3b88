internal import CLinux
internal import FoundationEssentials
internal import Glibc

/// The other end has gone, or sent what is no message.
public struct ChannelError: Error, Hashable, CustomStringConvertible {
    public let description: String

    init(_ operation: String, errno number: CInt) {
        description = "\(operation): \(unsafe String(cString: strerror(number)))"
    }

    init(_ description: String) { self.description = description }
}

/// One end of the socket pair between daemon and responder: typed messages with descriptors.
///
/// On the wire each message is its length as four octets, most significant first, and that many octets of JSON; descriptors
/// come with the length. A message is at most 16 MiB and carries at most ``descriptorLimit`` descriptors. One thread may send
/// while another receives; two may not do the same.
public struct Channel: Sendable {
    public let descriptor: Int32
    private static let limit = 16 << 20
    /// What the kernel lets one message carry is more; this is what both ends reckon with.
    public static let descriptorLimit = 64

    /// Takes over a connected stream socket.
    public init(descriptor: Int32) { self.descriptor = descriptor }

    /// Two ends that are connected to each other.
    public static func pair() throws(ChannelError) -> (Channel, Channel) {
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw ChannelError("make a socket pair", errno: errno)
        }
        return (Channel(descriptor: ends[0]), Channel(descriptor: ends[1]))
    }

    public func close() { Glibc.close(descriptor) }

    /// Makes ``send(_:descriptors:)`` fail where the other end has not read for so long that nothing more fits for `timeout`.
    public func limitSending(to timeout: Duration) {
        var time = timeval(tv_sec: Int(timeout.components.seconds), tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Sends a message; the descriptors stay the caller's.
    public func send(_ message: some Encodable, descriptors: [Int32] = []) throws(ChannelError) {
        let content: [UInt8]
        do {
            content = [UInt8](try JSONEncoder().encode(message))
        } catch {
            throw ChannelError("encode message: \(error)")
        }
        guard content.count <= Self.limit else { throw ChannelError("message of \(content.count) octets is too long") }
        let length = UInt32(content.count)
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) } + content
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe clinux_send_with_descriptors(
                    descriptor, buffer.baseAddress.map { unsafe $0 + sent }, buffer.count - sent,
                    descriptors, sent == 0 ? descriptors.count : 0)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ChannelError("send", errno: errno) }
            sent += count
        }
    }

    /// Waits for the next message; nil where the other end has closed.
    ///
    /// The descriptors are the caller's to close.
    public func receive<Message: Decodable>(_: Message.Type) throws(ChannelError) -> (Message, descriptors: [Int32])? {
        var descriptors: [Int32] = []
        do throws(ChannelError) {
            guard let message = try receive(Message.self, &descriptors) else {
                Self.close(descriptors)
                return nil
            }
            return (message, descriptors)
        } catch {
            Self.close(descriptors)
            throw error
        }
    }

    /// The same for an end that takes no descriptors: those that come are closed.
    public func receiveAlone<Message: Decodable>(_: Message.Type) throws(ChannelError) -> Message? {
        guard let (message, descriptors) = try receive(Message.self) else { return nil }
        Self.close(descriptors)
        return message
    }

    private func receive<Message: Decodable>(
        _: Message.Type, _ descriptors: inout [Int32]
    ) throws(ChannelError) -> Message? {
        guard let header = try read(4, &descriptors) else { return nil }
        let length = header.reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.limit else { throw ChannelError("message of \(length) octets is too long") }
        guard let content = try read(length, &descriptors) else { return nil }
        do {
            return try JSONDecoder().decode(Message.self, from: Data(content))
        } catch {
            throw ChannelError("decode message: \(error)")
        }
    }

    private static func close(_ descriptors: [Int32]) {
        for descriptor in descriptors { Glibc.close(descriptor) }
    }

    private func read(_ count: Int, _ descriptors: inout [Int32]) throws(ChannelError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            var arrived = [Int32](repeating: -1, count: 64)
            var arrivedCount = 0
            let part = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe clinux_receive_with_descriptors(
                    descriptor, buffer.baseAddress.map { unsafe $0 + received }, count - received, &arrived,
                    &arrivedCount)
            }
            descriptors += arrived[..<arrivedCount]
            guard descriptors.count <= Self.descriptorLimit else {
                throw ChannelError("message with too many descriptors")
            }
            if part < 0, errno == EINTR { continue }
            if part < 0 { throw ChannelError("receive", errno: errno) }
            if part == 0 { return nil }
            received += part
        }
        return bytes
    }
}
