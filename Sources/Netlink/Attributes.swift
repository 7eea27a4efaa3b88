/// The attributes of a netlink message or of one of its nested attributes, by number (linux/netlink.h).
///
/// Numbers in them are in host byte order.
struct Attributes {
    private var values: [UInt16: ArraySlice<UInt8>] = [:]

    /// Reads attributes up to the end or to the first that is damaged.
    init(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while rest.count >= 4 {
            let length = Int(rest.hostInteger(at: 0, as: UInt16.self))
            // The two highest bits say "nested" and "network byte order".
            let type = rest.hostInteger(at: 2, as: UInt16.self) & 0x3FFF
            guard length >= 4, length <= rest.count else { return }
            values[type] = rest.dropFirst(4).prefix(length - 4)
            rest = rest.dropFirst((length + 3) & ~3)
        }
    }

    /// The content of every attribute of one number, of which a list may hold several.
    static func all(_ type: Int, in bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var found: [ArraySlice<UInt8>] = []
        var rest = bytes
        while rest.count >= 4 {
            let length = Int(rest.hostInteger(at: 0, as: UInt16.self))
            guard length >= 4, length <= rest.count else { break }
            if rest.hostInteger(at: 2, as: UInt16.self) & 0x3FFF == UInt16(type) {
                found.append(rest.dropFirst(4).prefix(length - 4))
            }
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return found
    }

    func bytes(_ type: Int) -> [UInt8]? { values[UInt16(type)].map { [UInt8]($0) } }
    func nested(_ type: Int) -> Self? { values[UInt16(type)].map { Self($0) } }
    func integer<T: FixedWidthInteger>(_ type: Int, as: T.Type) -> T? {
        values[UInt16(type)].flatMap { $0.count >= T.bitWidth / 8 ? $0.hostInteger(at: 0, as: T.self) : nil }
    }
    func string(_ type: Int) -> String? {
        values[UInt16(type)].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension ArraySlice<UInt8> {
    /// The integer in host byte order that begins `offset` octets from the start; the caller has checked that it is there.
    func hostInteger<T: FixedWidthInteger>(at offset: Int, as: T.Type) -> T {
        var value: T = 0
        for index in (0..<T.bitWidth / 8).reversed() {
            value = value << 8 | T(truncatingIfNeeded: self[startIndex + offset + index])
        }
        return T(littleEndian: value)
    }
}
