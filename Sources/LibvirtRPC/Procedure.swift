public import Wire

/// One row of the protocol: its number, what it takes, in order, and what it returns.
public struct Procedure<Result: XDRCodable, each Argument: XDRCodable>: AnyProcedure {
    public let number: Int32
    public let function: String
    public let access: ProcedureAccess

    init(_ number: Int32, _ function: String, _ access: ProcedureAccess = .reads) {
        self.number = number
        self.function = function
        self.access = access
    }

    /// The arguments of a call.
    public func arguments(of call: Message) throws(WireError) -> (repeat each Argument) {
        var reader = WireReader(call.payload.span)
        if call.kind == .callWithDescriptors {
            guard try reader.u32() == 0 else { throw .malformed(offset: 0, field: "descriptors") }
        }
        // Octets behind the last argument are left alone, as libvirt does.
        return (repeat try (each Argument)(reading: &reader))
    }

    /// Answers a call with what `body` makes of its arguments, or why it cannot.
    public func answer(to call: Message, _ body: (repeat each Argument) throws -> Result) -> Message {
        do {
            let arguments = try arguments(of: call)
            let result = try body(repeat each arguments)
            return try reply(to: call, result)
        } catch {
            return call.refused(RemoteError(describing: error))
        }
    }

    /// The answer to a call that succeeded.
    ///
    /// - Throws: ``XDRLimitError`` where it is longer than the protocol lets it be.
    func reply(to call: Message, _ result: Result) throws(XDRLimitError) -> Message {
        var writer = WireWriter()
        try result.write(to: &writer)
        guard Message.headerLength + writer.count <= Message.lengthLimit else {
            throw XDRLimitError(count: writer.count, limit: Message.lengthLimit)
        }
        return call.reply(.ok, writer.bytes)
    }

    /// What is written of what was read of a call's, an event's or an answer's payload.
    public func recoded(_ message: Message) throws -> [UInt8] {
        var writer = WireWriter()
        switch message.kind {
        case .reply:
            var reader = WireReader(message.payload.span)
            try Result(reading: &reader).write(to: &writer)
        default:
            let arguments = try arguments(of: message)
            for argument in repeat each arguments { try argument.write(to: &writer) }
        }
        return writer.bytes
    }
}

/// A procedure, whatever it takes and returns.
public protocol AnyProcedure: Sendable {
    var number: Int32 { get }
    /// The function of libvirt's API that makes the call.
    var function: String { get }
    var access: ProcedureAccess { get }

    /// What is written of what was read of the payload of a call, an event or an answer that is no error.
    func recoded(_ message: Message) throws -> [UInt8]
}

/// What a caller must be allowed for a procedure.
public enum ProcedureAccess: Hashable, Sendable {
    /// May be called before the connection is open.
    case always
    case reads
    case writes
    /// Is told, and cannot be called.
    case tells
}

extension Message {
    /// The answer that says why a call failed.
    func refused(_ error: RemoteError) -> Message {
        var writer = WireWriter()
        do {
            try error.write(to: &writer)
            return reply(.error, writer.bytes)
        } catch {
            // Its words are too long for the protocol.
            return refused(RemoteError(.internalError, "the reason cannot be told: \(error)"))
        }
    }
}
