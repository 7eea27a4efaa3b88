internal import NetworkModel

/// The host's own name servers.
enum Resolvers {
    static let path = "/etc/resolv.conf"

    /// The servers of a resolv.conf(5) in their order; none where the text has none.
    static func parse(_ text: String) -> [ServiceConfiguration.DNS.Server] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, words[0] == "nameserver" else { return nil }
            // A link-local server stands with its zone, which this process could not use.
            return IPAddress(words[1]).map { .init(address: $0) }
        }
    }

    static func current() -> [ServiceConfiguration.DNS.Server] {
        guard let content = try? Files.read(path) else { return [] }
        return parse(String(decoding: content, as: UTF8.self))
    }
}
