internal import LibvirtRPC

/// libFuzzer calls this with octets that it makes up, as they would come from a client of libvirt's.
///
/// What is a message is written again as it was; arguments that can be read are written and read again as the same; and what
/// a session lets pass is a procedure that may be called.
@c(LLVMFuzzerTestOneInput)
public func fuzzLibvirtMessage(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    var reader = MessageReader()
    reader.append(bytes)
    var session = Session(isReadOnly: count % 2 == 0)
    var rest = bytes[...]
    while let message = try? reader.next() {
        let written = message.bytes
        precondition(rest.starts(with: written), "another message was written than was read")
        rest = rest.dropFirst(written.count)
        let procedure = Procedures.all.first { $0.number == message.procedure }
        if let procedure, let first = try? procedure.recoded(message) {
            var again = message
            again.kind = message.kind == .callWithDescriptors ? .call : message.kind
            again.payload = first
            precondition((try? procedure.recoded(again)) == first, "other arguments were written than were read")
        }
        if case .perform(let call) = session.receive(message) {
            precondition(call == message && procedure?.access != .tells)
        }
    }
    return 0
}
