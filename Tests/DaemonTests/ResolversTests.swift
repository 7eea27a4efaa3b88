import NetworkModel
import TestSupport
import Testing

@testable import Daemon

@Suite struct ResolversTests {
    static let behind = "nameserver 192.0.2.53\nnameserver 2001:db8::53\n"

    @Test(
        arguments: [
            // resolv.conf(5): words, comments, and what is no address
            ("# one\n; two\nnameserver 9.9.9.9\nsearch lab\nnameserver\nnameserver x\n", nil, ["9.9.9.9"]),
            ("nameserver 127.0.0.1\r\nnameserver 2620:fe::fe extra\n", nil, ["127.0.0.1", "2620:fe::fe"]),
            ("", behind, []),
            // systemd-resolved's stub stands for those that it asks itself
            ("nameserver 127.0.0.53\noptions edns0 trust-ad\n", behind, ["192.0.2.53", "2001:db8::53"]),
            ("nameserver 9.9.9.9\nnameserver 127.0.0.54\n", behind, ["9.9.9.9", "192.0.2.53", "2001:db8::53"]),
            // without any, it is better than nobody
            ("nameserver 127.0.0.53\n", nil, ["127.0.0.53"]),
            ("nameserver 127.0.0.53\n", "# No DNS servers known.\n", ["127.0.0.53"]),
        ] as [(String, String?, [IPAddress])])
    func knowsTheHostsServers(own: String, resolved: String?, expected: [IPAddress]) {
        let files = ["/etc/resolv.conf": own, "/run/systemd/resolve/resolv.conf": resolved]
        #expect(Resolvers.current { files[$0] ?? nil }.map(\.address) == expected)
    }
}
