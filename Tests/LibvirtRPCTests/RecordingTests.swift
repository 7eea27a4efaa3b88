internal import LibvirtRPC
internal import Testing
internal import Wire

/// What libvirt's own programs said to each other is read and written as it was.
@Suite struct RecordingTests {
    @Test func `the recordings are there`() {
        #expect(Recording.all.count == 101)
        #expect(Recording.exchanges.count == 49)
    }

    @Test(arguments: Recording.all) func `a message is written as it was read`(recording: Recording) throws {
        let message = try recording.message()
        #expect(message.bytes == recording.bytes)
        guard message.program == .remote else { return }
        if message.status == .error {
            var reader = WireReader(message.payload.span)
            var writer = WireWriter()
            try RemoteError(reading: &reader).write(to: &writer)
            let isAtEnd = reader.isAtEnd
            #expect(isAtEnd)
            #expect(writer.bytes == message.payload)
        } else {
            let procedure = try #require(Procedures.all.first { $0.number == message.procedure })
            #expect(try procedure.recoded(message) == message.payload)
        }
    }

    /// An octet less is never the same message.
    @Test(arguments: Recording.all) func `a message that was cut is refused`(recording: Recording) throws {
        var message = try recording.message()
        guard message.program == .remote, message.status == .ok, !message.payload.isEmpty,
            let procedure = Procedures.all.first(where: { $0.number == message.procedure })
        else { return }
        for count in 0..<message.payload.count {
            message.payload.removeLast()
            #expect(message.payload.count == recording.bytes.count - Message.headerLength - count - 1)
            #expect(throws: WireError.self) { try procedure.recoded(message) }
        }
    }

    /// What concerns the connection alone is answered as libvirt's daemon answered it, to the octet.
    @Test(arguments: Recording.exchanges) func `a session answers as libvirt's daemon`(
        exchange: Recording.Exchange
    ) throws {
        let call = try exchange.call.message()
        let answer = try exchange.answer.message()
        var session = Session(isReadOnly: false)
        if call.procedure != Procedures.open.number {
            _ = session.receive(Message(.remote, procedure: 1, .call, payload: octets("00000000 00000000")))
        }
        if call.procedure == Procedures.deregisterEvent.number {
            _ = session.receive(Message(.remote, procedure: 313, .call, payload: octets("00000000 00000000")))
        }
        let reaction = session.receive(call)
        switch call.procedure {
        // vnet's own versions.
        case Procedures.version.number, Procedures.libraryVersion.number:
            guard case .send(let own) = reaction else {
                Issue.record("\(reaction)")
                return
            }
            #expect(own.status == .ok && own.payload == octets("0000000000896f98"))
        case Procedures.close.number: #expect(reaction == .sendAndClose(answer))
        case Procedures.open.number, Procedures.authList.number, Procedures.type.number,
            Procedures.supportsFeature.number, Procedures.isSecure.number, Procedures.registerCloseCallback.number,
            Procedures.unregisterCloseCallback.number, Procedures.setIdentity.number, Procedures.registerEvent.number,
            Procedures.deregisterEvent.number:
            #expect(reaction == .send(answer))
        default: #expect(reaction == .perform(call))
        }
    }

    /// The words of refusals that clients look at are libvirt's.
    @Test(arguments: Recording.all) func `an error is built as libvirt's daemon builds it`(recording: Recording) throws
    {
        let message = try recording.message()
        guard message.program == .remote, message.status == .error else { return }
        var reader = WireReader(message.payload.span)
        let error = try RemoteError(reading: &reader)
        let domain = try #require(RemoteError.Domain(rawValue: error.domain))
        let detail = try #require(error.strings[1])
        #expect(RemoteError(.init(rawValue: error.code), from: domain, detail) == error)
    }
}
