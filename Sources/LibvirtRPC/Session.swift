public import API
internal import NetworkModel
internal import Wire

/// One client's side of libvirt's protocol: whether it may call what it calls, what it has subscribed to, and whether it is
/// still there.
///
/// It reads no octets and sends none: it is given messages, and says what is to be done.
public struct Session: Sendable {
    /// What is to be done with a message.
    public enum Reaction: Hashable, Sendable {
        case nothing
        case send(Message)
        /// The call is for a ``ProcedureTable``.
        case perform(Message)
        case sendAndClose(Message)
        case close
    }

    /// libvirt's version that the protocol is of, as a number (`LIBVIR_VERSION_NUMBER`): the first that has all of it.
    public static let version: UInt64 = 9_007_000

    /// Whether nothing may be changed, whatever is asked for.
    private let isAlwaysReadOnly: Bool
    private var isReadOnly: Bool
    private var isOpen = false
    private var subscriptions: [Int32: Subscription] = [:]
    private var nextCallback: Int32 = 0
    /// Whether the client answers pings.
    private var isPinged = false
    /// How many times nothing has come since something came.
    private var silence = 0

    private struct Subscription {
        /// 0 for the life cycle, 1 for metadata (`virNetworkEventID`).
        let event: Int32
        /// Nil for all networks.
        let network: NetworkUUID?
    }

    private static let networkURI = "network:///system"

    public init(isReadOnly: Bool) {
        isAlwaysReadOnly = isReadOnly
        self.isReadOnly = isReadOnly
    }

    /// Whether there is any event that the client wants to be told of.
    public var wantsEvents: Bool { !subscriptions.isEmpty }

    // MARK: Messages

    /// Takes up a message.
    public mutating func receive(_ message: Message) -> Reaction {
        silence = 0
        switch message.program {
        case .keepalive:
            // Whatever else it may be is left alone, as libvirt does.
            guard message.version == 1, message.kind == .message, message.procedure == Self.ping else {
                return .nothing
            }
            return .send(Message(.keepalive, procedure: Self.pong, .message))
        case .remote where message.version == 1: break
        default:
            return .send(
                message.refused(
                    RemoteError(
                        .rpc, from: .rpc, "Cannot find program \(message.program.rawValue) version \(message.version)"))
            )
        }
        guard message.kind == .call || message.kind == .callWithDescriptors else {
            return .send(refuse(message, "Unexpected message type \(message.kind.rawValue)"))
        }
        guard message.status == .ok else {
            return .send(refuse(message, "Unexpected message status \(message.status.rawValue)"))
        }
        guard let procedure = Procedures.byNumber[message.procedure], procedure.access != .tells else {
            return .send(message.unknownProcedure)
        }
        guard isOpen || procedure.access == .always else {
            return .send(message.refused(RemoteError(.internalError, from: .rpc, "connection not open")))
        }
        guard !isReadOnly || procedure.access != .writes else {
            return .send(
                message.refused(
                    RemoteError(.operationDenied, "read only access prevents \(procedure.function)")))
        }
        return answer(message)
    }

    private func refuse(_ message: Message, _ reason: String) -> Message {
        message.refused(RemoteError(.rpc, from: .rpc, reason))
    }

    /// Answers what is a matter of the connection alone.
    private mutating func answer(_ call: Message) -> Reaction {
        switch call.procedure {
        case Procedures.close.number:
            return .sendAndClose(Procedures.close.answer(to: call) { Nothing() })
        case Procedures.open.number: return .send(Procedures.open.answer(to: call) { try open($0, $1) })
        // None: who may connect is the socket's matter.
        case Procedures.authList.number: return .send(Procedures.authList.answer(to: call) { XDRList([0]) })
        case Procedures.authPolkit.number: return .send(Procedures.authPolkit.answer(to: call) { 1 })
        case Procedures.supportsFeature.number:
            return .send(Procedures.supportsFeature.answer(to: call) { supports($0) ? 1 : 0 })
        case Procedures.type.number: return .send(Procedures.type.answer(to: call) { "network" })
        case Procedures.uri.number: return .send(Procedures.uri.answer(to: call) { Self.networkURI })
        case Procedures.isSecure.number: return .send(Procedures.isSecure.answer(to: call) { 1 })
        case Procedures.version.number: return .send(Procedures.version.answer(to: call) { Self.version })
        case Procedures.libraryVersion.number:
            return .send(Procedures.libraryVersion.answer(to: call) { Self.version })
        // The connection that could be closed behind it is the client's own.
        case Procedures.registerCloseCallback.number:
            return .send(Procedures.registerCloseCallback.answer(to: call) { Nothing() })
        case Procedures.unregisterCloseCallback.number:
            return .send(Procedures.unregisterCloseCallback.answer(to: call) { Nothing() })
        // A hypervisor's daemon says for whom it calls; nothing here depends on that.
        case Procedures.setIdentity.number:
            return .send(Procedures.setIdentity.answer(to: call) { _, _ in Nothing() })
        case Procedures.registerEvent.number:
            return .send(Procedures.registerEvent.answer(to: call) { try subscribe(to: $0, of: $1) })
        case Procedures.deregisterEvent.number:
            return .send(Procedures.deregisterEvent.answer(to: call) { try unsubscribe($0) })
        default: return .perform(call)
        }
    }

