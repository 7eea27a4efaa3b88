internal import NetworkModel

/// The host's own name servers.
enum Resolvers {
    private static let path = "/etc/resolv.conf"
    /// What systemd-resolved asks itself, where resolv.conf names no more than its stub.
    private static let resolvedPath = "/run/systemd/resolve/resolv.conf"
    /// The stub of systemd-resolved, and the one that hands queries on as they are (systemd-resolved.service(8)).
    private static let stubs: Set<IPAddress> = [.v4(IPv4Address(0x7F00_0035)), .v4(IPv4Address(0x7F00_0036))]

    /// The servers of a resolv.conf(5) in their order; none where the text has none.
    static func parse(_ text: String) -> [ServiceConfiguration.DNS.Server] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, words[0] == "nameserver" else { return nil }
            // A link-local server stands with its zone, which this process could not use.
            return IPAddress(words[1]).map { .init(address: $0) }
        }
    }

    /// The servers to ask now, those that systemd-resolved asks in the place of its stub.
    ///
    /// The stub changes answers, so that a guest that checks signatures could not make use of them, and it asks guests'
    /// networks itself where they are registered with it.
    static func current(reading read: (String) -> String? = { text(of: $0) }) -> [ServiceConfiguration.DNS.Server] {
        let listed = parse(read(path) ?? "")
        guard listed.contains(where: { stubs.contains($0.address) }) else { return listed }
        let behind = parse(read(resolvedPath) ?? "")
        guard !behind.isEmpty else { return listed }
        return listed.flatMap { stubs.contains($0.address) ? behind : [$0] }
    }

    private static func text(of path: String) -> String? {
        (try? Files.read(path)).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) }
    }
}
