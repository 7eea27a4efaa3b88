internal import API
internal import LibvirtRPC
internal import NetworkModel
internal import TestSupport
internal import Testing
internal import Wire

/// What a client may do, and what it is told.
@Suite struct SessionTests {
    private static let lab = NetworkUUID(0x1111_1111_2222_3333_4444_5555_5555_5555)

    private func opened(isReadOnly: Bool = false, flags: UInt32 = 0) -> Session {
        var session = Session(isReadOnly: isReadOnly)
        _ = session.receive(call(Procedures.open, String?.none, flags))
        return session
    }

    /// A call of a procedure, as a client would make it.
    private func call<Result, each Argument>(
        _ procedure: Procedure<Result, repeat each Argument>, _ argument: repeat each Argument
    ) -> Message {
        var writer = WireWriter()
        for argument in repeat each argument {
            do { try argument.write(to: &writer) } catch { Issue.record("\(error)") }
        }
        return Message(.remote, procedure: procedure.number, .call, serial: 7, payload: writer.bytes)
    }

    /// Why the session refused.
    private func refusal(
        _ reaction: Session.Reaction, sourceLocation: SourceLocation = #_sourceLocation
    ) throws
        -> RemoteError
    {
        guard case .send(let answer) = reaction, answer.status == .error else {
            Issue.record("not refused: \(reaction)", sourceLocation: sourceLocation)
            throw RemoteError(.internalError, "")
        }
        #expect(answer.kind == .reply, sourceLocation: sourceLocation)
        var reader = WireReader(answer.payload.span)
        return try RemoteError(reading: &reader)
    }

    @Test func `nothing may be called before the connection is open but what opens it`() throws {
        for procedure in Procedures.all {
            var session = Session(isReadOnly: false)
            let reaction = session.receive(Message(.remote, procedure: procedure.number, .call))
            switch procedure.access {
            case .always: #expect(reaction != .nothing)
            case .tells: #expect(try refusal(reaction).message == "unknown procedure: \(procedure.number)")
            case .reads, .writes:
                let error = try refusal(reaction)
                #expect(error.message == "internal error: connection not open")
                #expect(error.code == 1 && error.domain == 7)
            }
        }
    }

    /// Whether by the socket or by the flag.
    @Test(arguments: [(true, 0), (false, 1), (true, 1)] as [(Bool, UInt32)])
    func `who may only look changes nothing`(isReadOnly: Bool, flags: UInt32) throws {
        for procedure in Procedures.all {
            var session = opened(isReadOnly: isReadOnly, flags: flags)
            let reaction = session.receive(Message(.remote, procedure: procedure.number, .call))
            guard procedure.access == .writes else { continue }
            let error = try refusal(reaction)
            #expect(error.message == "operation forbidden: read only access prevents \(procedure.function)")
            #expect(error.code == 29 && error.domain == 19)
        }
    }

    @Test func `what changes something is marked so`() {
        let writing = Procedures.all.filter { $0.access == .writes }.map(\.number).sorted()
        #expect(writing == [39, 40, 41, 42, 48, 49, 291, 406, 408, 410, 432, 437, 444])
    }

    /// Messages that are not what they should be, and what libvirt's daemon says to them.
    @Test(arguments: [
        // A procedure that a newer libvirt may have: its clients look for these words.
        (Message(.remote, procedure: 9_999, .call), "unknown procedure: 9999"),
        (Message(.remote, procedure: -1, .call), "unknown procedure: -1"),
        // Another program, and another version of this one.
        (Message(.init(rawValue: 0x1234_5678), procedure: 1, .call), "Cannot find program 305419896 version 1"),
        // What a server sends.
        (Message(.remote, procedure: 66, .reply), "Unexpected message type 1"),
        (Message(.remote, procedure: 315, .message), "Unexpected message type 2"),
        (Message(.remote, procedure: 66, .stream), "Unexpected message type 3"),
        (Message(.remote, procedure: 66, .call, status: .error), "Unexpected message status 1"),
        // Arguments that are not there, too many of one kind, text that is none.
        (Message(.remote, procedure: 46, .call), "Unable to decode message payload"),
        (
            Message(.remote, procedure: 1, .call, payload: octets("00000002 00000000")),
            "Unable to decode message payload"
        ),
        (
            Message(.remote, procedure: 60, .callWithDescriptors, payload: octets("00000001 0000000a")),
            "Unable to decode message payload"
        ),
    ]) func `a strange message is refused in libvirt's words`(message: Message, words: String) throws {
        var session = opened()
        var reaction = session.receive(message)
        if case .perform(let call) = reaction {
            reaction = .send(Procedures.networkByName.answer(to: call) { RemoteNetwork(name: $0, uuid: Self.lab) })
        }
        let error = try refusal(reaction)
        if message.procedure == 1, message.program == .remote {
            // Decoded after it was found to be one too many.
            #expect(error.code == 39)
        } else {
            #expect(error.message == words)
            #expect(error.code == 39 && error.domain == 7)
        }
    }

    @Test func `another version of the program is unknown`() throws {
        var message = Message(.remote, procedure: 66, .call)
        message.version = 2
        var session = opened()
        guard case .send(let answer) = session.receive(message) else {
            Issue.record("no answer")
            return
        }
        #expect(answer.version == 2 && answer.status == .error)
    }

