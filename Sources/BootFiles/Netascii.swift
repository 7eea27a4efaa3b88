/// Turns a file into the text that goes over the wire, a block at a time (RFC 1350, section 2; RFC 764).
public struct Netascii: Sendable {
    /// Where in the file the next block begins.
    public private(set) var offset: UInt64 = 0
    /// The second octet of a pair whose first was the last of a block.
    private var rest: UInt8?

    public init() {}

    /// The next block of `size` octets from the file's octets at ``offset``, of which there must be as many or those up to the
    /// end; shorter only at the end of the file.
    public mutating func block(of size: Int, from octets: some Sequence<UInt8>) -> [UInt8] {
        var block = rest.map { [$0] } ?? []
        rest = nil
        for octet in octets where block.count < size {
            offset += 1
            switch octet {
            case 0x0A: append(0x0D, 0x0A)
            case 0x0D: append(0x0D, 0x00)
            default: block.append(octet)
            }
        }
        return block

        func append(_ first: UInt8, _ second: UInt8) {
            block.append(first)
            if block.count < size { block.append(second) } else { rest = second }
        }
    }
}
