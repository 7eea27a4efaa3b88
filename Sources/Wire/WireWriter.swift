/// Appends big-endian fields to a message.
///
/// The one way to learn a message's length is to write it: there is no second function that predicts the length and can
/// disagree. A length that stands before its content is written last, by ``lengthPrefixed(_:)``.
public struct WireWriter: Sendable {
    @usableFromInline var written: [UInt8] = []
    @inlinable public var bytes: [UInt8] { written }

    @inlinable public init(reserving capacity: Int = 0) { written.reserveCapacity(capacity) }

    @inlinable public var count: Int { written.count }

    @inlinable public mutating func u8(_ value: UInt8) { written.append(value) }
    @inlinable public mutating func u16(_ value: UInt16) { fixedWidth(value) }
    @inlinable public mutating func u32(_ value: UInt32) { fixedWidth(value) }
    @inlinable public mutating func u64(_ value: UInt64) { fixedWidth(value) }

    @inlinable mutating func fixedWidth<Value: FixedWidthInteger>(_ value: Value) {
        written.append(addingCapacity: Value.bitWidth / 8) { output in
            for shift in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
                output.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
    }
    /// Writes over two octets that were written before, such as a checksum or a count that is known only now.
    @inlinable public mutating func patch16(at offset: Int, _ value: UInt16) {
        written[offset] = UInt8(truncatingIfNeeded: value >> 8)
        written[offset + 1] = UInt8(truncatingIfNeeded: value)
    }
    /// Writes over four octets that were written before.
    @inlinable public mutating func patch32(at offset: Int, _ value: UInt32) {
        patch16(at: offset, UInt16(truncatingIfNeeded: value >> 16))
        patch16(at: offset + 2, UInt16(truncatingIfNeeded: value))
    }
    @inlinable public mutating func raw(_ content: some Sequence<UInt8>) { written.append(contentsOf: content) }
    @inlinable public mutating func raw(_ content: Span<UInt8>) {
        written.append(addingCapacity: content.count) { output in
            for index in content.indices { output.append(content[index]) }
        }
    }
    /// Begins a new message in the memory of the last.
    @inlinable public mutating func removeAll() { written.removeAll(keepingCapacity: true) }
    /// Takes back what was written behind the first `count` octets.
    @inlinable public mutating func removeAll(behind count: Int) { written.removeSubrange(count...) }
    @inlinable public mutating func pad(toCount count: Int) {
        guard count > written.count else { return }
        written.append(contentsOf: repeatElement(0, count: count - written.count))
    }

    /// Writes what `body` writes, at most 65,535 octets, preceded by its length as two octets.
    @inlinable public mutating func lengthPrefixed<E>(_ body: (inout WireWriter) throws(E) -> Void) throws(E) {
        let start = written.count
        u16(0)
        try body(&self)
        patch16(at: start, UInt16(written.count - start - 2))
    }
}
