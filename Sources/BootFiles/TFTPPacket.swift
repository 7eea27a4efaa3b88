public import Wire

/// What a TFTP client sends (RFC 1350, section 5; RFC 2347).
public enum TFTPRequest: Hashable, Sendable {
    case read(TFTPReadRequest)
    /// The client wants to write a file; nothing else of it matters here.
    case write
    case acknowledgement(UInt16)
    /// The client gives up; its words are for nobody.
    case error

    /// Reads the payload of a UDP datagram, that is `bytes` to their end.
    public init(reading bytes: Span<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        switch try reader.u16() {
        case 1: self = .read(try TFTPReadRequest(reading: &reader))
        case 2: self = .write
        case 4: self = .acknowledgement(try reader.u16())
        case 5: self = .error
        default: throw .malformed(offset: 0, field: "opcode")
        }
    }
}

/// A client wants to have a file.
public struct TFTPReadRequest: Hashable, Sendable {
    /// How the octets of the file are to be sent.
    public enum Mode: Hashable, Sendable {
        /// As they are.
        case octet
        /// As text for a terminal (RFC 764): the end of a line is CR and LF.
        case netascii
    }

    /// As the client writes it.
    public var name: [UInt8]
    public var mode: Mode
    public var options = TFTPOptions()

    init(reading reader: inout WireReader) throws(WireError) {
        name = try reader.terminated("filename")
        let offset = reader.offset
        switch String(decoding: try reader.terminated("mode"), as: UTF8.self).lowercased() {
        case "octet": mode = .octet
        case "netascii": mode = .netascii
        default: throw .malformed(offset: offset, field: "mode")
        }
        while !reader.isAtEnd {
            let option = try reader.terminated("option")
            options.set(option, try reader.terminated("value"))
        }
    }
}

/// What a TFTP server sends.
public enum TFTPReply: Hashable, Sendable {
    /// At most as many octets as a block has; fewer in the last one, be it none.
    case data(block: UInt16, [UInt8])
    case error(TFTPError)
    /// The options that the server takes, by which the transfer goes on (RFC 2347).
    case options(TFTPOptions)

    public func write(to writer: inout WireWriter) {
        switch self {
        case .data(let block, let content):
            writer.u16(3)
            writer.u16(block)
            writer.raw(content)
        case .error(let error):
            writer.u16(5)
            writer.u16(error.code)
            writer.raw(error.words.utf8)
            writer.u8(0)
        case .options(let options):
            writer.u16(6)
            options.write(to: &writer)
        }
    }
}

/// Why a client gets no file, as it is told (RFC 1350, appendix).
public enum TFTPError: Error, Hashable, Sendable {
    case notFound
    case notPermitted
    case writing
    case malformed
    case busy
    /// The file has changed while it was sent.
    case changed
    case badOptions

    var code: UInt16 {
        switch self {
        case .busy, .changed: 0
        case .notFound: 1
        case .notPermitted, .writing: 2
        case .malformed: 4
        case .badOptions: 8
        }
    }

    var words: String {
        switch self {
        case .notFound: "no such file"
        case .notPermitted: "not for you"
        case .writing: "nothing can be written here"
        case .malformed: "not a request"
        case .busy: "too many transfers, try again later"
        case .changed: "the file has changed"
        case .badOptions: "options that cannot be"
        }
    }
}

extension WireReader {
    /// Octets up to a zero, which is passed over.
    fileprivate mutating func terminated(_ field: String) throws(WireError) -> [UInt8] {
        let start = offset
        var octets: [UInt8] = []
        while !isAtEnd {
            let octet = try u8()
            if octet == 0 { return octets }
            octets.append(octet)
        }
        throw .malformed(offset: start, field: field)
    }
}
