public import NetworkModel
public import Wire

extension DHCPv4Message {
    /// The options of one message, each code once, without the message type, which is ``DHCPv4Message/kind``.
    ///
    /// Parts of an option that was split are joined in the order they came (RFC 3396, section 7); an option longer than
    /// 255 octets is split again when it is written.
    public struct Options: Hashable, Sendable {
        /// In the order they are written; few enough that a search from the front is the fastest.
        private var entries: [Entry] = []

        private struct Entry: Hashable, Sendable {
            var code: OptionCode
            var value: [UInt8]
        }

        public init() {}

        public var isEmpty: Bool { entries.isEmpty }

        public subscript(code: OptionCode) -> [UInt8]? {
            get { entries.first { $0.code == code }?.value }
            set {
                let (index, isThere) = position(of: code)
                if isThere { entries.remove(at: index) }
                if let newValue { entries.insert(Entry(code: code, value: newValue), at: index) }
            }
        }

        /// Where the option is, or where it belongs.
        private func position(of code: OptionCode) -> (index: Int, isThere: Bool) {
            let index = entries.firstIndex { Self.rank($0.code) >= Self.rank(code) } ?? entries.count
            return (index, index < entries.count && entries[index].code == code)
        }

        // An option of the wrong length is taken as absent, so that one option in error does not silence a client.

        public func u8(_ code: OptionCode) -> UInt8? {
            guard let value = self[code], value.count == 1 else { return nil }
            return value[0]
        }

        public func u16(_ code: OptionCode) -> UInt16? {
            guard let value = self[code], value.count == 2 else { return nil }
            return UInt16(value[0]) << 8 | UInt16(value[1])
        }

        public func u32(_ code: OptionCode) -> UInt32? { address(code)?.value }

        public func address(_ code: OptionCode) -> IPv4Address? { self[code].flatMap { IPv4Address(octets: $0) } }

        public mutating func set(_ code: OptionCode, _ number: UInt16) {
            self[code] = [UInt8(number >> 8), UInt8(number & 0xFF)]
        }

        public mutating func set(_ code: OptionCode, _ number: UInt32) { self[code] = IPv4Address(number).octets }

        public mutating func set(_ code: OptionCode, _ address: IPv4Address) { self[code] = address.octets }

        public mutating func set(_ code: OptionCode, _ addresses: [IPv4Address]) {
            var writer = WireWriter(reserving: 4 * addresses.count)
            for address in addresses { writer.u32(address.value) }
            self[code] = writer.bytes
        }

        public mutating func set(_ code: OptionCode, text: String) { self[code] = Array(text.utf8) }

        /// Reads options up to the end option, or up to the end of `reader` where a client left the end option out, and
        /// joins them to those that are here already.
        public mutating func read(from reader: inout WireReader) throws(WireError) {
            while !reader.isAtEnd {
                let code = OptionCode(rawValue: try reader.u8())
                if code == .pad { continue }
                if code == .end { return }
                let length = Int(try reader.u8())
                let part = try reader.bytes(length)
                let (index, isThere) = position(of: code)
                if isThere { entries[index].value += part } else { self[code] = part }
            }
        }

        /// Writes the options and the end option.
        ///
        /// They go in ascending order of their code, so that equal options are equal bytes; but the message type and
        /// the server identifier come first, where simple boot ROMs look for them, and the relay agent's comes last of
        /// all (RFC 3046, section 2.1).
        public func write(to writer: inout WireWriter) {
            for entry in entries {
                var rest = entry.value[...]
                repeat {
                    let part = rest.prefix(255)
                    writer.u8(entry.code.rawValue)
                    writer.u8(UInt8(part.count))
                    writer.raw(part)
                    rest = rest.dropFirst(part.count)
                } while !rest.isEmpty
            }
            writer.u8(OptionCode.end.rawValue)
        }

        private static func rank(_ code: OptionCode) -> Int {
            switch code {
            case .messageType: -2
            case .serverIdentifier: -1
            case .relayAgent: 256
            default: Int(code.rawValue)
            }
        }
    }
}
