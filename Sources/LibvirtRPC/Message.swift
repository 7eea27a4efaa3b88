public import Wire

/// One message of libvirt's protocol: a header, and what the procedure takes or returns.
///
/// On the wire its length stands before it, in four octets that count themselves too (libvirt, "RPC protocol").
public struct Message: Hashable, Sendable {
    /// The protocol that a message is of (`prog` in the header).
    public struct Program: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// `REMOTE_PROGRAM`: everything that libvirt's API does.
        public static let remote = Self(rawValue: 0x2000_8086)
        /// "keep": pings and pongs.
        public static let keepalive = Self(rawValue: 0x6B65_6570)
    }

    /// What a message is; those of data streams do not concern networks.
    public enum Kind: UInt32, Hashable, Sendable {
        case call, reply
        /// Something that nobody asked for: an event, a ping.
        case message
        case stream
        /// A call with the number of descriptors that come with it before its arguments.
        case callWithDescriptors
        case replyWithDescriptors, streamHole
    }

    public enum Status: UInt32, Hashable, Sendable { case ok, error, more }

    public var program: Program
    public var version: UInt32
    public var procedure: Int32
    public var kind: Kind
    /// The caller's number of the call.
    public var serial: UInt32
    public var status: Status
    public var payload: [UInt8]

    /// Of the length word and the header, in octets.
    public static let headerLength = 28
    /// The most that libvirt's programs take, with the length word (`VIR_NET_MESSAGE_MAX` and 4).
    public static let lengthLimit = 33_554_436

    public init(
        _ program: Program, procedure: Int32, _ kind: Kind, serial: UInt32 = 0, status: Status = .ok,
        payload: [UInt8] = []
    ) {
        self.program = program
        version = 1
        self.procedure = procedure
        self.kind = kind
        self.serial = serial
        self.status = status
        self.payload = payload
    }

    /// Reads what follows the length word.
    public init(reading reader: inout WireReader) throws(WireError) {
        program = Program(rawValue: try reader.u32())
        version = try reader.u32()
        procedure = try Int32(reading: &reader)
        let start = reader.offset
        guard let kind = Kind(rawValue: try reader.u32()) else { throw .malformed(offset: start, field: "type") }
        self.kind = kind
        serial = try reader.u32()
        guard let status = Status(rawValue: try reader.u32()) else {
            throw .malformed(offset: start + 8, field: "status")
        }
        self.status = status
        payload = reader.rest()
    }

    /// The message with its length before it.
    public var bytes: [UInt8] {
        var writer = WireWriter(reserving: Self.headerLength + payload.count)
        writer.u32(UInt32(Self.headerLength + payload.count))
        writer.u32(program.rawValue)
        writer.u32(version)
        procedure.write(to: &writer)
        writer.u32(kind.rawValue)
        writer.u32(serial)
        writer.u32(status.rawValue)
        writer.raw(payload)
        return writer.bytes
    }

    /// The answer to this call.
    func reply(_ status: Status, _ payload: [UInt8]) -> Message {
        var reply = self
        reply.kind = .reply
        reply.status = status
        reply.payload = payload
        return reply
    }
}

/// Cuts a stream of octets into messages, and refuses what is longer than its limit before it is kept.
public struct MessageReader: Sendable {
    private var buffer: [UInt8] = []
    private var position = 0
    /// Of a message with its length word, in octets.
    public let limit: Int

    public init(limit: Int = Message.lengthLimit) { self.limit = limit }

    public mutating func append(_ bytes: some Sequence<UInt8>) {
        if position > 0 {
            buffer.removeFirst(position)
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next message; nil where it has not come whole yet.
    ///
    /// - Throws: That what follows is no message; nothing after it can be read either.
    public mutating func next() throws(WireError) -> Message? {
        let available = buffer.count - position
        guard available >= 4 else { return nil }
        let count = buffer[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
        guard Message.headerLength...limit ~= count else { throw .malformed(offset: 0, field: "length") }
        guard available >= count else { return nil }
        defer { position += count }
        var content = WireReader(buffer.span.extracting(position + 4..<position + count))
        return try Message(reading: &content)
    }
}
