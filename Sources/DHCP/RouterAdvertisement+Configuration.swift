public import NetworkModel

extension RouterAdvertisement {
    /// What is advertised on a network; nil where it has no IPv6.
    public init?(of configuration: ServiceConfiguration) {
        guard let wish = configuration.advertisement else { return nil }
        self.init()
        if !wish.isRouter { routerLifetime = 0 }
        // RFC 4861, section 4.2: O says nothing where M is set, but some hosts look at it alone.
        isManaged = wish.isManaged
        hasOtherConfiguration = wish.hasOtherConfiguration
        sourceMAC = configuration.bridgeMAC
        mtu = wish.mtu
        prefixes = wish.prefixes.map { wished in
            var prefix = Prefix(wished.subnet)
            prefix.isAutonomous = wished.isAutonomous
            return prefix
        }
        nameServers = wish.nameServers
        searchDomains = wish.domain.map { [$0] } ?? []
    }

    /// The advertisement that ends this one: no default router, no name servers (RFC 4861, section 6.2.5; RFC 8106, section
    /// 5.1), and nothing said of the prefixes, whose addresses guests may go on to use among each other.
    public var last: Self {
        var last = self
        last.routerLifetime = 0
        last.nameServiceLifetime = 0
        last.prefixes = []
        return last
    }
}
