import BootFiles
import Testing
import Wire

@Suite struct TFTPPacketTests {
    private static func read(_ bytes: [UInt8]) throws(WireError) -> TFTPRequest { try TFTPRequest(reading: bytes.span) }

    /// A read request: opcode, and then each word with a zero behind it.
    private static func request(_ words: String...) -> [UInt8] {
        [0, 1] + words.flatMap { Array($0.utf8) + [0] }
    }

    private static func bytes(_ reply: TFTPReply) -> [UInt8] {
        var writer = WireWriter()
        reply.write(to: &writer)
        return writer.bytes
    }

    @Test func readsRequests() throws {
        let bytes = Self.request("pxe.0", "OCTET", "blksize", "1428", "TSIZE", "0", "windowsize", "16", "timeout", "3")
        guard case .read(let request) = try Self.read(bytes) else {
            Issue.record("not a read request")
            return
        }
        #expect(request.name == Array("pxe.0".utf8))
        #expect(request.mode == .octet)
        #expect(request.options.blockSize == 1_428)
        #expect(request.options.transferSize == 0)
        #expect(request.options.windowSize == 16)
        #expect(request.options.timeout == 3)
        #expect(try Self.read([0, 4, 1, 2]) == .acknowledgement(0x0102))
        #expect(try Self.read([0, 2, 65, 0]) == .write)
        #expect(try Self.read([0, 5, 0, 0, 0]) == .error)
    }

    /// Values that an option cannot have are as if it were not there (RFC 2347: "an option not acknowledged … must be ignored").
    @Test(
        arguments: [
            ("blksize", "7", nil), ("blksize", "8", 8), ("blksize", "65464", 65_464), ("blksize", "99999", 65_464),
            ("blksize", "-1", nil), ("blksize", "", nil), ("blksize", "1428x", nil), ("BlkSize", "512", 512),
            ("blksize2", "512", nil), ("blksize", "99999999999999999999999", nil),
        ] as [(String, String, Int?)])
    func blockSizes(name: String, value: String, expected: Int?) throws {
        guard case .read(let request) = try Self.read(Self.request("a", "octet", name, value)) else { return }
        #expect(request.options.blockSize == expected)
    }

    @Test(arguments: [
        [], [0], [0, 3, 0, 1], [0, 9], [0, 1], [0, 1, 65], [0, 1, 65, 0], [0, 1, 65, 0, 111], [0, 4, 1],
        request("a", "mail"), request("a", "octet", "blksize"), request("a", "octet") + [98],
    ])
    func refuses(bytes: [UInt8]) {
        #expect(throws: WireError.self) { try Self.read(bytes) }
    }

    @Test func writesReplies() {
        #expect(Self.bytes(.data(block: 0x0102, [7, 8])) == [0, 3, 1, 2, 7, 8])
        #expect(Self.bytes(.error(.notFound)) == [0, 5, 0, 1] + Array("no such file".utf8) + [0])
        var options = TFTPOptions()
        options.blockSize = 1_428
        options.transferSize = 70
        #expect(Self.bytes(.options(options)) == [0, 6] + Array("blksize\u{0}1428\u{0}tsize\u{0}70\u{0}".utf8))
    }

    @Test func takesWhatItCan() {
        var wish = TFTPOptions()
        wish.blockSize = 65_464
        wish.transferSize = 0
        wish.windowSize = 1_000
        let accepted = wish.accepted(mode: .octet, fileSize: 70, largestBlock: 1_468)
        #expect(accepted.blockSize == 1_468)
        #expect(accepted.transferSize == 70)
        #expect(accepted.windowSize == 64)
        #expect(accepted.timeout == nil)
        let text = wish.accepted(mode: .netascii, fileSize: 70, largestBlock: 1_468)
        #expect(text.transferSize == nil)
        #expect(text.windowSize == nil)
        #expect(TFTPOptions().accepted(mode: .octet, fileSize: 70, largestBlock: 1_468).isEmpty)
    }

    @Test(
        arguments: [
            ("pxelinux.0", "pxelinux.0"), ("/a/b", "a/b"), ("//a//./b", "a/b"), ("a\\b\\c", "a/b/c"),
            ("..a/b..", "..a/b.."),
            ("a b", "a b"), ("ä", "ä"),
            ("..", nil), ("a/../b", nil), ("/..", nil), ("a\\..\\..\\b", nil), ("", nil), ("/", nil), (".", nil),
            ("a\u{0}b", nil), ("a\nb", nil), (String(repeating: "a", count: 256), nil),
            (String(repeating: "a/", count: 600), nil),
        ] as [(String, String?)])
    func namesLeadNowhereElse(name: String, expected: String?) {
        #expect((try? BootPath(Array(name.utf8)))?.description == expected)
    }

    @Test func aNameIsUTF8() { #expect(throws: BootPath.Refusal.notPermitted) { try BootPath([0x61, 0xFF]) } }

    /// Whatever the size of the blocks, put together they are the text.
    @Test(arguments: 8...40) func textIsConverted(size: Int) {
        let file = Array("one\ntwo\r\n\n\r\rthree\n".utf8) + Array(repeating: UInt8(0x0A), count: 33)
        let text: [UInt8] = file.flatMap { octet -> [UInt8] in
            octet == 0x0A ? [0x0D, 0x0A] : octet == 0x0D ? [0x0D, 0] : [octet]
        }
        var encoder = Netascii()
        var written: [UInt8] = []
        while true {
            let block = encoder.block(of: size, from: file.dropFirst(Int(encoder.offset)).prefix(size))
            written += block
            guard block.count == size else { break }
        }
        #expect(written == text)
    }
}
