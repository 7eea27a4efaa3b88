public import NetworkModel
public import Wire

/// A value as XDR writes it (RFC 4506): big-endian, in units of four octets.
public protocol XDRCodable: Sendable {
    /// Reads a value.
    ///
    /// - Throws: What is missing or out of bounds; nothing is allocated for what is not there.
    init(reading reader: inout WireReader) throws(WireError)

    /// Writes the value.
    ///
    /// - Throws: That the value is longer than the protocol lets it be.
    func write(to writer: inout WireWriter) throws(XDRLimitError)
}

/// A value that is longer than libvirt's protocol lets it be.
public struct XDRLimitError: Error, Hashable, CustomStringConvertible {
    public let count: Int
    public let limit: Int

    public var description: String { "\(count) of at most \(limit) are to be written" }
}

extension Int32: XDRCodable {
    public init(reading reader: inout WireReader) throws(WireError) { self.init(bitPattern: try reader.u32()) }
    public func write(to writer: inout WireWriter) { writer.u32(UInt32(bitPattern: self)) }
}

extension UInt32: XDRCodable {
    public init(reading reader: inout WireReader) throws(WireError) { self = try reader.u32() }
    public func write(to writer: inout WireWriter) { writer.u32(self) }
}

extension Int64: XDRCodable {
    public init(reading reader: inout WireReader) throws(WireError) { self.init(bitPattern: try reader.u64()) }
    public func write(to writer: inout WireWriter) { writer.u64(UInt64(bitPattern: self)) }
}

extension UInt64: XDRCodable {
    public init(reading reader: inout WireReader) throws(WireError) { self = try reader.u64() }
    public func write(to writer: inout WireWriter) { writer.u64(self) }
}

extension String: XDRCodable {
    /// libvirt's limit of a string, in octets (`REMOTE_STRING_MAX`).
    public static let xdrLimit = 4_194_304

    /// Reads text; octets that are no UTF-8, or a NUL, which no C string holds, are malformed.
    public init(reading reader: inout WireReader) throws(WireError) {
        let start = reader.offset
        let count = Int(try reader.u32())
        guard count <= Self.xdrLimit else { throw .malformed(offset: start, field: "string length") }
        let bytes = try reader.bytes(count)
        try reader.skip(count.padding)
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw .malformed(offset: start + 4, field: "string")
        }
        self = text
    }

    public func write(to writer: inout WireWriter) throws(XDRLimitError) {
        let count = utf8.count
        guard count <= Self.xdrLimit else { throw XDRLimitError(count: count, limit: Self.xdrLimit) }
        writer.u32(UInt32(count))
        writer.raw(utf8)
        for _ in 0..<count.padding { writer.u8(0) }
    }
}

extension Int {
    /// How many octets fill up the last unit of four.
    fileprivate var padding: Int { (4 - self % 4) % 4 }
}

extension NetworkUUID: XDRCodable {
    public init(reading reader: inout WireReader) throws(WireError) {
        self.init(UInt128(try reader.u64()) << 64 | UInt128(try reader.u64()))
    }

    public func write(to writer: inout WireWriter) {
        writer.u64(UInt64(truncatingIfNeeded: value >> 64))
        writer.u64(UInt64(truncatingIfNeeded: value))
    }
}

extension Optional: XDRCodable where Wrapped: XDRCodable {
    /// Whatever is not 0 is there, as for libvirt: go-libvirt's word for true is 01 00 00 00.
    public init(reading reader: inout WireReader) throws(WireError) {
        self = try reader.u32() == 0 ? nil : Wrapped(reading: &reader)
    }

    public func write(to writer: inout WireWriter) throws(XDRLimitError) {
        writer.u32(self == nil ? 0 : 1)
        try self?.write(to: &writer)
    }
}

/// A list of at most `limit` elements, with their number before them.
public struct XDRList<let limit: Int, Element: XDRCodable>: XDRCodable {
    public var elements: [Element]

    public init(_ elements: [Element]) { self.elements = elements }

    public init(reading reader: inout WireReader) throws(WireError) {
        let start = reader.offset
        let count = Int(try reader.u32())
        guard count <= limit else { throw .malformed(offset: start, field: "list length") }
        elements = []
        // An element has four octets at least, so a count that promises more than there is reserves nothing.
        elements.reserveCapacity(min(count, reader.remaining / 4))
        for _ in 0..<count { elements.append(try Element(reading: &reader)) }
    }

    public func write(to writer: inout WireWriter) throws(XDRLimitError) {
        guard elements.count <= limit else { throw XDRLimitError(count: elements.count, limit: limit) }
        writer.u32(UInt32(elements.count))
        for element in elements { try element.write(to: &writer) }
    }
}

extension XDRList: Equatable where Element: Equatable {}

/// No value, which takes no octets.
public struct Nothing: XDRCodable, Hashable {
    public init() {}
    public init(reading _: inout WireReader) throws(WireError) {}
    public func write(to _: inout WireWriter) {}
}
