internal import BootFiles
internal import Wire

/// libFuzzer calls this with octets that it makes up, as what a client sends: of TFTP, or, where they begin with a capital
/// letter, of HTTP.
///
/// A name that passes leads nowhere but down, and no more is sent than the file has.
@c(LLVMFuzzerTestOneInput)
public func fuzzBootFiles(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    if let first = bytes.first, (0x41...0x5A).contains(first) { readByHTTP(bytes) } else { readByTFTP(bytes) }
    return 0
}

private let size: UInt64 = 100_000

private func check(_ name: [UInt8]) {
    guard let path = try? BootPath(name) else { return }
    let components = path.description.split(separator: "/", omittingEmptySubsequences: false)
    precondition(!components.contains { ["", ".", ".."].contains($0) }, "a name that leads elsewhere")
}

private func readByHTTP(_ bytes: [UInt8]) {
    var rest = bytes
    while let count = HTTPRequest.headSize(in: rest) {
        precondition((1...rest.count).contains(count), "a head that is longer than what came")
        if let request = try? HTTPRequest(reading: Array(rest[..<count])) {
            check(request.path)
            let reply = HTTPReply(to: request, size: size, changed: 1_700_000_000, now: 1_700_000_001)
            precondition(reply.content.upperBound <= size, "more than the file has")
            precondition(HTTPRequest.headSize(in: reply.head) == reply.head.count, "an answer of several heads")
        }
        rest.removeFirst(count)
    }
}

private func readByTFTP(_ bytes: [UInt8]) {
    guard let request = try? TFTPRequest(reading: bytes.span), case .read(let wish) = request else { return }
    check(wish.name)
    let options = wish.options.accepted(mode: wish.mode, fileSize: size, largestBlock: 1_428)
    var transfer = TFTPTransfer(options, size: size)
    var action = transfer.begin(now: .zero)
    var acknowledgement: UInt16 = 0
    for round in 0..<200 {
        switch action {
        case .finish, .giveUp: return
        case .send(let blocks):
            precondition(blocks.upperBound <= size / UInt64(transfer.blockSize) + 1, "more than the file has")
        case .sendOptions, .wait: break
        }
        action =
            round % 7 == 6
            ? transfer.tick(now: .seconds(round * 10)) : transfer.acknowledge(acknowledgement, now: .seconds(round))
        acknowledgement &+= UInt16(round % 3)
    }
}