    @Test func `a call with no descriptors is a call`() {
        var session = opened()
        let message = Message(.remote, procedure: 60, .callWithDescriptors, payload: octets("00000000 0000000a"))
        guard case .send(let answer) = session.receive(message) else {
            Issue.record("no answer")
            return
        }
        #expect(answer.status == .ok && answer.payload == octets("00000001"))
    }

    @Test(
        arguments: [
            ("network:///system", nil), ("network:///session", nil), ("qemu:///system", nil), ("", nil),
            ("network:///system?x=y", nil),
            ("network:///foo", "internal error: unexpected network URI path '/foo', try network:///system"),
            ("network:///", "internal error: unexpected network URI path '/', try network:///system"),
            ("xen:///system", "no connection driver available"),
            ("rubbish", "no connection driver available"),
        ] as [(String, String?)]) func `a connection has libvirt's names`(name: String, words: String?) throws
    {
        var session = Session(isReadOnly: false)
        let reaction = session.receive(call(Procedures.open, Optional(name), 0))
        if let words {
            #expect(try refusal(reaction).message?.contains(words) == true)
        } else {
            guard case .send(let answer) = reaction else {
                Issue.record("no answer")
                return
            }
            #expect(answer.status == .ok)
            #expect(
                try refusal(session.receive(call(Procedures.open, Optional(name), 0))).message
                    == "internal error: connection already open")
        }
    }

    // MARK: Events

    private func event(
        _ kind: NetworkEvent.Kind, _ uuid: NetworkUUID = lab, metadata: MetadataPart? = nil
    )
        -> NetworkEvent
    {
        NetworkEvent(time: 0, network: "fixnet", uuid: uuid, kind: kind, metadata: metadata)
    }

    @Test func `each callback that an event concerns is told of it`() throws {
        var session = opened()
        #expect(!session.wantsEvents)
        #expect(session.messages(for: event(.started)).isEmpty)
        let lab = RemoteNetwork(name: "fixnet", uuid: Self.lab)
        _ = session.receive(call(Procedures.registerEvent, 0, RemoteNetwork?.none))
        _ = session.receive(call(Procedures.registerEvent, 0, Optional(lab)))
        _ = session.receive(call(Procedures.registerEvent, 1, RemoteNetwork?.none))
        #expect(session.wantsEvents)
        let started = session.messages(for: event(.started))
        // As recorded of libvirt's daemon.
        #expect(
            started.first?.bytes
                == octets(
                    """
                    00000044 20008086 00000001 0000013b 00000002 00000001 00000000
                    00000000 00000006 6669786e65740000 11111111222233334444555555555555 00000002 00000000
                    """))
        #expect(started.count == 2)
        #expect(session.messages(for: event(.stopped, NetworkUUID(1))).count == 1)
        let metadata = session.messages(for: event(.metadataChanged, metadata: .element("urn:x")))
        #expect(metadata.map(\.procedure) == [446])
        #expect(
            metadata.first?.payload
                == octets(
                    """
                    00000002 00000006 6669786e65740000 11111111222233334444555555555555 00000002
                    00000001 00000005 75726e3a78000000
                    """))
        // What libvirt has no word for.
        for kind in [NetworkEvent.Kind.updated, .repaired, .portAttached, .leaseAdded] {
            #expect(session.messages(for: event(kind)).isEmpty)
        }
        _ = session.receive(call(Procedures.deregisterEvent, 0))
        #expect(session.messages(for: event(.started)).map { $0.payload.prefix(4) } == [[0, 0, 0, 1]])
        #expect(
            try refusal(session.receive(call(Procedures.deregisterEvent, 0))).message
                == "internal error: network event callback 0 not registered")
        #expect(
            try refusal(session.receive(call(Procedures.registerEvent, 7, RemoteNetwork?.none))).message
                == "internal error: unsupported network event ID 7")
    }

    @Test func `a client has only so many callbacks`() throws {
        var session = opened()
        for _ in 0..<256 { _ = session.receive(call(Procedures.registerEvent, 0, RemoteNetwork?.none)) }
        #expect(
            try refusal(session.receive(call(Procedures.registerEvent, 0, RemoteNetwork?.none))).code == 55)
    }

    // MARK: Silence

    @Test func `a ping is answered, and nothing else of that program`() {
        var session = Session(isReadOnly: true)
        #expect(
            session.receive(Message(.keepalive, procedure: 1, .message))
                == .send(Message(.keepalive, procedure: 2, .message)))
        #expect(session.receive(Message(.keepalive, procedure: 2, .message)) == .nothing)
        #expect(session.receive(Message(.keepalive, procedure: 3, .message)) == .nothing)
        #expect(session.receive(Message(.keepalive, procedure: 1, .call)) == .nothing)
    }

    @Test func `a client that answers no ping is given up, one that knows none is not asked`() {
        var session = opened()
        for _ in 0..<20 { #expect(session.checkSilence() == .nothing) }
        _ = session.receive(call(Procedures.supportsFeature, 10))
        let ping = Session.Reaction.send(Message(.keepalive, procedure: 1, .message))
        #expect(session.checkSilence() == .nothing)
        for _ in 0..<5 { #expect(session.checkSilence() == ping) }
        // The last moment.
        _ = session.receive(Message(.keepalive, procedure: 2, .message))
        #expect(session.checkSilence() == .nothing)
        for _ in 0..<5 { #expect(session.checkSilence() == ping) }
        #expect(session.checkSilence() == .close)
    }
}
