internal import BootFiles
internal import Wire

/// libFuzzer calls this with octets that it makes up, as what a client sends.
///
/// A name that passes leads nowhere but down, and a transfer sends no more than the file has.
@c(LLVMFuzzerTestOneInput)
public func fuzzTFTP(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let request = try? TFTPRequest(reading: bytes.span), case .read(let wish) = request else { return 0 }
    if let path = try? BootPath(wish.name) {
        let components = path.description.split(separator: "/", omittingEmptySubsequences: false)
        precondition(!components.contains { ["", ".", ".."].contains($0) }, "a name that leads elsewhere")
    }
    let size: UInt64 = 100_000
    let options = wish.options.accepted(mode: wish.mode, fileSize: size, largestBlock: 1_428)
    var transfer = TFTPTransfer(options, size: size)
    var action = transfer.begin(now: .zero)
    var acknowledgement: UInt16 = 0
    for round in 0..<200 {
        switch action {
        case .finish, .giveUp: return 0
        case .send(let blocks):
            precondition(blocks.upperBound <= size / UInt64(transfer.blockSize) + 1, "more than the file has")
        case .sendOptions, .wait: break
        }
        action =
            round % 7 == 6
            ? transfer.tick(now: .seconds(round * 10)) : transfer.acknowledge(acknowledgement, now: .seconds(round))
        acknowledgement &+= UInt16(round % 3)
    }
    return 0
}