    private mutating func open(_ name: String?, _ flags: UInt32) throws(RemoteError) -> Nothing {
        guard !isOpen else { throw RemoteError(.internalError, from: .rpc, "connection already open") }
        // VIR_CONNECT_RO, and VIR_CONNECT_NO_ALIASES, which is the client's own matter.
        guard flags & ~3 == 0 else { throw RemoteError(unsupportedFlags: flags, in: "virConnectOpen") }
        let name = name ?? ""
        let scheme = name.prefix { $0 != ":" }
        // Who names the socket may have any of libvirt's usual names of a connection, or none.
        guard ["", "network", "qemu"].contains(scheme) else {
            throw RemoteError(
                .noSupport, from: .none, "no connection driver available for \(name), try \(Self.networkURI)")
        }
        let path = name.dropFirst(scheme.count).prefix { $0 != "?" }
        guard ["", ":///system", ":///session", ":/system"].contains(path) else {
            let shown = path.hasPrefix("://") ? path.dropFirst(3) : path.dropFirst()
            throw RemoteError(
                .internalError, from: .none, "unexpected network URI path '\(shown)', try \(Self.networkURI)")
        }
        isOpen = true
        isReadOnly = isAlwaysReadOnly || flags & 1 != 0
        return Nothing()
    }

    /// `virDrvFeature`: descriptors in messages, strings as parameters, keepalive, events with callback numbers, close
    /// callbacks, and the arguments of an update in the right order.
    private mutating func supports(_ feature: Int32) -> Bool {
        if feature == Self.keepaliveFeature { isPinged = true }
        return [8, 9, Self.keepaliveFeature, 14, 15, 16].contains(feature)
    }

    // MARK: Events

    private mutating func subscribe(to event: Int32, of network: RemoteNetwork?) throws(RemoteError) -> Int32 {
        guard 0...1 ~= event else {
            throw RemoteError(.internalError, from: .rpc, "unsupported network event ID \(event)")
        }
        guard subscriptions.count < Self.subscriptionLimit else {
            throw RemoteError(
                .operationInvalid, "a connection has at most \(Self.subscriptionLimit) event callbacks")
        }
        let number = nextCallback
        nextCallback = nextCallback == .max ? 0 : nextCallback + 1
        subscriptions[number] = Subscription(event: event, network: network?.uuid)
        return number
    }

    private mutating func unsubscribe(_ number: Int32) throws(RemoteError) -> Nothing {
        guard subscriptions.removeValue(forKey: number) != nil else {
            throw RemoteError(.internalError, from: .rpc, "network event callback \(number) not registered")
        }
        return Nothing()
    }

    /// The messages that tell this client of an event: one a callback that it concerns.
    public func messages(for event: NetworkEvent) -> [Message] {
        let network = RemoteNetwork(name: event.network, uuid: event.uuid)
        return subscriptions.sorted { $0.key < $1.key }.compactMap { number, subscription in
            guard (subscription.network ?? event.uuid) == event.uuid else { return nil }
            if subscription.event == 0 {
                guard let kind = event.kind.lifecycleCode else { return nil }
                return Procedures.lifecycleEvent.message(number, network, kind, 0)
            }
            guard event.kind == .metadataChanged, let part = event.metadata else { return nil }
            return Procedures.metadataEvent.message(number, network, part.kind.code, part.uri)
        }
    }

    // MARK: Silence

    private static let ping: Int32 = 1
    private static let pong: Int32 = 2
    private static let keepaliveFeature: Int32 = 10
    /// How many pings may stay unanswered.
    private static let silenceLimit = 5
    private static let subscriptionLimit = 256

    /// To be called every five seconds: asks a client of which nothing was heard whether it is still there, and gives it up
    /// after five such questions.
    public mutating func checkSilence() -> Reaction {
        guard isPinged else { return .nothing }
        silence += 1
        guard silence > 1 else { return .nothing }
        guard silence <= Self.silenceLimit + 1 else { return .close }
        return .send(Message(.keepalive, procedure: Self.ping, .message))
    }
}

extension NetworkEvent.Kind {
    /// `virNetworkEventLifecycleType`; nil for what libvirt's clients are not told.
    fileprivate var lifecycleCode: Int32? {
        switch self {
        case .defined: 0
        case .undefined: 1
        case .started: 2
        case .stopped: 3
        default: nil
        }
    }
}

extension MetadataPart.Kind {
    /// `virNetworkMetadataType`.
    public var code: Int32 {
        switch self {
        case .description: 0
        case .title: 1
        case .element: 2
        }
    }
}

extension Procedure {
    /// A message that tells a client something; nil where it would be longer than the protocol allows.
    ///
    /// libvirt's own server gives all of them the serial number 1.
    func message(_ argument: repeat each Argument) -> Message? {
        var writer = WireWriter()
        do {
            for argument in repeat each argument { try argument.write(to: &writer) }
        } catch {
            return nil
        }
        return Message(.remote, procedure: number, .message, serial: 1, payload: writer.bytes)
    }
}
