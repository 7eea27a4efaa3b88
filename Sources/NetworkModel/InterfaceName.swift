/// The name of a network interface: 1 to 15 of `A-Z a-z 0-9 . _ -`, and neither `.` nor `..`.
///
/// Narrower than the kernel's `dev_valid_name()`, on purpose. A `"` would end a string in an nftables rule and a final `*`
/// is a wildcard there, so a value of this type can be put in a rule, a path or a log line as it is.
public struct InterfaceName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let description: String

    public init?(_ name: String) {
        guard (1...15).contains(name.utf8.count), name != ".", name != ".." else { return nil }
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard isPlain else { return nil }
        description = name
    }

    public static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}
