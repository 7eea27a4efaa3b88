/// The form a domain name has on the wire, without compression (RFC 1035, section 3.1).
enum DomainName {
    /// Labels with their lengths and the root, or nil where a label has not 1 to 63 octets or the whole more than 255.
    ///
    /// A final dot may be there or not.
    static func encoded(_ name: String) -> [UInt8]? {
        var labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if labels.last?.isEmpty == true { labels.removeLast() }
        guard !labels.isEmpty, labels.allSatisfy({ (1...63).contains($0.count) }) else { return nil }
        let octets: [UInt8] = labels.reduce(into: []) { $0 += [UInt8($1.count)] + Array($1) } + [0]
        return octets.count <= 255 ? octets : nil
    }
}
