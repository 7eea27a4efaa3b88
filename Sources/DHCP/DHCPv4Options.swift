public import NetworkModel
public import Wire

extension DHCPv4Message {
    /// The options of one message, each code once, without the message type, which is ``DHCPv4Message/kind``.
    ///
    /// Parts of an option that was split are joined in the order they came (RFC 3396, section 7); an option longer than
    /// 255 octets is split again when it is written.
    public struct Options: Hashable, Sendable {
        /// As on the wire, in the order they are written, without the end option: one array instead of one for each option
        /// spares a message most of its memory allocations, and few enough that a search from the front is the fastest.
        private var octets: [UInt8] = []

        public init() {}

        public var isEmpty: Bool { octets.isEmpty }

        public subscript(code: OptionCode) -> [UInt8]? {
            get { value(code).map { Array($0) } }
            set {
                if let newValue { set(code, newValue) } else { remove(code) }
            }
        }

        public func contains(_ code: OptionCode) -> Bool { !place(of: code).isEmpty }

        /// The option's value; copied only where it is longer than 255 octets.
        public func value(_ code: OptionCode) -> ArraySlice<UInt8>? {
            let place = place(of: code)
            guard !place.isEmpty else { return nil }
            let firstEnd = partEnd(place.lowerBound)
            guard firstEnd < place.upperBound else { return octets[place.lowerBound + 2..<firstEnd] }
            var value: [UInt8] = []
            var start = place.lowerBound
            while start < place.upperBound {
                let end = partEnd(start)
                value += octets[start + 2..<end]
                start = end
            }
            return value[...]
        }

        public mutating func set(_ code: OptionCode, _ value: some Collection<UInt8>) {
            remove(code)
            let place = place(of: code).lowerBound
            guard place < octets.count else { return append(code, value) }
            var part = Self()
            part.append(code, value)
            octets.insert(contentsOf: part.octets, at: place)
        }

        private mutating func append(_ code: OptionCode, _ value: some Collection<UInt8>) {
            var rest = value[...]
            repeat {
                let part = rest.prefix(255)
                octets.append(code.rawValue)
                octets.append(UInt8(part.count))
                octets.append(contentsOf: part)
                rest = rest.dropFirst(part.count)
            } while !rest.isEmpty
        }

        private mutating func remove(_ code: OptionCode) {
            let place = place(of: code)
            if !place.isEmpty { octets.removeSubrange(place) }
        }

        /// All parts of the option; empty, and where it belongs, where it is absent.
        private func place(of code: OptionCode) -> Range<Int> {
            let rank = Self.rank(code)
            var start = 0
            while start < octets.count, Self.rank(OptionCode(rawValue: octets[start])) < rank { start = partEnd(start) }
            var end = start
            while end < octets.count, octets[end] == code.rawValue { end = partEnd(end) }
            return start..<end
        }

        /// Where the part ends that begins at `start`.
        private func partEnd(_ start: Int) -> Int { start + 2 + Int(octets[start + 1]) }

        // An option of the wrong length is taken as absent, so that one option in error does not silence a client.

        public func u8(_ code: OptionCode) -> UInt8? {
            guard let value = value(code), value.count == 1 else { return nil }
            return value.first
        }

        public func u16(_ code: OptionCode) -> UInt16? {
            guard let value = value(code), value.count == 2 else { return nil }
            return UInt16(value[value.startIndex]) << 8 | UInt16(value[value.startIndex + 1])
        }

        public func u32(_ code: OptionCode) -> UInt32? { address(code)?.value }

        public func address(_ code: OptionCode) -> IPv4Address? { value(code).flatMap { IPv4Address(octets: $0) } }

        public mutating func set(_ code: OptionCode, _ number: UInt16) { set(code, NetworkOrder(number: number)) }

        public mutating func set(_ code: OptionCode, _ number: UInt32) { set(code, NetworkOrder(number: number)) }

        public mutating func set(_ code: OptionCode, _ address: IPv4Address) { set(code, address.value) }

        public mutating func set(_ code: OptionCode, _ addresses: [IPv4Address]) {
            var writer = WireWriter(reserving: 4 * addresses.count)
            for address in addresses { writer.u32(address.value) }
            set(code, writer.bytes)
        }

        public mutating func set(_ code: OptionCode, text: String) { set(code, text.utf8) }

        /// Reads options up to the end option, or up to the end of `reader` where a client left the end option out, and
        /// joins them to those that are here already.
        public mutating func read(from reader: inout WireReader) throws(WireError) {
            octets.reserveCapacity(octets.count + reader.remaining)
            while !reader.isAtEnd {
                let code = OptionCode(rawValue: try reader.u8())
                if code == .pad { continue }
                if code == .end { return }
                var part = try reader.slice(Int(try reader.u8()))
                let place = place(of: code)
                if place.isEmpty, place.lowerBound == octets.count {
                    octets.append(code.rawValue)
                    octets.append(UInt8(part.remaining))
                    part.rest(appendedTo: &octets)
                } else {
                    set(code, (value(code) ?? []) + part.rest())
                }
            }
        }

        /// Writes the options and the end option.
        ///
        /// They go in ascending order of their code, so that equal options are equal bytes; but the message type and
        /// the server identifier come first, where simple boot ROMs look for them, and the relay agent's comes last of
        /// all (RFC 3046, section 2.1).
        public func write(to writer: inout WireWriter) {
            writer.raw(octets)
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

/// The octets of a number in the order they are sent.
private struct NetworkOrder<Number: FixedWidthInteger>: RandomAccessCollection {
    let number: Number

    var startIndex: Int { 0 }
    var endIndex: Int { Number.bitWidth / 8 }

    subscript(index: Int) -> UInt8 { UInt8(truncatingIfNeeded: number >> (8 * (endIndex - 1 - index))) }
}
