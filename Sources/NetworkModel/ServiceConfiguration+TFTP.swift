extension ServiceConfiguration {
    /// Files that guests may read by TFTP.
    public struct TFTP: Hashable, Sendable, Codable {
        /// Where on the host, and at which address of the bridge.
        public var folders: [Folder]
        /// The longest packet of the network, in octets.
        public var mtu: Int

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
            let roots = definition.ips.compactMap(\.tftpRoot)
            guard let first = roots.first ?? DnsmasqOptions(definition.dnsmasqOptions, address: .any).tftpRoot else {
                return nil
            }
            folders = definition.ips.filter { !$0.address.isLinkLocal }.map {
                Folder(address: $0.address, root: $0.tftpRoot ?? first)
            }
            mtu = definition.mtu.map { Int($0) } ?? 1_500
        }
    }
}
