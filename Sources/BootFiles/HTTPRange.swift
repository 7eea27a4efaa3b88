/// A part of a file, as an HTTP client asks for it (RFC 9110, section 14.1.2).
public enum HTTPRange: Hashable, Sendable {
    /// From one octet to another one; to the end where it is nil.
    case from(UInt64, to: UInt64?)
    /// As many octets as there are, but not more than these, before the end.
    case last(UInt64)

    /// Reads the field `Range`; nil for other units than octets, several ranges at once, and what is no range: all of these a
    /// server may answer with the whole file (RFC 9110, section 14.2).
    init?(_ text: String) {
        guard let equals = text.firstIndex(of: "="), text[..<equals].lowercased() == "bytes" else { return nil }
        let bounds = text[text.index(after: equals)...].split(
            separator: "-", maxSplits: 1, omittingEmptySubsequences: false
        ).map { $0.filter { $0 != " " } }
        guard bounds.count == 2, bounds.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return nil
        }
        switch (UInt64(bounds[0]), UInt64(bounds[1])) {
        case (let first?, let last?) where first <= last: self = .from(first, to: last)
        case (let first?, nil) where bounds[1].isEmpty: self = .from(first, to: nil)
        case (nil, let count?) where bounds[0].isEmpty: self = .last(count)
        default: return nil
        }
    }

    /// The octets of a file of `size` octets; nil where it has none of them.
    func octets(of size: UInt64) -> Range<UInt64>? {
        switch self {
        case .from(let first, let last):
            guard first < size else { return nil }
            return first..<min(size, last.map { $0 == .max ? .max : $0 + 1 } ?? size)
        case .last(let count):
            guard count > 0, size > 0 else { return nil }
            return size - min(size, count)..<size
        }
    }
}
