internal import Wire

/// What client and server agree on for one transfer; nil where a client does not ask (RFC 2347).
public struct TFTPOptions: Hashable, Sendable {
    /// How many octets a block has: 8 to 65,464 (RFC 2348).
    public var blockSize: Int?
    /// After how many seconds without an answer the server repeats itself: 1 to 255 (RFC 2349).
    public var timeout: Int?
    /// The size of the file in octets; 0 in a request (RFC 2349).
    public var transferSize: UInt64?
    /// How many blocks go out at once: 1 to 65,535 (RFC 7440).
    public var windowSize: Int?

    public init() {}

    public var isEmpty: Bool { self == Self() }

    /// Takes one option of a request; one that is not known, or has a value that it cannot have, is as if it were not there.
    mutating func set(_ name: [UInt8], _ value: [UInt8]) {
        guard (1...20).contains(value.count), let number = UInt64(String(decoding: value, as: UTF8.self)) else {
            return
        }
        switch String(decoding: name, as: UTF8.self).lowercased() {
        case "blksize" where number >= 8: blockSize = Int(min(number, 65_464))
        case "timeout" where (1...255).contains(number): timeout = Int(number)
        case "tsize": transferSize = number
        case "windowsize" where (1...65_535).contains(number): windowSize = Int(number)
        default: break
        }
    }

    func write(to writer: inout WireWriter) {
        let options: [(String, UInt64?)] = [
            ("blksize", blockSize.map(UInt64.init)), ("timeout", timeout.map(UInt64.init)),
            ("tsize", transferSize), ("windowsize", windowSize.map(UInt64.init)),
        ]
        for (name, value) in options {
            guard let value else { continue }
            writer.raw(name.utf8)
            writer.u8(0)
            writer.raw(String(value).utf8)
            writer.u8(0)
        }
    }

    /// What a server takes of what a client asks for.
    ///
    /// `largestBlock` is what fits a packet of the network, so that none is cut into fragments, which many boot ROMs cannot put
    /// together. A text has no size before it is converted, and no block that could be read twice, so that its blocks go out one
    /// by one.
    public func accepted(mode: TFTPReadRequest.Mode, fileSize: UInt64, largestBlock: Int) -> TFTPOptions {
        var accepted = self
        accepted.blockSize = blockSize.map { min($0, max(largestBlock, Self.leastBlock)) }
        accepted.transferSize = transferSize == nil || mode == .netascii ? nil : fileSize
        accepted.windowSize = mode == .netascii ? nil : windowSize.map { min($0, Self.largestWindow) }
        return accepted
    }

    /// The size of a block where a client does not ask for another (RFC 1350, section 2).
    public static let defaultBlock = 512
    private static let leastBlock = 8
    /// In blocks: as much as is in flight at once in a network of one hop.
    private static let largestWindow = 64
}
