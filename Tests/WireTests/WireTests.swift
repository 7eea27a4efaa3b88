import TestSupport
import Testing
import Wire

@Suite struct WireTests {
    @Test func readsBigEndianAndNamesTheOffset() throws {
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
        var reader = WireReader(bytes.span)
        #expect(try reader.u8() == 1)
        #expect(try reader.u16() == 0x0203)
        #expect(try reader.u32() == 0x0405_0607)
        let error = #expect(throws: WireError.self) { try Self.read(bytes, skipping: 6) }
        #expect(error == .truncated(offset: 6, needed: 2, available: 1))
    }

    private static func read(_ bytes: [UInt8], skipping count: Int) throws(WireError) -> UInt16 {
        var reader = WireReader(bytes.span)
        try reader.skip(count)
        return try reader.u16()
    }

    /// A slice ends where it ends, whatever stands behind it, and counts from the whole message.
    @Test func slicesCannotReadBeyondThemselves() throws {
        let bytes: [UInt8] = [9, 9, 1, 2, 9, 9]
        let error = #expect(throws: WireError.self) {
            var reader = WireReader(bytes.span)
            try reader.skip(2)
            var slice = try reader.slice(2)
            try slice.skip(1)
            _ = try slice.u16()
        }
        #expect(error == .truncated(offset: 3, needed: 2, available: 1))
    }

    @Test func lengthsAreCountedByWriting() {
        var writer = WireWriter()
        writer.u8(7)
        writer.lengthPrefixed { writer in writer.raw([1, 2, 3]) }
        #expect(writer.bytes == [7, 0, 3, 1, 2, 3])
    }
}
