extension ServiceConfiguration {
    /// Files that guests may read, by TFTP and by HTTP.
    public struct BootFiles: Hashable, Sendable, Codable {
        /// Where on the host, and at which address of the bridge.
        public var folders: [Folder]
        /// The longest packet of the network, in octets.
        public var mtu: Int
        /// Where HTTP listens; nil where TFTP alone gives them out.
        public var httpPort: UInt16?

        public struct Folder: Hashable, Sendable, Codable {
            public var address: IPAddress
            public var root: String

            public init(address: IPAddress, root: String) {
                self.address = address
                self.root = root
            }
        }

        /// Nil where no `<ip>` of the definition has `<tftp>`, and no `tftp-root` of dnsmasq's stands in it.
        ///
        /// An address without one, as those of IPv6 always are, gives out the first folder.
        init?(of definition: NetworkDefinition) {
            guard let first = definition.bootRoots.first else { return nil }
            folders = definition.ips.filter { !$0.address.isLinkLocal }.map {
                Folder(address: $0.address, root: $0.tftpRoot ?? first)
            }
            mtu = definition.mtu.map { Int($0) } ?? 1_500
            httpPort = definition.extensions.httpBootPort
        }
    }
}

extension NetworkDefinition {
    /// The folders that files to start from are in.
    public var bootRoots: [String] {
        let own = ips.compactMap(\.tftpRoot)
        guard own.isEmpty else { return own }
        return [DnsmasqOptions(dnsmasqOptions, address: .any).tftpRoot].compactMap(\.self)
    }

    /// Where firmware that fetches by HTTP finds a file that is at one of the bridge's addresses; nil where nobody gives it out.
    func bootURL(of file: String, at address: IPAddress) -> String? {
        guard let port = extensions.httpBootPort, !bootRoots.isEmpty else { return nil }
        let host = address.family == .ipv6 ? "[\(address)]" : "\(address)"
        return "http://\(host)\(port == 80 ? "" : ":\(port)")/\(file.drop { $0 == "/" })"
    }
}
