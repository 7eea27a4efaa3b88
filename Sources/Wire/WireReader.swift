/// Why bytes from the network could not be read.
public enum WireError: Error, Hashable {
    /// `needed` bytes were to be read at `offset`, and only `available` were left.
    case truncated(offset: Int, needed: Int, available: Int)
    /// The bytes at `offset` are not a value of `field`, named as its RFC names it.
    case malformed(offset: Int, field: String)
}

/// Reads big-endian fields from bytes it does not own, front to back.
///
/// Every read checks its bounds and throws ``WireError/truncated(offset:needed:available:)``; none traps, so a reader may be
/// pointed at anything a guest sends. A reader cannot outlive the bytes: the compiler rejects that.
public struct WireReader: ~Escapable {
    @usableFromInline let bytes: Span<UInt8>
    /// Where in the whole message `bytes` begins, so that an error in a nested option names an offset a packet dump shows.
    @usableFromInline let base: Int
    @usableFromInline var position = 0

    @inlinable @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>, base: Int = 0) {
        self.bytes = bytes
        self.base = base
    }

    @inlinable public var offset: Int { base + position }
    @inlinable public var remaining: Int { bytes.count - position }
    @inlinable public var isAtEnd: Bool { remaining == 0 }

    @inlinable public mutating func u8() throws(WireError) -> UInt8 {
        try require(1)
        defer { position += 1 }
        return bytes[position]
    }

    @inlinable public mutating func u16() throws(WireError) -> UInt16 {
        try require(2)
        defer { position += 2 }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    @inlinable public mutating func u32() throws(WireError) -> UInt32 {
        try require(4)
        defer { position += 4 }
        return UInt32(bytes[position]) << 24 | UInt32(bytes[position + 1]) << 16
            | UInt32(bytes[position + 2]) << 8 | UInt32(bytes[position + 3])
    }

    @inlinable public mutating func u64() throws(WireError) -> UInt64 {
        try require(8)
        return UInt64(try u32()) << 32 | UInt64(try u32())
    }

    @inlinable public mutating func skip(_ count: Int) throws(WireError) {
        try require(count)
        position += count
    }

    /// A reader of the next `count` bytes alone; this reader moves past them.
    @inlinable @_lifetime(copy self)
    public mutating func slice(_ count: Int) throws(WireError) -> WireReader {
        try require(count)
        defer { position += count }
        return WireReader(bytes.extracting(position..<position + count), base: base + position)
    }

    /// The next `count` bytes, copied.
    @inlinable public mutating func bytes(_ count: Int) throws(WireError) -> [UInt8] {
        var part = try slice(count)
        return part.rest()
    }

    /// Moves to `offset` in these bytes, counted from their first.
    @inlinable public mutating func seek(to offset: Int) throws(WireError) {
        guard (0...bytes.count).contains(offset) else {
            throw .truncated(offset: base + offset, needed: 0, available: bytes.count - offset)
        }
        position = offset
    }

    /// The bytes not read yet, copied.
    @inlinable public mutating func rest() -> [UInt8] {
        var copy: [UInt8] = []
        rest(appendedTo: &copy)
        return copy
    }

    /// Appends a copy of the bytes not read yet.
    @inlinable public mutating func rest(appendedTo array: inout [UInt8]) {
        defer { position = bytes.count }
        Self.append(bytes.extracting(position..<bytes.count), to: &array)
    }

    /// The bytes not read yet up to the first that is zero, or to the end, copied.
    @inlinable public mutating func terminated() -> [UInt8] {
        defer { position = bytes.count }
        var end = position
        while end < bytes.count, bytes[end] != 0 { end += 1 }
        var copy: [UInt8] = []
        Self.append(bytes.extracting(position..<end), to: &copy)
        return copy
    }

    @inlinable static func append(_ part: Span<UInt8>, to array: inout [UInt8]) {
        guard part.count > 0 else { return }
        array.append(addingCapacity: part.count) { output in
            for index in part.indices { output.append(part[index]) }
        }
    }

    @inlinable func require(_ count: Int) throws(WireError) {
        guard count >= 0, count <= remaining else {
            throw .truncated(offset: offset, needed: count, available: remaining)
        }
    }
}
