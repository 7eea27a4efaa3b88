/// What a program does when procedures are called.
public struct ProcedureTable<Context: Sendable>: Sendable {
    private var handlers: [Int32: @Sendable (Message, Context) async -> Message] = [:]

    public init() {}

    /// The procedures that something is done for.
    public var numbers: Set<Int32> { Set(handlers.keys) }

    /// Says what is done for a procedure.
    public mutating func on<Result, each Argument>(
        _ procedure: Procedure<Result, repeat each Argument>,
        _ body: @escaping @Sendable (Context, repeat each Argument) async throws -> Result
    ) {
        // Not by a closure that takes the arguments: the compiler (6.3) crashes on one inside another.
        handlers[procedure.number] = { call, context in
            do {
                let arguments = try procedure.arguments(of: call)
                let result = try await body(context, repeat each arguments)
                return try procedure.reply(to: call, result)
            } catch {
                return call.refused(RemoteError(describing: error))
            }
        }
    }

    /// The answer to a call that a ``Session`` has let pass.
    public func answer(_ call: Message, for context: Context) async -> Message {
        guard let handler = handlers[call.procedure] else { return call.unknownProcedure }
        return await handler(call, context)
    }
}

extension Message {
    /// libvirt's clients look for these words to know that a server is older than they are.
    var unknownProcedure: Message { refused(RemoteError(.rpc, from: .rpc, "unknown procedure: \(procedure)")) }
}
